// What the tests of core/os share: pumping a loop with a deadline, and a client that speaks raw
// bytes.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/os/clock.h"
#include "core/os/loop.h"
#include "core/os/socket.h"

namespace levi::os {

inline constexpr Nanos kDeadline = 20s;  // of every wait: reaching it is a failure, never a measure

// Runs the loop until `reached`; false when the deadline passed first.
inline bool pump(Loop& loop, const std::function<bool()>& reached) {
  const MonoTime deadline = mono_now() + kDeadline;
  while (!reached()) {
    if (mono_now() >= deadline) return false;
    loop.run_once(2ms);
  }
  return true;
}

// Lets everything that is already on its way arrive: for showing that something does NOT happen.
inline void settle(Loop& loop) {
  for (int quiet = 0; quiet < 5;) quiet = loop.run_once(2ms) ? 0 : quiet + 1;
}

// A blocking test would dead-lock with a server on its own thread: this client only moves while the
// loop is pumped.
class RawClient {
 public:
  RawClient(Loop& loop, const Endpoint& endpoint) : loop_(loop) {
    auto fd = connect_blocking(endpoint, kDeadline);
    LEVI_CHECK(fd);
    fd_ = std::move(fd).value();
  }

  void send(std::string_view bytes) {
    const MonoTime deadline = mono_now() + kDeadline;
    while (!bytes.empty()) {
      LEVI_CHECK(mono_now() < deadline);
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      if (sent < 0 && errno != EAGAIN) return;  // The server has ended it: the test will see how.
      loop_.run_once(0ms);
    }
  }

  // Everything received so far, once `enough` holds for it; what came when the deadline passed or
  // the peer ended.
  const std::string& read(const std::function<bool(const std::string&)>& enough) {
    pump(loop_, [&] {
      while (receive()) {
      }
      return enough(received_) || ended_;
    });
    return received_;
  }
  const std::string& read_until(std::string_view text) {
    return read([&](const std::string& all) { return all.find(text) != std::string::npos; });
  }
  const std::string& read_to_end() {
    return read([](const std::string&) { return false; });
  }
  const std::string& received() {
    while (receive()) {
    }
    return received_;
  }

  bool ended() {
    receive();
    return ended_;
  }
  bool was_reset() const { return reset_; }
  void forget() { received_.clear(); }
  void close() { fd_.reset(); }
  void abort() { close_with_reset(std::move(fd_)); }
  void end_output() { ::shutdown(fd_.get(), SHUT_WR); }
  int fd() const { return fd_.get(); }

 private:
  bool receive() {
    if (ended_ || !fd_) return false;
    char bytes[16384];
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0) {
      received_.append(bytes, static_cast<std::size_t>(got));
      return true;
    }
    if (got < 0 && errno == EAGAIN) return false;
    ended_ = true;
    reset_ = got < 0;
    return false;
  }

  Loop& loop_;
  Fd fd_;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

}  // namespace levi::os
