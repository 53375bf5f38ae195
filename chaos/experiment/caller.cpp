#include "chaos/experiment/caller.h"

#include <optional>

#include "core/os/clock.h"

namespace levi::chaos {
namespace {

constexpr std::size_t kConnectionsMax = 4;

// A ledger page of 10,000 entries is some 3 MB.
os::HttpLimits limits() {
  os::HttpLimits limits;
  limits.body_bytes_max = 32u << 20;
  return limits;
}

}  // namespace

Result<std::unique_ptr<Caller>> Caller::make(Pump& pump, const TargetSpec& spec) {
  std::unique_ptr<Caller> caller(new Caller(pump));
  LEVI_TRY(api, os::parse_endpoint(spec.api));
  caller->api_ = std::make_unique<os::HttpClient>(pump.loop(), api, kConnectionsMax, limits());
  if (!spec.exchange_admin.empty()) {
    LEVI_TRY(admin, os::parse_endpoint(spec.exchange_admin));
    caller->exchange_ =
        std::make_unique<os::HttpClient>(pump.loop(), admin, kConnectionsMax, limits());
  }
  return caller;
}

Result<Json> Caller::api(const std::string& method, const std::string& path, const Json& body) {
  return call(*api_, method, path, body);
}

Result<Json> Caller::exchange(const std::string& method, const std::string& path,
                              const Json& body) {
  if (!exchange_) return error(ErrorCode::kUnsupported, "the target has no exchange admin port");
  return call(*exchange_, method, path, body);
}

void Caller::fetch(bool at_exchange, const std::string& path, Nanos timeout,
                   os::HttpClient::Done done) {
  os::HttpClient* client = at_exchange ? exchange_.get() : api_.get();
  if (client == nullptr)
    return done(error(ErrorCode::kUnsupported, "the target has no exchange admin port"));
  client->request({"GET", path, {}, ""}, timeout, std::move(done));
}

void Caller::send(const std::string& method, const std::string& path, const Json& body,
                  std::function<void(const Result<Json>&)> done) {
  api_->request(
      {method, path, {{"Content-Type", "application/json"}}, body.dump()}, kCallTimeout,
      [call = method + " " + path, done](const Result<os::HttpResponse>& response) {
        done(response ? read_answer(call, response.value()) : Result<Json>(response.error()));
      });
}

Result<Json> Caller::call(os::HttpClient& client, const std::string& method,
                          const std::string& path, const Json& body) {
  os::HttpRequest request{method, path, {}, body.is_null() ? std::string() : body.dump()};
  if (!body.is_null()) request.headers.emplace_back("Content-Type", "application/json");
  // Shared with the handler: it may be called after this function gave up waiting.
  auto answer = std::make_shared<std::optional<Result<os::HttpResponse>>>();
  client.request(std::move(request), kCallTimeout,
                 [answer](Result<os::HttpResponse> r) { answer->emplace(std::move(r)); });
  const MonoTime deadline = os::mono_now() + kCallTimeout * 2;
  if (!pump_.until_anyway([&] { return answer->has_value(); }, deadline)) {
    return error(ErrorCode::kTimeout, method + " " + path + " was not answered");
  }
  if (!answer->value()) return answer->value().error();
  return read_answer(method + " " + path, answer->value().value());
}

}  // namespace levi::chaos
