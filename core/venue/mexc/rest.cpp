#include "core/venue/mexc/rest.h"

#include <utility>

#include "core/venue/mexc/records.h"

namespace levi::mexc {
namespace {

constexpr os::HttpLimits kLimits{.body_bytes_max = 8 * 1024 * 1024};  // exchangeInfo and depth 5000
constexpr Nanos kRecheckEvery{1s};                                    // of the venue's clock

}  // namespace

struct Rest::Call {
  const char* method;
  const char* path;
  std::string query;
  bool is_signed = false;
  bool retried = false;
  Done done;
};

Rest::Rest(os::Loop& loop, RestOptions options, Signer signer, VenueClock& clock)
    : loop_(loop),
      options_(std::move(options)),
      signer_(std::move(signer)),
      clock_(clock),
      alive_(std::make_shared<Rest*>(this)),
      client_(
          std::make_unique<os::HttpClient>(loop, options_.endpoint, options_.connections, kLimits)),
      cancel_client_(std::make_unique<os::HttpClient>(loop, options_.endpoint,
                                                      options_.cancel_connections, kLimits)) {}

Rest::~Rest() {
  alive_.reset();  // First: closing the client ends its requests, and those answers are no one's.
}

void Rest::call(const char* method, const char* path, std::string query, Done done) {
  start(
      std::make_shared<Call>(Call{method, path, std::move(query), false, false, std::move(done)}));
}

void Rest::signed_call(const char* method, const char* path, std::string query, Done done) {
  start(std::make_shared<Call>(Call{method, path, std::move(query), true, false, std::move(done)}));
}

std::string signed_target(Signer& signer, std::string_view path, std::string_view query,
                          Nanos recv_window, std::int64_t timestamp_ms) {
  const auto window = std::chrono::duration_cast<std::chrono::milliseconds>(recv_window);
  std::string target = std::string(path) + "?" + std::string(query) + (query.empty() ? "" : "&");
  target += "recvWindow=" + std::to_string(window.count());
  target += "&timestamp=" + std::to_string(timestamp_ms);
  const Signature signature = signer.sign(std::string_view(target).substr(path.size() + 1));
  return target.append("&signature=").append(signature.data(), signature.size());
}

std::string Rest::target(const Call& call) {
  if (call.is_signed) {
    return signed_target(signer_, call.path, call.query, options_.recv_window, clock_.now_ms());
  }
  return call.query.empty() ? std::string(call.path) : std::string(call.path) + "?" + call.query;
}

void Rest::start(std::shared_ptr<Call> call) {
  const std::weak_ptr<Rest*> alive = alive_;
  if (const Nanos wait = blocked_for(call->method, call->path); wait > Nanos{0}) {
    loop_.after(Nanos{0}, [alive, call, wait] {
      if (alive.expired()) return;
      Answer answer;
      answer.verdict = Verdict::kLimited;
      answer.code = 429;
      answer.message = "not asked: the venue told us to wait";
      answer.retry_after = wait;
      call->done(answer);
    });
    return;
  }
  os::HttpRequest request;
  request.method = call->method;
  request.target = target(*call);
  if (!options_.host.empty()) request.headers.emplace_back("Host", options_.host);
  request.headers.emplace_back("Content-Type", "application/json");
  if (call->is_signed) request.headers.emplace_back("X-MEXC-APIKEY", options_.key);
  os::HttpClient& client = request.method == "DELETE" ? *cancel_client_ : *client_;
  client.request(
      std::move(request), options_.timeout, [alive, call](Result<os::HttpResponse> response) {
        const auto self = alive.lock();
        if (!self) return;
        (*self)->finish(call,
                        response ? read_answer(response.value()) : failed_answer(response.error()));
      });
}

void Rest::finish(const std::shared_ptr<Call>& call, Answer answer) {
  note(answer, call->method, call->path, call->is_signed);
  if (answer.verdict == Verdict::kClock && !call->retried) {
    call->retried = true;
    server_time([this, call](const Result<std::int64_t>&) { start(call); });
    return;
  }
  call->done(answer);
}

void Rest::note(const Answer& answer, const char* method, const char* path, bool is_signed) {
  if (answer.verdict == Verdict::kLimited) {
    MonoTime& until = blocked_until_[answer.banned ? Lane() : Lane(method, path)];
    until = std::max(until, loop_.now() + answer.retry_after);
  }
  if (!is_signed) return;
  if (answer.verdict == Verdict::kAuth) {
    trouble_ = "the venue refuses our key: " + answer.text();
  } else if (answer.verdict == Verdict::kDone) {
    trouble_.clear();
  }
}

Nanos Rest::blocked_for(const char* method, const char* path) const {
  Nanos wait{0};
  for (const Lane& lane : {Lane(), Lane(method, path)}) {
    const auto found = blocked_until_.find(lane);
    if (found != blocked_until_.end()) wait = std::max(wait, found->second - loop_.now());
  }
  return wait;
}

void Rest::server_time(std::function<void(Result<std::int64_t>)> done) {
  const Instant sent = clock_.wall_now();
  call("GET", "/api/v3/time", "", [this, sent, done = std::move(done)](const Answer& answer) {
    if (answer.verdict != Verdict::kDone) {
      done(error(ErrorCode::kUnreachable, "cannot ask the venue's time: " + answer.text()));
      return;
    }
    const auto server_ms = read_server_time(answer.body);
    if (server_ms) clock_.sample(sent, clock_.wall_now(), server_ms.value());
    done(server_ms);
  });
}

void Rest::recheck_clock() {
  if (clock_rechecked_ && loop_.now() - *clock_rechecked_ < kRecheckEvery) return;
  clock_rechecked_ = loop_.now();
  server_time([](const Result<std::int64_t>&) {});
}

}  // namespace levi::mexc
