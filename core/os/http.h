// HTTP/1.1: messages, an incremental parser (Boost.Beast behind this header), a server and clients.
//
// Limits are named and enforced: what exceeds them is answered 413 or 431 and the connection
// closed, never buffered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/loop.h"
#include "core/os/socket.h"

namespace levi::os {

struct HttpLimits {
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t body_bytes_max = 1024 * 1024;
  // At a server's limit the connection that has been idle longest makes room for the newcomer,
  // which is refused (503) only where all are busy: with a request that is not answered, a stream,
  // frames.
  std::size_t connections_max = 1024;
  Nanos idle_max = 60s;  // between requests, and for a request to arrive whole
  std::size_t websocket_message_bytes_max = 1024 * 1024;      // of upgraded connections
  std::size_t websocket_pending_bytes_max = 4 * 1024 * 1024;  // unsent: the peer lags, and is cut
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = {};  // "GET"
  std::string target = {};  // as received: "/live/kill?on=false&reason=x"
  HttpHeaders headers = {};
  std::string body = {};

  std::string_view path() const;   // "/live/kill"
  std::string_view query() const;  // "on=false&reason=x", raw; empty without '?'
  std::string_view header(std::string_view name) const;  // case-insensitive; empty if absent
  std::optional<std::string> parameter(
      std::string_view name) const;  // of the query, percent-decoded
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";  // of a received one: as sent, else empty
  HttpHeaders headers = {};                       // without Content-Type
  std::string body = {};

  std::string_view header(std::string_view name) const;  // case-insensitive; empty if absent
};

std::string percent_decode(std::string_view text);  // '+' is a blank
std::string percent_encode(std::string_view text);  // RFC 3986 unreserved stay
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

// Incremental parser for one direction. Feed bytes; take whole messages. No allocation beyond the
// message's own strings. After an error the connection is of no use.
class HttpParser {
 public:
  enum class Kind { kRequest, kResponse };
  HttpParser(Kind kind, const HttpLimits& limits);
  ~HttpParser();
  HttpParser(HttpParser&&) noexcept;
  HttpParser& operator=(HttpParser&&) noexcept;

  // Consumes up to one message's worth; returns the bytes taken. `done()` then tells whether a
  // message is whole. Bytes that were not taken must come again, with more behind them.
  Result<std::size_t> feed(std::string_view bytes);
  Status finish();  // end of stream: completes a response without a length
  bool done() const;
  bool started() const;  // at least one byte of a message was seen
  bool headers_done() const;
  void expect_no_body();  // a response to HEAD
  bool keep_alive() const;
  bool http_1_0() const;
  bool expects_continue() const;  // "Expect: 100-continue"
  int error_status() const;       // 400, 413 or 431 after an error of `feed`
  HttpRequest take_request();     // and resets for the next message
  HttpResponse take_response();
  // A request as far as it was parsed: without a method where not even its head was whole.
  const HttpRequest& partial_request() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class WebSocketConnection;

// Where one request's answer goes. May be kept and answered later, from the loop's thread.
// Answering a closed connection is a no-op.
class HttpReply {
 public:
  virtual ~HttpReply() = default;
  virtual void send(const HttpResponse& response) = 0;
  // Answers 200 with the headers given and keeps the body open (SSE). `write` returns false when
  // the client is gone or more than `pending_bytes_max` are unsent: the client lags, and is
  // disconnected.
  virtual void begin_stream(const std::string& content_type, std::size_t pending_bytes_max) = 0;
  virtual bool write(std::string_view chunk) = 0;
  virtual std::size_t pending_bytes() const = 0;  // unsent: how far the client is behind
  virtual void end_stream() = 0;
  virtual void on_close(std::function<void()> handler) = 0;
  // 101 and from then on frames; nullptr (and 400 sent) if the request is no WebSocket upgrade.
  virtual std::shared_ptr<WebSocketConnection> upgrade() = 0;
  virtual void reset() = 0;  // RST instead of an answer: for the practice exchange's faults
  virtual std::uint64_t connection() const = 0;  // ordinal of the connection in this server, from 1
  virtual std::string peer() const = 0;          // "127.0.0.1:40512" or "unix"
};

class HttpServer {
 public:
  // The request is the handler's to keep; the reply is shared because an answer may come after the
  // connection is gone.
  using Handler = std::function<void(HttpRequest request, std::shared_ptr<HttpReply> reply)>;

