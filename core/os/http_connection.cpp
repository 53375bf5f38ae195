#include "core/os/http_connection.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/os/address.h"
#include "core/os/clock.h"
#include "core/os/websocket_peer.h"

namespace levi::os {
namespace {

constexpr std::size_t kPipelinedBytesMax =
    256 * 1024;  // unread requests behind one that is being answered
constexpr std::size_t kUnsentBytesMax =
    1024 * 1024;  // a client that pipelines and does not read waits
constexpr Nanos kLingerMax = 1s;

// RFC 9457, as every other error of our servers: a client need not know who refused it.
HttpResponse problem(int status, std::string_view title, std::string_view detail) {
  std::string body = "{\"type\":\"about:blank\",\"status\":" + std::to_string(status);
  body.append(",\"title\":\"").append(title).append("\",\"detail\":\"").append(detail);
  return {status, "application/problem+json", {}, body + "\"}"};
}

HttpResponse unreadable(int status) {
  if (status == 408) return problem(408, "Request Timeout", "it did not arrive in time");
  if (status == 413) return problem(413, "Content Too Large", "the body is too large");
  if (status == 431)
    return problem(431, "Request Header Fields Too Large", "the header is too large");
  return problem(status, "Bad Request", "not a valid HTTP request");
}

}  // namespace

HttpConnection::HttpConnection(Loop& loop, const HttpLimits& limits, HttpConnectionOwner& owner,
                               Fd fd, std::uint64_t id)
    : loop_(loop),
      limits_(limits),
      owner_(&owner),
      id_(id),
      peer_(peer_text(fd.get())),
      stream_(loop, std::move(fd), *this),
      parser_(HttpParser::Kind::kRequest, limits) {}

HttpConnection::~HttpConnection() { loop_.cancel(idle_timer_); }

void HttpConnection::serve() {
  served_ = true;
  last_activity_ = loop_.now();
  arm_idle_timer(loop_.now() + limits_.idle_max);
  stream_.start(shared_from_this());
}

void HttpConnection::refuse() {
  keep_alive_ = false;
  HttpResponse response = problem(503, "Service Unavailable", "too many connections");
  response.headers.emplace_back("Retry-After", "1");
  append_response(stream_.output(), response, framing());
  stream_.start(shared_from_this());
  stream_.flush();
  linger();
}

void HttpConnection::freeze(bool frozen) {
  stream_.freeze(frozen, shared_from_this());
  if (!frozen) process_later();
}

void HttpConnection::process_later() {
  loop_.after(0ns, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->process();
  });
}

HttpConnection::Idleness HttpConnection::idleness() const {
  if (state_ == State::kWebSocket || awaiting_answer_ || stream_.frozen()) return Idleness::kBusy;
  const bool unfinished = state_ == State::kLingering || parser_.started() || stream_.pending() > 0;
  return unfinished ? Idleness::kUnfinished : Idleness::kIdle;
}

bool HttpConnection::give_way() {
  const auto self = shared_from_this();
  const MonoTime before = last_activity_;
  stream_.read_now();
  if (state_ == State::kClosed) return true;
  if (idleness() == Idleness::kBusy || last_activity_ != before) return false;
  if (state_ == State::kOpen) {
    if (const auto instead = broken()) {
      keep_alive_ = false;
      append_response(stream_.output(), *instead, framing());
      stream_.flush();
    }
  }
  closed("closed to make room", false);
  return true;
}

void HttpConnection::on_data() {
  last_activity_ = mono_now();
  if (state_ == State::kLingering) {
    stream_.input().consume(stream_.input().size());
    return;
  }
  process();
}

void HttpConnection::on_drained() {
  if (state_ == State::kWebSocket) {
    if (websocket_->finished()) linger();
  } else {
    process();
  }
}

void HttpConnection::on_end(StreamEnd end) {
  const auto self = shared_from_this();
  if (state_ == State::kOpen) {
    state_ = State::kClosed;
    dispatch_rest();
    if (keep_alive_) (void)broken();  // the last one was cut off in the middle
    state_ = State::kOpen;
  }
  closed(end == StreamEnd::kEndOfFile ? "closed by the peer" : "reset by the peer",
         end == StreamEnd::kReset);
}

void HttpConnection::dispatch_rest() {
  const auto waiting = std::move(reply_closed_);
  reply_closed_ = nullptr;
  if (waiting) waiting();
  while (owner_ != nullptr && keep_alive_ && take_request()) dispatch();
}

