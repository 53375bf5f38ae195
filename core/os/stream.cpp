#include "core/os/stream.h"

#include <sys/socket.h>

#include <cerrno>

#include "core/base/check.h"
#include "core/os/socket.h"

namespace levi::os {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;  // room offered to each recv
constexpr int kReadsPerRound = 16;             // one busy peer must not starve the others
constexpr std::size_t kKeptOutputMax =
    256 * 1024;  // a larger output buffer is given back once it is sent

}  // namespace

Stream::Stream(Loop& loop, Fd fd, StreamEvents& events)
    : loop_(loop), fd_(std::move(fd)), events_(events) {}

Stream::~Stream() { close(); }

void Stream::start(std::shared_ptr<void> keep) { watch(std::move(keep)); }

void Stream::watch(std::shared_ptr<void> keep) {
  LEVI_CHECK(is_open() && !watched_);
  watched_ = true;
  const std::uint32_t interest = (paused_ ? 0u : kReadable) | (pending() > 0 ? kWritable : 0u);
  loop_.watch(fd_.get(), interest,
              [this, keep = std::move(keep)](std::uint32_t ready) { on_ready(ready); });
}

void Stream::update_interest() {
  if (!watched_) return;
  // A failed write is found again by reading up to the end.
  const bool read = !paused_ || write_failed_;
  const bool write = pending() > 0 && !write_failed_;
  loop_.change(fd_.get(), (read ? kReadable : 0u) | (write ? kWritable : 0u));
}

void Stream::pause_reading(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  update_interest();
}

void Stream::on_ready(std::uint32_t ready) {
  if ((ready & kWritable) && pending() > 0) {
    flush();
    if (is_open() && pending() == 0) events_.on_drained();
    if (!is_open()) return;
  }
  // A hang-up is no end yet: Linux keeps what came before it readable, also before an RST.
  if (ready & (kReadable | kHangUp)) read_now();
}

void Stream::read_now() {
  for (int i = 0; i < kReadsPerRound && is_open() && !frozen_ && read_some(); ++i) {
  }
}

bool Stream::read_some() {
  char* space = input_.prepare(kReadBytes);
  const std::size_t room = input_.room();
  const ssize_t got = ::recv(fd_.get(), space, room, 0);
  if (got > 0) {
    const auto count = static_cast<std::size_t>(got);
    input_.commit(count);
    events_.on_data();
    return count == room;  // Less than asked for: the kernel had no more.
  }
  if (got < 0 && errno == EINTR) return true;
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  if (ended_) return false;
  ended_ = true;
  StreamEnd end = StreamEnd::kEndOfFile;
  if (got < 0) end = errno == ECONNRESET ? StreamEnd::kReset : StreamEnd::kError;
  events_.on_end(reset_seen_ ? StreamEnd::kReset : end);
  return false;
}

void Stream::flush() {
  if (frozen_ || !is_open()) return;
  while (pending() > 0 && !write_failed_) {
    const ssize_t count =
        ::send(fd_.get(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (count >= 0) {
      sent_ += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    reset_seen_ = errno == ECONNRESET || errno == EPIPE;
    write_failed_ = true;
  }
  if (write_failed_) sent_ = output_.size();  // Nobody will read it.
  if (pending() == 0) {
    output_.clear();
    if (output_.capacity() > kKeptOutputMax) output_.shrink_to_fit();
    sent_ = 0;
  } else if (sent_ > kKeptOutputMax && sent_ > output_.size() / 2) {
    output_.erase(0,
                  sent_);  // A writer that never lets it run dry would otherwise grow it for ever.
    sent_ = 0;
  }
  update_interest();
}

void Stream::freeze(bool frozen, std::shared_ptr<void> keep) {
  if (frozen_ == frozen || !is_open()) return;
  frozen_ = frozen;
  if (frozen) {
    if (watched_) {
      watched_ = false;
      loop_.unwatch(fd_.get());
    }
    return;
  }
  watch(std::move(keep));
  flush();
}

void Stream::end_output() {
  if (is_open()) ::shutdown(fd_.get(), SHUT_WR);
}

void Stream::close() { unwatch_and(false); }

void Stream::reset() { unwatch_and(true); }

void Stream::unwatch_and(bool with_reset) {
  if (!is_open()) return;
  Fd fd = std::move(fd_);
  const int number = fd.get();
  Loop& loop = loop_;
  if (watched_) {
    watched_ = false;
    loop.unwatch(
        number);  // May let go of the owner and with it of this: nothing of it is touched below.
  }
  if (with_reset) close_with_reset(std::move(fd));
}

}  // namespace levi::os