  HttpServer(Loop& loop, HttpLimits limits, Handler handler);
  ~HttpServer();
  Status listen(const Endpoint& endpoint);  // may be called for several endpoints
  void stop_listening();       // new connects are refused (ECONNREFUSED); open ones stay
  std::uint16_t port() const;  // of the first TCP endpoint
  void close_all(bool with_reset);
  // Stops reading and writing every open connection without closing it: a half-open peer (practice
  // exchange's fault).
  void freeze_all(bool frozen);
  std::size_t connection_count() const;
  // Called once per connection, upgraded ones included, after every byte that the kernel still held
  // was read and every whole request in it was handled, also when the peer ended with RST: the end
  // of an order connection is a witness.
  void on_connection_closed(std::function<void(std::uint64_t connection)> handler);
  void on_connection_opened(std::function<void(std::uint64_t connection)> handler);
  // Called with what never became a request: malformed, too large, late, or cut off by the end of
  // its connection. `begun` is as far as it was parsed, `rest` the bytes behind that. What the
  // handler returns is sent instead of the refusal (where anybody still listens): POST /live/kill
  // has to kill however broken it is.
  using BrokenHandler = std::function<std::optional<HttpResponse>(
      const HttpRequest& begun, std::string_view rest, const std::string& peer)>;
  void on_broken_request(BrokenHandler handler);
  void close_connection(std::uint64_t connection, bool with_reset);
  // As freeze_all for one connection, upgraded ones included; thawed, it reads on where it stopped.
  void freeze_connection(std::uint64_t connection, bool frozen);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Keep-alive client over a loop: at most `connections_max` connections, further requests wait their
// turn. Nothing is ever sent twice. `done` is called once, never from within a call of ours:
// kUnreachable means that nothing was sent; after kTimeout and kIo the outcome is unknown.
class HttpClient {
 public:
  using Done = std::function<void(Result<HttpResponse>)>;
  HttpClient(Loop& loop, Endpoint endpoint, std::size_t connections_max, HttpLimits limits = {});
  ~HttpClient();  // drops outstanding requests without a call; allowed in `done`
  void request(HttpRequest request, Nanos timeout, Done done);
  // Outstanding requests end with kUnreachable where nothing was sent, else with kIo.
  void close_all();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// For blocking calls: when the first byte went out (read just before `send`) and the last came in.
struct HttpTiming {
  MonoTime first_byte_sent;
  MonoTime last_byte_received;
};

// Blocking keep-alive client for the command line and for measures: connects when it must, one
// request at a time. A connection that the server closed meanwhile is replaced before sending,
// nothing is sent twice.
class HttpSession {
 public:
  explicit HttpSession(Endpoint endpoint, HttpLimits limits = {});
  // kUnreachable: could not connect, nothing was sent. kTimeout, kIo: the outcome is unknown.
  Result<HttpResponse> call(const HttpRequest& request, Nanos timeout,
                            HttpTiming* timing = nullptr);
  Status connect(Nanos timeout);  // ahead of a measured call; fine where it is connected already
  bool connected() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }

 private:
  Result<HttpResponse> receive(bool head_only, MonoTime deadline, HttpTiming* timing);

  Endpoint endpoint_;
  HttpLimits limits_;
  Fd fd_;
};

// Blocking one-shot call. `url` is "http://host:port/path?query" or
// "unix:/path/to.sock:/live/kill"; errors as HttpSession::call.
Result<HttpResponse> http_call(const std::string& method, const std::string& url, std::string body,
                               Nanos timeout, const HttpHeaders& headers = {},
                               HttpTiming* timing = nullptr);

struct HttpUrl {
  Endpoint endpoint;
  std::string target;  // "/path?query"
};
Result<HttpUrl> parse_http_url(std::string_view url);

}  // namespace levi::os
