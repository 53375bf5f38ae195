// HttpPeer: a blocking client that sends raw bytes and reads answers, for tests of servers. Every
// wait has a deadline; a deadline reached shows as an empty answer.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/check.h"

namespace levi::test {

inline constexpr int kPeerDeadlineMs = 20'000;

struct HttpAnswer {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;
};

class HttpPeer {
 public:
  explicit HttpPeer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    connect(port);
  }
  explicit HttpPeer(const std::string& socket_path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    LEVI_CHECK(socket_path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  HttpPeer(HttpPeer&& other) noexcept
      : fd_(other.fd_), connected_(other.connected_), buffer_(std::move(other.buffer_)) {
    other.fd_ = -1;
  }
  HttpPeer& operator=(HttpPeer&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(connected_, other.connected_);
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~HttpPeer() { close(); }

  // Has its descriptor already, for a test that leaves the process none; `connect` follows.
  static HttpPeer unconnected() {
    HttpPeer peer;
    peer.fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return peer;
  }
  bool connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connected_;
  }
  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void reset() {  // RST
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  HttpAnswer call(std::string_view bytes) {
    send(bytes);
    return answer();
  }
  HttpAnswer get(const std::string& target) {
    return call("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  HttpAnswer post(const std::string& target, const std::string& body = {},
                  const std::string& headers = {}) {
    return call("POST " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  // The next answer with a Content-Length. Interim answers (100) are given as they are.
  HttpAnswer answer() {
    HttpAnswer answer;
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return answer;
    }
    answer.head = buffer_.substr(0, end + 4);
    const std::size_t at = answer.head.find("Content-Length: ");
    const std::size_t length =
        at == std::string::npos ? 0 : std::strtoul(answer.head.c_str() + at + 16, nullptr, 10);
    while (buffer_.size() < end + 4 + length) {
      if (!read_more()) return answer;
    }
    answer.body = buffer_.substr(end + 4, length);
    buffer_.erase(0, end + 4 + length);
    answer.status = std::atoi(answer.head.c_str() + 9);
    return answer;
  }
  // True once the server ended the connection, by FIN or RST; what came before is kept.
  bool wait_closed() {
    while (read_more()) {
    }
    return ended_;
  }
  std::string& buffered() { return buffer_; }
  bool read_more() {
    pollfd watched{fd_, POLLIN, 0};
    if (ended_ || ::poll(&watched, 1, kPeerDeadlineMs) != 1) return false;
    char bytes[4096];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

 private:
  HttpPeer() = default;

  int fd_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  std::string buffer_;
};

}  // namespace levi::test
