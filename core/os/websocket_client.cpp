// WebSocketClient: connect, upgrade, frames.
#include <poll.h>

#include <utility>

#include "core/base/check.h"
#include "core/os/address.h"
#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/stream.h"
#include "core/os/websocket_channel.h"
#include "core/os/websocket_handshake.h"

namespace levi::os {
namespace {

std::string random_key() {
  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t word = random_seed();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return base64(bytes);
}

}  // namespace

struct WebSocketClient::Impl final : StreamEvents,
                                     WebSocketChannel,
                                     std::enable_shared_from_this<Impl> {
  enum class State { kConnecting, kUpgrading, kOpen, kClosed };

  Impl(Loop& l, Endpoint e, std::string t, WebSocketHandlers h, WebSocketLimits given,
       std::string name)
      : WebSocketChannel(Role::kClient, given.message_bytes_max),
        loop(l),
        endpoint(std::move(e)),
        connected(connect_start(endpoint)),
        target(std::move(t)),
        handlers(std::move(h)),
        limits(given),
        host(!name.empty()        ? std::move(name)
             : endpoint.is_unix() ? "localhost"
                                  : endpoint.text()),
        parser(HttpParser::Kind::kResponse, HttpLimits{}) {}

  Loop& loop;
  const Endpoint endpoint;
  Result<Fd> connected;  // first of what takes time: the handshake goes on meanwhile
  const std::string target;
  WebSocketHandlers handlers;
  const WebSocketLimits limits;
  const std::string host;
  HttpParser parser;
  const std::string key = random_key();
  std::string accept;  // what the answer must say; worked out while the peer works on it
  State state = State::kConnecting;
  bool detached = false;  // the client is gone: no more calls
  bool corked = false;    // what is said meanwhile leaves in one piece
  Fd connecting;
  std::unique_ptr<Stream> stream;
  Loop::TimerId timer = 0;

  void start(Nanos timeout) {
    timer = loop.after(timeout, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_timeout();
    });
    if (!connected) {
      end_later({.end = WsEnd::kRefused, .code = kNoCloseFrame, .text = connected.error().message});
      return;
    }
    connecting = std::move(connected).value();
    // Nearby it is decided already: the peer gets its request a round of the loop earlier.
    const auto decided = wait_ready(connecting.get(), POLLOUT, mono_now());
    if (decided && decided.value()) {
      Fd fd = std::move(connecting);
      const Status outcome = connect_outcome(fd.get());
      return outcome ? upgrade(std::move(fd)) : end_later(refused(outcome.error()));
    }
    loop.watch(connecting.get(), kWritable,
               [self = shared_from_this()](std::uint32_t) { self->on_connect_decided(); });
  }

  void on_connect_decided() {
    loop.unwatch(connecting.get());
    Fd fd = std::move(connecting);
    const Status outcome = connect_outcome(fd.get());
    if (!outcome) return end(refused(outcome.error()));
    upgrade(std::move(fd));
  }

  WsClosed refused(const Error& why) const {
    return {.end = WsEnd::kRefused,
            .code = kNoCloseFrame,
            .text = why.message + " (" + endpoint.text() + ")"};
  }

  void upgrade(Fd fd) {
    state = State::kUpgrading;
    stream = std::make_unique<Stream>(loop, std::move(fd), *this);
    stream->output() += websocket_request(target, host, key);
    stream->flush();
    stream->start(shared_from_this());
    accept = websocket_accept_key(key);
  }

  void on_timeout() {
    if (state == State::kOpen) {  // the peer did not answer our close
      end({.end = WsEnd::kClosed, .code = kWsNormal, .text = "the close was not answered"});
    } else {
      end({.end = WsEnd::kTimeout,
           .code = kNoCloseFrame,
           .text = "no WebSocket at " + endpoint.text() + " in time"});
    }
  }

  void on_data() override {
    const auto self = shared_from_this();
    if (state == State::kUpgrading && !read_answer()) return;
    if (state != State::kOpen) return;
    ByteBuffer& input = stream->input();
    const std::string_view bytes = input.view();
    receive(bytes);
    input.consume(bytes.size());
  }

