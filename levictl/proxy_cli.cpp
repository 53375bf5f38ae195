// The command line of `levictl proxy`: toxiproxy-cli's commands, aliases and flags.
#include <CLI/CLI.hpp>
#include <memory>

#include "levictl/proxy.h"
#include "levictl/rate.h"

namespace levi::cli {
namespace {

using Call = std::shared_ptr<ProxyCall>;
using Action = int (*)(const ProxyCall&);

// "-h" is the host, as in toxiproxy-cli.
void add_host(CLI::App* command, const Call& call) {
  command->set_help_flag("--help", "print this help");
  command->add_option("-h,--host", call->host,
                      "URL of the proxy's API (TOXIPROXY_URL; default http://localhost:8474)");
}

CLI::App* add(CLI::App* parent, const Call& call, int& code, const char* name, const char* help,
              const std::vector<const char*>& aliases, Action action, const char* example) {
  CLI::App* const command = parent->add_subcommand(name, help);
  command->footer(std::string("Example: levictl proxy ") + example);
  for (const char* const alias : aliases) command->alias(alias);
  add_host(command, call);
  command->callback([call, &code, action] { code = action(*call); });
  return command;
}

void add_name(CLI::App* command, const Call& call) {
  command->add_option("name", call->name, "the proxy")->required();
}

void add_attributes(CLI::App* command, const Call& call) {
  command->add_option("-a,--attribute", call->attributes, "key=value; may be repeated")
      ->allow_extra_args(false);
  command
      ->add_option_function<double>(
          "--tox,--toxicity", [call](double value) { call->toxicity = value; },
          "share of the connections that it afflicts")
      ->check(is_rate());
}

void add_toxic_commands(CLI::App* proxy, const Call& call, int& code) {
  CLI::App* const toxic = proxy->add_subcommand("toxic", "add, update or remove a toxic");
  toxic->alias("t");
  toxic->require_subcommand(1);
  toxic->footer("Example: levictl proxy toxic add -t ws_silence --for 5000 feed");
  add_host(toxic, call);
  CLI::App* const make = add(toxic, call, code, "add", "add a toxic to a proxy", {"a"},
                             proxy_toxic_add, "toxic add -t latency -a latency=100 feed");
  make->add_option("-t,--type", call->type, "latency, timeout, ws_silence, … (docs/proxy.md)")
      ->required();
  make->add_option("-n,--toxicName", call->toxic, "default: <type>_<stream>");
  make->add_flag("-u,--upstream", call->on_upstream, "on what the client sends");
  make->add_flag("-d,--downstream", call->on_downstream, "on what the server sends (default)");
  make->add_option("--for", call->for_ms, "removes itself after so many ms");
  make->add_option("--after", call->after_ms, "begins after so many ms");
  make->add_option("--tag", call->tag, "who made it: `toxic remove --tag` takes all of one away");
  add_attributes(make, call);
  add_name(make, call);

  CLI::App* const change =
      add(toxic, call, code, "update", "change a toxic's attributes", {"u"}, proxy_toxic_update,
          "toxic update -n latency_downstream -a latency=50 feed");
  change->add_option("-n,--toxicName", call->toxic, "the toxic")->required();
  change->add_option("--for", call->for_ms, "removes itself so many ms from now");
  add_attributes(change, call);
  add_name(change, call);

  CLI::App* const remove = add(toxic, call, code, "remove", "remove a toxic, or all of a tag",
                               {"r", "delete", "d"}, proxy_toxic_remove, "toxic remove --tag mine");
  CLI::Option* const named = remove->add_option("-n,--toxicName", call->toxic, "the toxic");
  CLI::Option* const tagged = remove->add_option("--tag", call->tag, "all toxics of this tag");
  named->excludes(tagged);
  remove->add_option("name", call->name, "the proxy");
}

}  // namespace

void add_proxy_commands(CLI::App& app, int& code) {
  const Call call = std::make_shared<ProxyCall>();
  CLI::App* const proxy =
      app.add_subcommand("proxy", "faults on the network, by levi-proxy or a Toxiproxy");
  proxy->require_subcommand(1);
  add_host(proxy, call);
  proxy->footer(
      "Example: levictl proxy serve &\n"
      "         levictl proxy create -l localhost:9001 -u localhost:8734 feed\n"
      "         levictl proxy toxic add -t ws_silence --for 5000 feed");
  // Its flags are levi-proxy's; main hands them over before this parser sees them.
  proxy->add_subcommand("serve", "be a levi-proxy (levictl proxy serve -help)");
  add(proxy, call, code, "list", "list all proxies", {"l", "li", "ls"}, proxy_list, "list");
  add_name(add(proxy, call, code, "inspect", "show a proxy's toxics", {"i", "ins"}, proxy_inspect,
               "inspect feed"),
           call);
  CLI::App* const create = add(proxy, call, code, "create", "create a proxy", {"c", "new"},
                               proxy_create, "create -l localhost:9001 -u localhost:8734 feed");
  create->add_option("-l,--listen", call->listen, "host:port or unix:/path; :0 takes a free port")
      ->required();
  create->add_option("-u,--upstream", call->upstream, "host:port or unix:/path")->required();
  add_name(create, call);
  add_name(add(proxy, call, code, "toggle", "enable or disable a proxy", {"tog"}, proxy_toggle,
               "toggle feed"),
           call);
  add_name(add(proxy, call, code, "delete", "delete a proxy", {"d"}, proxy_delete, "delete feed"),
           call);
  add_toxic_commands(proxy, call, code);
}

}  // namespace levi::cli