void HttpConnection::process() {
  if (processing_ || state_ == State::kClosed) return;
  const auto self = shared_from_this();
  processing_ = true;
  while (may_take_request() && take_request()) dispatch();
  processing_ = false;
  if (state_ == State::kWebSocket) {
    if (stream_.frozen()) return;
    const auto websocket = websocket_;
    const std::string_view bytes = stream_.input().view();
    websocket->receive(bytes);
    if (state_ == State::kWebSocket) stream_.input().consume(bytes.size());
    if (state_ == State::kClosed) websocket->forget();
    return;
  }
  if (state_ != State::kOpen) return;
  stream_.flush();
  apply_back_pressure();
  if (awaiting_answer_ || keep_alive_) return;
  stream_.input().consume(stream_.input().size());  // Behind the last request nothing counts.
  linger();
}

bool HttpConnection::may_take_request() {
  if (state_ != State::kOpen || awaiting_answer_ || !keep_alive_ || stream_.frozen()) return false;
  if (stream_.pending() >= kUnsentBytesMax) stream_.flush();
  return stream_.pending() < kUnsentBytesMax;  // else on_drained goes on
}

bool HttpConnection::take_request() {
  ByteBuffer& input = stream_.input();
  if (input.empty()) return false;
  const bool started = parser_.started();
  const auto taken = parser_.feed(input.view());
  if (!taken) {
    if (state_ == State::kOpen) fail(parser_.error_status());
    return false;
  }
  input.consume(taken.value());
  if (parser_.done()) return true;
  // The time for a request to arrive whole starts with its first byte, and later bytes do not
  // extend it.
  if (!started && parser_.started()) deadline_ = loop_.now() + limits_.idle_max;
  if (parser_.expects_continue() && !continue_sent_) {
    continue_sent_ = true;
    stream_.output() += "HTTP/1.1 100 Continue\r\n\r\n";
    stream_.flush();
  }
  return false;
}

void HttpConnection::dispatch() {
  keep_alive_ = parser_.keep_alive();
  http_1_0_ = parser_.http_1_0();
  HttpRequest request = parser_.take_request();
  head_only_ = request.method == "HEAD";
  continue_sent_ = false;
  const std::string_view upgrade = request.header("upgrade");
  upgrade_asked_ = !upgrade.empty();
  upgrade_key_ = upgrade_asked_ ? websocket_upgrade_key(request, http_1_0_) : std::string();
  awaiting_answer_ = true;
  deadline_ = kNever;
  ++ordinal_;
  owner_->on_request(std::move(request), make_reply(shared_from_this(), ordinal_));
}

void HttpConnection::fail(int status) {
  keep_alive_ = false;
  HttpResponse response = unreadable(status);
  if (auto instead = broken()) response = std::move(*instead);
  append_response(stream_.output(), response, framing());
  stream_.flush();
  linger();
}

std::optional<HttpResponse> HttpConnection::broken() {
  if (owner_ == nullptr || (!parser_.started() && stream_.input().empty())) return std::nullopt;
  return owner_->on_broken_request(parser_.partial_request(), stream_.input().view(), peer_);
}

bool HttpConnection::awaits(std::uint64_t ordinal) const {
  return state_ == State::kOpen && awaiting_answer_ && ordinal == ordinal_;
}

void HttpConnection::answer(std::uint64_t ordinal, const HttpResponse& response) {
  if (!awaits(ordinal) || streaming_) return;
  append_response(stream_.output(), response, framing());
  after_answer();
}

void HttpConnection::after_answer() {
  awaiting_answer_ = false;
  streaming_ = false;
  reply_closed_ = nullptr;
  last_activity_ = mono_now();
  deadline_ = loop_.now() + limits_.idle_max;
  // Pipelined requests that are handled in this round share one send; a lone answer leaves at once,
  // before its handler goes on.
  if (!processing_ || stream_.input().empty()) stream_.flush();
  if (!processing_) process();
}

void HttpConnection::begin_stream(std::uint64_t ordinal, const std::string& content_type,
                                  std::size_t pending_bytes_max) {
  if (!awaits(ordinal) || streaming_) return;
  if (http_1_0_) keep_alive_ = false;
  append_stream_head(stream_.output(), content_type, framing());
  stream_pending_max_ = pending_bytes_max;
  if (head_only_) {
    after_answer();
    return;
  }
  streaming_ = true;
  stream_.flush();
}

bool HttpConnection::write_chunk(std::uint64_t ordinal, std::string_view chunk) {
  if (!awaits(ordinal) || !streaming_ || lagging_) return false;
  if (chunk.empty()) return true;  // An empty chunk would end the stream.
  if (stream_.pending() + chunk.size() > stream_pending_max_) {
    // A frozen connection stays open whatever happens: what is too much for it is dropped whole.
    if (stream_.frozen()) return true;
    // Later: the caller may be walking over its streams, and the close handler would change them.
    lagging_ = true;
    loop_.after(0ns, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->close_now(true);
    });
    return false;
  }
  if (http_1_0_) {
    stream_.output() += chunk;
  } else {
    append_chunk(stream_.output(), chunk);
  }
  stream_.flush();
  return true;
}

