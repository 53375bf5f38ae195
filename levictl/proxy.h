// `levictl proxy …`: drives a levi-proxy, or a Toxiproxy, with toxiproxy-cli's arguments and texts;
// `levictl proxy serve` is one itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace levi::cli {

struct ProxyCall {
  std::string host;  // URL; TOXIPROXY_URL, else http://localhost:8474
  std::string name;  // of the proxy
  std::string listen;
  std::string upstream;
  std::string toxic;
  std::string type;
  std::vector<std::string> attributes;  // key=value
  std::optional<double> toxicity;
  bool on_upstream = false;
  bool on_downstream = false;
  std::int64_t for_ms = 0;
  std::int64_t after_ms = 0;
  std::string tag;
};

int proxy_list(const ProxyCall& call);
int proxy_inspect(const ProxyCall& call);
int proxy_create(const ProxyCall& call);
int proxy_toggle(const ProxyCall& call);
int proxy_delete(const ProxyCall& call);
int proxy_toxic_add(const ProxyCall& call);
int proxy_toxic_update(const ProxyCall& call);
int proxy_toxic_remove(const ProxyCall& call);  // by name, or all of a tag
int proxy_serve(const std::vector<std::string>& arguments);

// Adds `proxy` and its subcommands to the parser; `code` receives the exit code of the one that
// ran.
void add_proxy_commands(CLI::App& app, int& code);

}  // namespace levi::cli
