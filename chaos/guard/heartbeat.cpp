#include "chaos/guard/heartbeat.h"

#include <sys/socket.h>

#include <cerrno>
#include <string_view>

#include "core/os/clock.h"

namespace levi::chaos {
namespace {

constexpr std::string_view kSignOfLife = "{\"do\":\"renew\"}\n";

bool send_now(int pipe, std::string_view line) {
  return ::send(pipe, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(line.size());
}

}  // namespace

Heartbeat::Heartbeat(int pipe, Nanos period) : pipe_(pipe), period_(period) {
  beat_later();
  thread_ = os::start_thread("heartbeat", [this] { loop_.run(); });
}

Heartbeat::~Heartbeat() {
  loop_.stop();
  thread_.join();
}

Status Heartbeat::say(const std::string& line) {
  const std::lock_guard speak(speaking_);
  if (send_now(pipe_, line + "\n")) return ok();
  return io_error("cannot talk to the guard", errno);
}

// While the owner speaks that is the sign of life.
bool Heartbeat::beat(MonoTime now) {
  if (now.ns >= good_until_ns_) return false;
  const std::unique_lock speak(speaking_, std::try_to_lock);
  return speak.owns_lock() && send_now(pipe_, kSignOfLife);
}

void Heartbeat::beat_later() {
  loop_.after(period_, [this] {
    (void)beat(os::mono_now());
    beat_later();
  });
}

}  // namespace levi::chaos