  bool read_answer() {
    const auto taken = parser.feed(stream->input().view());
    if (!taken) {
      end({.end = WsEnd::kRefused, .code = kNoCloseFrame, .text = taken.error().message});
      return false;
    }
    stream->input().consume(taken.value());
    if (!parser.done()) return false;
    const Status upgraded = check_websocket_response(parser.take_response(), accept);
    if (!upgraded) {
      end({.end = WsEnd::kRefused, .code = kNoCloseFrame, .text = upgraded.error().message});
      return false;
    }
    state = State::kOpen;
    loop.cancel(timer);
    if (!detached && handlers.on_open) {
      corked = true;
      handlers.on_open();
      corked = false;
    }
    if (state == State::kOpen) stream->flush();
    return state == State::kOpen;
  }

  void on_drained() override {}

  void on_end(StreamEnd stream_end) override {
    const bool opened = state == State::kOpen;
    const bool reset = stream_end == StreamEnd::kReset;
    end({.end = !opened ? WsEnd::kRefused
                : reset ? WsEnd::kReset
                        : WsEnd::kClosed,
         .code = kNoCloseFrame,
         .text = reset ? "reset by the peer" : "closed by the peer without a close frame"});
  }

  bool transmit(std::string_view frame) override {
    if (state != State::kOpen) return false;
    if (stream->pending() + frame.size() > limits.pending_bytes_max) {
      end_later({.end = WsEnd::kLimit, .code = kPolicy, .text = "too much is unsent"});
      return false;
    }
    stream->output() += frame;
    if (!corked) stream->flush();
    return true;
  }

  void deliver(bool binary, std::string_view payload) override {
    if (!detached && handlers.on_message) handlers.on_message(binary, payload);
  }

  void finish(const WsClosed& closed) override { end(closed); }

  // Ends the connection and tells why, once. After a close frame the echo is in the kernel's hands.
  void end(const WsClosed& closed) {
    if (state == State::kClosed) return;
    const auto self = shared_from_this();
    shut(closed.end == WsEnd::kLimit || closed.end == WsEnd::kTimeout);
    if (!detached && handlers.on_close) handlers.on_close(closed);
  }

  void end_later(const WsClosed& closed) {
    stop();
    loop.after(0ns, [self = shared_from_this(), closed] { self->end(closed); });
  }

  void shut(bool with_reset) {
    state = State::kClosed;
    stop();
    loop.cancel(timer);
    if (connecting) {
      Fd fd = std::move(connecting);
      loop.unwatch(fd.get());
    }
    if (!stream) return;
    if (with_reset) {
      stream->reset();
    } else {
      stream->close();
    }
  }

  void close_politely() {
    if (state != State::kOpen) {
      if (state != State::kClosed) {
        end_later(
            {.end = WsEnd::kClosed, .code = kNoCloseFrame, .text = "closed before it opened"});
      }
      return;
    }
    if (!start_close(kWsNormal, {})) return;
    timer = loop.after(kCloseAnswerMax, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_timeout();
    });
  }

  bool send(bool binary, std::string_view payload) {
    return state == State::kOpen && send_message(binary, payload);
  }

  void ping() {
    if (state == State::kOpen && !finished()) send_frame(WsOpcode::kPing, {});
  }

  void abort() {
    if (state == State::kClosed) return;
    if (stream) stream->reset();
    end_later({.end = WsEnd::kReset, .code = kNoCloseFrame, .text = "reset by us"});
  }
};

WebSocketClient::WebSocketClient(Loop& loop, Endpoint endpoint, std::string target,
                                 Nanos connect_timeout, WebSocketHandlers handlers,
                                 WebSocketLimits limits, std::string host)
    : impl_(std::make_shared<Impl>(loop, std::move(endpoint), std::move(target),
                                   std::move(handlers), limits, std::move(host))) {
  impl_->start(connect_timeout);
}

WebSocketClient::~WebSocketClient() {
  impl_->detached = true;
  if (impl_->state != Impl::State::kClosed) impl_->shut(false);
}

bool WebSocketClient::send(bool binary, std::string_view payload) {
  return impl_->send(binary, payload);
}

void WebSocketClient::ping() { impl_->ping(); }

void WebSocketClient::close() { impl_->close_politely(); }

void WebSocketClient::reset() { impl_->abort(); }

}  // namespace levi::os
