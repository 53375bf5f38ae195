#include "core/os/http_client_connection.h"

#include <utility>

#include "core/base/check.h"

namespace levi::os {

Status HttpClientConnection::start(const Endpoint& endpoint) {
  LEVI_TRY(fd, connect_start(endpoint));
  connecting_ = std::move(fd);
  loop_.watch(connecting_.get(), kWritable,
              [self = shared_from_this()](std::uint32_t) { self->on_connect_decided(); });
  return ok();
}

void HttpClientConnection::on_connect_decided() {
  const auto self = shared_from_this();
  loop_.unwatch(connecting_.get());
  Fd fd = std::move(connecting_);
  const Status outcome = connect_outcome(fd.get());
  if (!outcome) {
    owner_.on_connect_failed(*this, outcome.error());
    return;
  }
  stream_ = std::make_unique<Stream>(loop_, std::move(fd), *this);
  stream_->start(shared_from_this());
  owner_.on_connected(*this);
}

void HttpClientConnection::send(const std::string& bytes, bool head_only) {
  LEVI_CHECK(is_idle());
  busy_ = true;
  head_only_ = head_only;
  if (head_only) parser_.expect_no_body();
  stream_->output() += bytes;
  stream_->flush();
}

void HttpClientConnection::close() {
  const auto self = shared_from_this();
  if (is_connecting()) {
    Fd fd = std::move(connecting_);
    loop_.unwatch(fd.get());
  }
  if (!stream_) return;
  if (busy_) {
    stream_->reset();
  } else {
    stream_->close();
  }
}

void HttpClientConnection::on_data() {
  const auto self = shared_from_this();
  while (busy_ && stream_->is_open() && !stream_->input().empty()) {
    const auto taken = parser_.feed(stream_->input().view());
    if (!taken) {
      conclude(taken.error(), false);
      return;
    }
    stream_->input().consume(taken.value());
    if (!parser_.done()) return;
    const bool keep = parser_.keep_alive();
    HttpResponse response = parser_.take_response();
    if (response.status / 100 == 1 &&
        response.status != 101) {  // "100 Continue": the answer follows
      if (head_only_) parser_.expect_no_body();
      continue;
    }
    conclude(std::move(response), keep);
  }
  // Bytes that nobody asked for: the next answer could not be told from them.
  if (!busy_ && stream_->is_open() && !stream_->input().empty()) {
    stream_->close();
    owner_.on_idle_end(*this);
  }
}

void HttpClientConnection::on_end(StreamEnd end) {
  const auto self = shared_from_this();
  if (!busy_) {
    stream_->close();
    owner_.on_idle_end(*this);
    return;
  }
  if (end == StreamEnd::kEndOfFile && parser_.started() && parser_.finish()) {
    conclude(parser_.take_response(), false);  // its length was "until the end"
    return;
  }
  conclude(
      error(ErrorCode::kIo, end == StreamEnd::kReset ? "the connection was reset before the answer"
                                                     : "the connection closed before the answer"),
      false);
}

void HttpClientConnection::conclude(Result<HttpResponse> outcome, bool keep) {
  busy_ = false;
  if (!keep) stream_->close();
  owner_.on_outcome(*this, std::move(outcome));
}

}  // namespace levi::os
