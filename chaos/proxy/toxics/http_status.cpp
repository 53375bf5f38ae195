// http_status: HTTP requests whose path begins with `path` are answered with `status` (default
// 503), and `Retry-After: retry_after` seconds where that is above 0, with `probability` (default
// 1). They never reach the upstream.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class HttpStatus final : public Toxic {
  Verdict on_chunk(const Chunk& chunk, const Setting& setting) override {
    if (chunk.unit != Unit::kRequest || chunk.message == nullptr) return {};
    if (!chunk.message->path.starts_with(setting.text("path"))) return {};
    if (!setting.happens("probability")) return {};
    Verdict verdict{.drop = true};
    const std::int64_t status = setting.integer("status");
    verdict.answer = "HTTP/1.1 " + std::to_string(status) + " Injected by levi-proxy\r\n";
    if (status != 204 && status != 304) verdict.answer += "Content-Length: 0\r\n";
    const std::int64_t retry = setting.integer("retry_after");
    if (retry > 0) verdict.answer += "Retry-After: " + std::to_string(retry) + "\r\n";
    verdict.answer += "\r\n";
    return verdict;
  }
};

const Field kHttpStatusFields[] = {{"status", {std::int64_t{503}}},
                                   {"retry_after"},
                                   {"path", {std::string()}},
                                   {"probability", {1.0}}};

std::string check_http_status(const Setting& setting) {
  const std::int64_t status = setting.integer("status");
  return status >= 200 && status <= 599 ? "" : "status is an HTTP status, from 200 to 599";
}

}  // namespace

extern const ToxicType toxic_http_status;
const ToxicType toxic_http_status{.name = "http_status",
                                  .go_name = "HttpStatusToxic",
                                  .fields = kHttpStatusFields,
                                  .make = make_toxic<HttpStatus>,
                                  .layer = Layer::kMessages,
                                  .acts_on = ActsOn::kUpstream,
                                  .check = check_http_status};

}  // namespace levi::proxy
