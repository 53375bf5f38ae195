#include "core/levid/log.h"

#include <poll.h>
#include <signal.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "core/os/clock.h"
#include "core/os/loop.h"
#include "core/os/thread.h"

namespace levi::levid {
namespace {

// A pipe that shows room takes so much at once without making the writer wait (PIPE_BUF).
constexpr std::size_t kChunkBytes = 4096;
constexpr Nanos kLookAgain{20ms};  // whether somebody reads again: a file can't be watched
constexpr Nanos kLastWords{200ms};

// Stop signals are the trading thread's: they must not end the process by way of this one.
os::Thread start_without_signals(std::function<void()> body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  os::Thread thread = os::start_thread("log", std::move(body));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

// Its lock is held for moving one line in, or all of them out: never while anything is written.
class Log::Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // What waits, oldest first, with a line about those that are lost.
  std::deque<std::string> take() {
    const std::lock_guard lock(mutex_);
    std::deque<std::string> lines = std::exchange(lines_, {});
    if (const std::size_t lost = std::exchange(lost_, 0); lost != 0)
      lines.push_front(std::to_string(lost) + " lines of this log are lost: nobody read it\n");
    return lines;
  }
  void set_waker(const os::Waker* waker) {
    const std::lock_guard lock(mutex_);
    waker_ = waker;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    if (lines_.size() == kLinesMax) {
      lines_.pop_front();
      ++lost_;
    }
    lines_.emplace_back(text.data(), text.size());
    if (waker_ != nullptr) waker_->wake();
  }
  void flush_() override {}

  std::deque<std::string> lines_;
  std::size_t lost_ = 0;
  const os::Waker* waker_ = nullptr;
};

struct Log::Impl {
  int fd;
  std::shared_ptr<Sink> sink = std::make_shared<Sink>();
  os::Loop loop;
  os::Waker waker{loop, [this] { write(); }};
  os::Waker stop_waker{loop, [this] { stop(); }};
  os::Thread thread;
  // The writing thread's.
  std::deque<std::string> lines;
  os::Loop::TimerId look_again = 0;
  MonoTime end = kNever;

  explicit Impl(int descriptor) : fd(descriptor) {}

  bool writable() const {
    pollfd watched{fd, POLLOUT, 0};
    return ::poll(&watched, 1, 0) == 1 && (watched.revents & POLLOUT) != 0;
  }

  // False: nobody reads now.
  bool write_line(std::string& line) {
    while (!line.empty()) {
      if (!writable()) return false;
      const ssize_t written = ::write(fd, line.data(), std::min(line.size(), kChunkBytes));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0 && errno == EAGAIN) return false;
      if (written < 0) return true;  // A full disk: the line is lost.
      line.erase(0, static_cast<std::size_t>(written));
    }
    return true;
  }

  void write() {
    loop.cancel(look_again);
    look_again = 0;
    while (true) {
      if (lines.empty()) lines = sink->take();
      if (lines.empty()) break;
      if (!write_line(lines.front())) {
        look_again = loop.after(kLookAgain, [this] { write(); });
        break;
      }
      lines.pop_front();
    }
    if (end != kNever && (lines.empty() || loop.now() >= end)) loop.stop();
  }

  void stop() {
    end = os::mono_now() + kLastWords;
    write();
  }
};

Log::Log(int fd, const std::string& level) : impl_(std::make_unique<Impl>(fd)) {
  auto logger = std::make_shared<spdlog::logger>("levid", impl_->sink);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
  impl_->sink->set_waker(&impl_->waker);
  Impl* self = impl_.get();
  impl_->thread = start_without_signals([self] { self->loop.run(); });
}

Log::~Log() {
  impl_->sink->set_waker(nullptr);
  impl_->stop_waker.wake();
  impl_->thread.join();
}

}  // namespace levi::levid
