// Proxies: all proxies of one process, by name; what the API and the config file change.
//
// On the loop's thread. Errors carry Toxiproxy's text and, by their code, its status.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/proxy/codec.h"
#include "chaos/proxy/proxy.h"
#include "chaos/proxy/runtime.h"

namespace levi::proxy {

class Proxies {
 public:
  explicit Proxies(Runtime& runtime) : runtime_(runtime) {}

  const std::map<std::string, std::unique_ptr<Proxy>, std::less<>>& all() const { return proxies_; }
  Result<Proxy*> find(std::string_view name);

  Result<Proxy*> create(ProxyInput input);
  Status update(Proxy& proxy, const ProxyInput& input);  // listen, upstream, enabled
  // PUT: as `input` says, toxics included; connections stay where the addresses do. `created` tells
  // whether it was not there before.
  Result<Proxy*> replace(ProxyInput input, bool& created);
  Status remove(std::string_view name);
  Status reset();  // every proxy runs, no toxic is left

  struct Populated {
    std::vector<Proxy*> done;
    Status status = ok();
  };
  Populated populate(const JsonValue& json);

  Result<const ToxicEntry*> add_toxic(Proxy& proxy, const JsonValue& json);
  std::size_t remove_tagged(std::string_view tag);

  void stop_accepting();
  std::size_t connection_count() const;

 private:
  Status give_toxics(Proxy& proxy, std::vector<ToxicEntry> toxics);
  Result<Proxy*> add_or_replace(ProxyInput input);

  Runtime& runtime_;
  std::map<std::string, std::unique_ptr<Proxy>, std::less<>> proxies_;
  std::uint64_t last_toxic_ = 0;
};

}  // namespace levi::proxy
