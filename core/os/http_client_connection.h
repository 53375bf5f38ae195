// HttpClientConnection: one keep-alive connection of an HttpClient, carrying one request at a time.
// Internal to core/os.
//
// On the loop's thread; held by its client and, while it is watched, by the loop.
#pragma once

#include <memory>
#include <string>

#include "core/os/http.h"
#include "core/os/stream.h"

namespace levi::os {

class HttpClientConnection;

class HttpClientConnectionOwner {
 public:
  virtual ~HttpClientConnectionOwner() = default;
  virtual void on_connected(HttpClientConnection& connection) = 0;
  virtual void on_connect_failed(HttpClientConnection& connection, const Error& why) = 0;
  // The answer to the request that was sent, or why there is none.
  virtual void on_outcome(HttpClientConnection& connection, Result<HttpResponse> outcome) = 0;
  virtual void on_idle_end(HttpClientConnection& connection) = 0;
};

class HttpClientConnection final : public StreamEvents,
                                   public std::enable_shared_from_this<HttpClientConnection> {
 public:
  HttpClientConnection(Loop& loop, const HttpLimits& limits, HttpClientConnectionOwner& owner)
      : loop_(loop), owner_(owner), parser_(HttpParser::Kind::kResponse, limits) {}

  Status start(const Endpoint& endpoint);
  bool is_connecting() const { return static_cast<bool>(connecting_); }
  bool is_idle() const { return stream_ && stream_->is_open() && !busy_; }
  bool is_closed() const { return !is_connecting() && (!stream_ || !stream_->is_open()); }

  void send(const std::string& bytes, bool head_only);
  void close();  // RST where an answer is due; calls nothing

 private:
  void on_connect_decided();
  void on_data() override;
  void on_drained() override {}
  void on_end(StreamEnd end) override;
  void conclude(Result<HttpResponse> outcome, bool keep);

  Loop& loop_;
  HttpClientConnectionOwner& owner_;
  HttpParser parser_;
  Fd connecting_;
  std::unique_ptr<Stream> stream_;
  bool busy_ = false;
  bool head_only_ = false;
};

}  // namespace levi::os
