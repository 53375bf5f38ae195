#include "chaos/proxy/proxies.h"

#include <set>
#include <utility>

#include "chaos/proxy/listen_address.h"

namespace levi::proxy {
namespace {

Status check_required(const ProxyInput& input, const std::string& where) {
  if (input.name.empty()) {
    return error(ErrorCode::kInvalid, "missing required field: name" + where);
  }
  if (input.upstream.empty()) {
    return error(ErrorCode::kInvalid, "missing required field: upstream" + where);
  }
  return ok();
}

Result<std::vector<ProxyInput>> read_list(const JsonValue& json) {
  if (json.kind != JsonValue::Kind::kArray && json.kind != JsonValue::Kind::kNull) {
    return error(ErrorCode::kInvalid, std::string("bad request body: json: cannot unmarshal ") +
                                          json.go_kind() +
                                          " into Go value of type []toxiproxy.Proxy");
  }
  std::vector<ProxyInput> inputs;
  for (const JsonValue& item : json.items) {
    LEVI_TRY_STATUS(read_proxy(item, "", inputs.emplace_back()));
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    LEVI_TRY_STATUS(check_required(inputs[i], " at proxy " + std::to_string(i + 1)));
    if (!names.insert(inputs[i].name).second) {
      return error(ErrorCode::kIo, "duplicate proxy name \"" + inputs[i].name + '"');
    }
  }
  return inputs;
}

}  // namespace

Result<Proxy*> Proxies::find(std::string_view name) {
  const auto found = proxies_.find(name);
  if (found == proxies_.end()) return error(ErrorCode::kNotFound, "proxy not found");
  return found->second.get();
}

Result<Proxy*> Proxies::create(ProxyInput input) {
  LEVI_TRY_STATUS(check_required(input, {}));
  if (proxies_.count(input.name) > 0) {
    return error(ErrorCode::kConflict, "proxy already exists");
  }
  auto proxy = std::make_unique<Proxy>(runtime_, input.name,
                                       ProxyAddress{input.listen, input.upstream, input.tls});
  LEVI_TRY_STATUS(give_toxics(*proxy, std::move(input.toxics)));
  if (input.enabled) {
    LEVI_TRY_STATUS(proxy->start());
  }
  Proxy* const created = proxy.get();
  proxies_.emplace(input.name, std::move(proxy));
  return created;
}

Status Proxies::update(Proxy& proxy, const ProxyInput& input) {
  if (!proxy.same_address({input.listen, input.upstream, input.tls})) {
    LEVI_TRY_STATUS(parse_listen(input.listen));
    proxy.stop();
    LEVI_TRY_STATUS(proxy.move({input.listen, input.upstream, input.tls}));
  }
  if (input.enabled) return proxy.start();
  proxy.stop();
  return ok();
}

Result<Proxy*> Proxies::replace(ProxyInput input, bool& created) {
  LEVI_TRY_STATUS(check_required(input, {}));
  const auto found = proxies_.find(input.name);
  created = found == proxies_.end();
  if (created) return create(std::move(input));
  Proxy& proxy = *found->second;
  // Whatever may fail comes first: a refused PUT leaves all as it was.
  if (proxy.same_address({input.listen, input.upstream, input.tls})) {
    LEVI_TRY_STATUS(proxy.may_add(input.toxics));
  } else {
    LEVI_TRY_STATUS(proxy.move({input.listen, input.upstream, input.tls}));
  }
  proxy.clear_toxics();
  LEVI_TRY_STATUS(give_toxics(proxy, std::move(input.toxics)));
  if (!input.enabled) {
    proxy.stop();
  } else {
    LEVI_TRY_STATUS(proxy.start());
  }
  return &proxy;
}

Status Proxies::remove(std::string_view name) {
  const auto found = proxies_.find(name);
  if (found == proxies_.end()) return error(ErrorCode::kNotFound, "proxy not found");
  proxies_.erase(found);
  return ok();
}

Status Proxies::reset() {
  for (const auto& [name, proxy] : proxies_) {
    LEVI_TRY_STATUS(proxy->start());
    proxy->clear_toxics();
  }
  return ok();
}

Proxies::Populated Proxies::populate(const JsonValue& json) {
  Populated result;
  auto inputs = read_list(json);
  if (!inputs) {
    result.status = inputs.error();
    return result;
  }
  for (ProxyInput& input : inputs.value()) {
    auto proxy = add_or_replace(std::move(input));
    if (!proxy) {
      result.status = proxy.error();
      return result;
    }
    result.done.push_back(proxy.value());
  }
  return result;
}

// The same name with the same addresses stays as it is, but for toxics that were given.
Result<Proxy*> Proxies::add_or_replace(ProxyInput input) {
  const auto found = proxies_.find(input.name);
  if (found == proxies_.end()) return create(std::move(input));
  Proxy& proxy = *found->second;
  if (!proxy.same_address({input.listen, input.upstream, input.tls})) {
    proxies_.erase(found);
    return create(std::move(input));
  }
  if (!input.toxics.empty()) {
    LEVI_TRY_STATUS(proxy.may_add(input.toxics));
    proxy.clear_toxics();
    LEVI_TRY_STATUS(give_toxics(proxy, std::move(input.toxics)));
  }
  return &proxy;
}

Status Proxies::give_toxics(Proxy& proxy, std::vector<ToxicEntry> toxics) {
  for (ToxicEntry& entry : toxics) {
    entry.id = ++last_toxic_;
    LEVI_TRY_STATUS(proxy.add_toxic(std::move(entry)));
  }
  return ok();
}

Result<const ToxicEntry*> Proxies::add_toxic(Proxy& proxy, const JsonValue& json) {
  LEVI_TRY(entry, read_toxic(json, [&](const std::string& name) {
             return proxy.find_toxic(name) != nullptr;
           }));
  entry.id = ++last_toxic_;
  return proxy.add_toxic(std::move(entry));
}

std::size_t Proxies::remove_tagged(std::string_view tag) {
  std::size_t removed = 0;
  for (const auto& [name, proxy] : proxies_) {
    for (const ToxicEntry* entry : proxy->toxics()) {
      if (entry->tag != tag) continue;
      proxy->remove_toxic(entry->id);
      ++removed;
    }
  }
  return removed;
}

void Proxies::stop_accepting() {
  for (const auto& [name, proxy] : proxies_) proxy->stop_accepting();
}

std::size_t Proxies::connection_count() const {
  std::size_t count = 0;
  for (const auto& [name, proxy] : proxies_) count += proxy->connection_count();
  return count;
}

}  // namespace levi::proxy