void HttpConnection::end_stream(std::uint64_t ordinal) {
  if (!awaits(ordinal) || !streaming_ || lagging_) return;
  if (!http_1_0_) stream_.output() += kLastChunk;
  after_answer();
}

void HttpConnection::on_reply_closed(std::uint64_t ordinal, std::function<void()> handler) {
  if (awaits(ordinal)) {
    reply_closed_ = std::move(handler);
  } else if (state_ == State::kClosed) {
    handler();
  }
}

std::shared_ptr<WebSocketConnection> HttpConnection::upgrade(std::uint64_t ordinal) {
  if (!awaits(ordinal) || streaming_) return nullptr;
  if (upgrade_key_.empty()) {
    HttpResponse refusal =
        problem(upgrade_asked_ ? 426 : 400, upgrade_asked_ ? "Upgrade Required" : "Bad Request",
                "a WebSocket upgrade (RFC 6455, version 13) was expected");
    refusal.headers.emplace_back("Sec-WebSocket-Version", "13");
    answer(ordinal, refusal);
    return nullptr;
  }
  stream_.output() += websocket_accept_head(upgrade_key_);
  awaiting_answer_ = false;
  reply_closed_ = nullptr;
  deadline_ = kNever;
  state_ = State::kWebSocket;
  websocket_ = std::make_shared<WebSocketPeer>(shared_from_this());
  stream_.flush();
  // Frames that came with the request are read once the caller has set its handlers.
  if (!processing_ && !stream_.input().empty()) process_later();
  return websocket_;
}

bool HttpConnection::send_frame(std::string_view frame) {
  if (state_ != State::kWebSocket) return false;
  if (stream_.pending() + frame.size() > limits_.websocket_pending_bytes_max) {
    return stream_.frozen();  // dropped whole, see write_chunk
  }
  stream_.output() += frame;
  stream_.flush();
  return true;
}

void HttpConnection::end_websocket() {
  if (state_ == State::kWebSocket && stream_.pending() == 0) linger();
}

void HttpConnection::linger() {
  if (state_ == State::kClosed || state_ == State::kLingering) return;
  if (stream_.pending() > 0) return;  // on_drained comes back here
  state_ = State::kLingering;
  stream_.input().consume(stream_.input().size());
  stream_.end_output();
  stream_.pause_reading(false);
  arm_idle_timer(loop_.now() + kLingerMax);
}

void HttpConnection::close_now(bool with_reset) {
  if (state_ != State::kClosed) closed("closed by the server", with_reset);
}

void HttpConnection::abandon() {
  owner_ = nullptr;
  state_ = State::kClosed;
  reply_closed_ = nullptr;
  if (websocket_) websocket_->forget();
  stream_.close();
}

void HttpConnection::closed(const char* why, bool reset) {
  const auto self = shared_from_this();
  state_ = State::kClosed;
  awaiting_answer_ = false;
  loop_.cancel(idle_timer_);
  if (reset) {
    stream_.reset();
  } else {
    stream_.close();
  }
  const auto waiting = std::move(reply_closed_);
  reply_closed_ = nullptr;
  if (waiting) waiting();
  if (websocket_) websocket_->transport_ended(why, reset);
  websocket_.reset();
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->on_connection_gone(id_, served_);
}

void HttpConnection::apply_back_pressure() {
  const bool busy = awaiting_answer_ || stream_.pending() >= kUnsentBytesMax;
  stream_.pause_reading(busy && stream_.input().size() >= kPipelinedBytesMax);
}

void HttpConnection::arm_idle_timer(MonoTime deadline) {
  deadline_ = deadline;
  loop_.cancel(idle_timer_);
  idle_timer_ = loop_.at(deadline, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_idle_timer();
  });
}

void HttpConnection::on_idle_timer() {
  if (state_ == State::kClosed) return;
  const bool unsent = stream_.pending() > 0;
  if (stream_.frozen() || loop_.now() < deadline_) {
    const MonoTime deadline = deadline_;
    const MonoTime latest = loop_.now() + limits_.idle_max;
    arm_idle_timer(stream_.frozen() ? latest : std::min(deadline, latest));
    deadline_ = deadline;
    return;
  }
  if (state_ == State::kOpen && parser_.started() && !unsent) {
    fail(408);
    return;
  }
  closed("idle for too long", unsent || state_ == State::kLingering);
}

ResponseFraming HttpConnection::framing() const {
  return {.keep_alive = keep_alive_, .http_1_0 = http_1_0_, .head_only = head_only_};
}

}  // namespace levi::os
