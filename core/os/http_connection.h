// HttpConnection: one accepted connection of an HttpServer: parses requests one after the other,
// hands them out, writes the answers in order. Internal to core/os.
//
// Lives on the loop's thread, held by the server and, while watched, by the loop; replies hold it
// weakly. A request is taken only once the one before it was answered; what is pipelined behind it
// waits in the buffer, bounded by back-pressure. When the peer ends, whole requests that are still
// in the buffer are handed out too: they did arrive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/os/http.h"
#include "core/os/http_text.h"
#include "core/os/stream.h"

namespace levi::os {

class WebSocketPeer;

// What a connection needs of its server; the server outlives none of its calls.
class HttpConnectionOwner {
 public:
  virtual ~HttpConnectionOwner() = default;
  virtual void on_request(HttpRequest request, std::shared_ptr<HttpReply> reply) = 0;
  virtual std::optional<HttpResponse> on_broken_request(const HttpRequest& begun,
                                                        std::string_view rest,
                                                        const std::string& peer) = 0;
  virtual void on_connection_gone(std::uint64_t id, bool served) = 0;
};

class HttpConnection final : public StreamEvents,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(Loop& loop, const HttpLimits& limits, HttpConnectionOwner& owner, Fd fd,
                 std::uint64_t id);
  ~HttpConnection() override;

  void serve();   // starts reading requests
  void refuse();  // 503 and goodbye
  bool served() const { return served_; }

  void close_now(bool with_reset);  // calls the close handlers
  void abandon();                   // the server goes: closes, calls nothing
  void freeze(bool frozen);

  // How willingly it is closed to make room for a newcomer.
  enum class Idleness {
    kBusy,        // an answer is awaited, a stream or frames are open: not at all
    kUnfinished,  // a request was begun, or an answer is not taken
    kIdle,        // nothing is going on
  };
  Idleness idleness() const;
  MonoTime last_activity() const { return last_activity_; }
  // Closes, unless bytes of its peer have arrived meanwhile: what came before the newcomer is
  // handled before it. False: it stays, and `last_activity` is now.
  bool give_way();

  std::uint64_t id() const { return id_; }
  const std::string& peer() const { return peer_; }
  Loop& loop() { return loop_; }
  const HttpLimits& limits() const { return limits_; }

  // The reply to request `ordinal`; no-ops where it was answered or the connection is gone.
  bool awaits(std::uint64_t ordinal) const;
  void answer(std::uint64_t ordinal, const HttpResponse& response);
  void begin_stream(std::uint64_t ordinal, const std::string& content_type,
                    std::size_t pending_bytes_max);
  bool write_chunk(std::uint64_t ordinal, std::string_view chunk);
  void end_stream(std::uint64_t ordinal);
  void on_reply_closed(std::uint64_t ordinal, std::function<void()> handler);
  std::shared_ptr<WebSocketConnection> upgrade(std::uint64_t ordinal);

  // For the upgraded connection: bytes as they are; false where they could not be taken.
  bool send_frame(std::string_view frame);
  void end_websocket();  // our last frame is queued: let it go out, then close
  bool is_open() const { return state_ != State::kClosed; }
  std::size_t pending_bytes() const { return stream_.pending(); }

 private:
  enum class State {
    kOpen,       // requests and answers
    kWebSocket,  // frames
    kLingering,  // our side has ended; reading on until the peer ends too, so that it gets our last
                 // bytes
    kClosed,
  };

  void on_data() override;
  void on_drained() override;
  void on_end(StreamEnd end) override;

  void process();
  void process_later();
  bool may_take_request();
  bool take_request();  // false when no whole request is there
  void dispatch();
  void dispatch_rest();  // after the end: what arrived is handled, nothing is answered
  void fail(int status);
  std::optional<HttpResponse> broken();
  void after_answer();
  void linger();
  void closed(const char* why, bool reset);
  void apply_back_pressure();
  void arm_idle_timer(MonoTime deadline);
  void on_idle_timer();
  ResponseFraming framing() const;

  Loop& loop_;
  const HttpLimits& limits_;
  HttpConnectionOwner* owner_;  // null once the server let go
  const std::uint64_t id_;
  std::string peer_;
  Stream stream_;
  HttpParser parser_;
  State state_ = State::kOpen;

  std::uint64_t ordinal_ = 0;  // of the request that is being answered
  bool awaiting_answer_ = false;
  bool streaming_ = false;
  bool lagging_ = false;  // the stream's client does not keep up: about to be cut
  std::size_t stream_pending_max_ = 0;
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool head_only_ = false;
  bool continue_sent_ = false;
  bool served_ = false;
  bool processing_ = false;
  std::string upgrade_key_;  // Sec-WebSocket-Key where the request is a valid upgrade
  bool upgrade_asked_ = false;
  MonoTime last_activity_;
  std::function<void()> reply_closed_;
  std::shared_ptr<WebSocketPeer> websocket_;

  // One lazy timer: when it fires early it is set again, so that a request costs no timer
  // operation.
  MonoTime deadline_ = kNever;
  Loop::TimerId idle_timer_ = 0;
};

std::shared_ptr<HttpReply> make_reply(const std::shared_ptr<HttpConnection>& connection,
                                      std::uint64_t ordinal);

}  // namespace levi::os
