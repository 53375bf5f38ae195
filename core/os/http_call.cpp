// Blocking calls: HttpSession and http_call.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "core/os/address.h"
#include "core/os/byte_buffer.h"
#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/http_text.h"

namespace levi::os {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr std::uint16_t kDefaultPort = 80;

Error timed_out(const Endpoint& endpoint) {
  return error(ErrorCode::kTimeout, "no answer from " + endpoint.text() + " in time");
}

Error broken(const Endpoint& endpoint, const std::string& why) {
  return error(ErrorCode::kIo, "the connection to " + endpoint.text() + " " + why);
}

Status send_all(int fd, std::string_view bytes, const Endpoint& endpoint, MonoTime deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    // The server may have answered before it had read all (413): the answer is in the receive
    // queue.
    if (errno == EPIPE || errno == ECONNRESET) return ok();
    if (errno != EAGAIN) return io_error("cannot send to " + endpoint.text(), errno);
    LEVI_TRY(ready, wait_ready(fd, POLLOUT, deadline));
    if (!ready) return timed_out(endpoint);
  }
  return ok();
}

bool has_ended(int fd) {
  char byte = 0;
  const ssize_t got = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  // Something to read before we asked is no good either: it is not our answer.
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace

HttpSession::HttpSession(Endpoint endpoint, HttpLimits limits)
    : endpoint_(std::move(endpoint)), limits_(limits) {}

Status HttpSession::connect(Nanos timeout) {
  if (fd_ && !has_ended(fd_.get())) return ok();
  fd_.reset();
  LEVI_TRY(fd, connect_blocking(endpoint_, timeout));
  fd_ = std::move(fd);
  return ok();
}

Result<HttpResponse> HttpSession::call(const HttpRequest& request, Nanos timeout,
                                       HttpTiming* timing) {
  const MonoTime deadline = mono_now() + timeout;
  std::string bytes;
  LEVI_TRY_STATUS(
      append_request(bytes, request, endpoint_.is_unix() ? "localhost" : endpoint_.text()));
  LEVI_TRY_STATUS(connect(timeout));
  if (timing != nullptr) timing->first_byte_sent = mono_now();
  const Status sent = send_all(fd_.get(), bytes, endpoint_, deadline);
  if (!sent) {
    close();
    return sent.error();
  }
  Result<HttpResponse> response = receive(request.method == "HEAD", deadline, timing);
  if (!response) close();
  return response;
}

Result<HttpResponse> HttpSession::receive(bool head_only, MonoTime deadline, HttpTiming* timing) {
  HttpParser parser(HttpParser::Kind::kResponse, limits_);
  if (head_only) parser.expect_no_body();
  ByteBuffer input;
  for (;;) {
    char* space = input.prepare(kReceiveBytes);
    const ssize_t got = ::recv(fd_.get(), space, input.room(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      LEVI_TRY(ready, wait_ready(fd_.get(), POLLIN, deadline));
      if (!ready) return timed_out(endpoint_);
      continue;
    }
    if (timing != nullptr) timing->last_byte_received = mono_now();
    if (got < 0) return broken(endpoint_, "was reset before the answer");
    if (got == 0) {
      if (!parser.started() || !parser.finish())
        return broken(endpoint_, "closed before the answer");
      close();
      return parser.take_response();
    }
    input.commit(static_cast<std::size_t>(got));
    while (!input.empty()) {
      LEVI_TRY(taken, parser.feed(input.view()));
      input.consume(taken);
      if (!parser.done()) break;
      if (!parser.keep_alive()) close();
      HttpResponse response = parser.take_response();
      if (response.status / 100 != 1 || response.status == 101) return response;
      if (head_only) parser.expect_no_body();
    }
  }
}

Result<HttpUrl> parse_http_url(std::string_view url) {
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kUnix = "unix:";
  HttpUrl parsed;
  if (url.starts_with(kUnix)) {
    const std::size_t end = url.find(":/", kUnix.size());
    LEVI_TRY(endpoint, parse_endpoint(url.substr(0, end)));
    parsed.endpoint = std::move(endpoint);
    parsed.target = end == std::string_view::npos ? "/" : url.substr(end + 1);
    return parsed;
  }
  if (!url.starts_with(kHttp)) {
    return error(ErrorCode::kInvalid, "'" + std::string(url) + "' is no URL that can be called",
                 "write http://HOST:PORT/PATH or unix:/SOCKET:/PATH");
  }
  const std::string_view rest = url.substr(kHttp.size());
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string authority(rest.substr(0, end));
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string::npos || authority.back() == ']') {
    authority += ':' + std::to_string(kDefaultPort);
  }
  LEVI_TRY(endpoint, parse_endpoint(authority));
  parsed.endpoint = std::move(endpoint);
  parsed.target = rest.substr(end);
  if (parsed.target.empty() || parsed.target.front() == '?') parsed.target.insert(0, 1, '/');
  return parsed;
}

Result<HttpResponse> http_call(const std::string& method, const std::string& url, std::string body,
                               Nanos timeout, const HttpHeaders& headers, HttpTiming* timing) {
  LEVI_TRY(parsed, parse_http_url(url));
  HttpSession session(parsed.endpoint);
  const HttpRequest request{method, parsed.target, headers, std::move(body)};
  return session.call(request, timeout, timing);
}

}  // namespace levi::os
