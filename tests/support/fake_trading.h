// Stand-ins for the threads that the HTTP threads talk to: one that answers commands as the trading
// thread would, one that makes audit entries durable as the scribe would. Both can be told to hang.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "core/control/audit_entry.h"
#include "core/control/shared.h"
#include "core/os/thread.h"

namespace levi::test {

// Runs `work` whenever it is woken, until destroyed.
class Worker {
 public:
  explicit Worker(std::function<void()> work) : work_(std::move(work)) {
    thread_ = os::start_thread("worker", [this] { run(); });
  }
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    condition_.notify_one();
    thread_.join();
  }
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    condition_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      condition_.wait(lock, [this] { return woken_ || stopping_; });
      woken_ = false;
      lock.unlock();
      work_();
      lock.lock();
    }
  }

  std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable condition_;
  bool woken_ = false;
  bool stopping_ = false;
  os::Thread thread_;
};

class FakeTrading {
 public:
  using Answer = std::function<control::CommandAnswer(const machine::Command&)>;

  FakeTrading(control::CommandPort& port, Answer answer)
      : port_(port), answer_(std::move(answer)), worker_([this] { work(); }) {
    port_.wake_trading_ = [this] {
      ++wakes;
      worker_.wake();
    };
  }
  ~FakeTrading() { port_.wake_trading_ = nullptr; }

  // Lets commands wait; freed, it answers what has waited.
  void hang(bool on) {
    hanging_ = on;
    worker_.wake();
  }
  std::vector<machine::Event> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  // Blocks until `count` events have come; false after the deadline.
  bool wait_seen(std::size_t count) {
    std::unique_lock lock(mutex_);
    return condition_.wait_for(lock, std::chrono::seconds(20),
                               [&] { return seen_.size() >= count; });
  }
  std::atomic<int> wakes{0};

 private:
  void work() {
    while (!hanging_) {
      const auto event = port_.next_command();
      if (!event) return;
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back(*event);
      }
      condition_.notify_all();
      const auto* command = std::get_if<machine::Command>(&*event);
      if (command != nullptr) port_.answer(answer_(*command));
    }
  }

  control::CommandPort& port_;
  Answer answer_;
  std::atomic<bool> hanging_{false};
  std::mutex mutex_;
  std::condition_variable condition_;
  std::vector<machine::Event> seen_;
  Worker worker_;
};

class FakeScribe {
 public:
  explicit FakeScribe(control::AuditRing& ring) : ring_(ring), worker_([this] { work(); }) {
    ring_.wake_scribe_ = [this] { worker_.wake(); };
  }
  void hang(bool on) {
    hanging_ = on;
    worker_.wake();
  }
  // Every entry written so far.
  std::vector<control::AuditEntry> entries() {
    worker_.wake();
    const std::lock_guard lock(mutex_);
    return entries_;
  }
  bool wait_entries(std::size_t count) {
    std::unique_lock lock(mutex_);
    for (int i = 0; i < 2000 && entries_.size() < count; ++i) {
      worker_.wake();  // kills are not hurried: as the real scribe, look again and again
      condition_.wait_for(lock, std::chrono::milliseconds(10));
    }
    return entries_.size() >= count;
  }

 private:
  void work() {
    while (!hanging_) {
      const auto entry = ring_.pop();
      if (!entry) return;
      ring_.set_durable(++durable_);
      {
        const std::lock_guard lock(mutex_);
        entries_.push_back(*entry);
      }
      condition_.notify_all();
    }
  }

  control::AuditRing& ring_;
  std::uint64_t durable_ = 0;
  std::atomic<bool> hanging_{false};
  std::mutex mutex_;
  std::condition_variable condition_;
  std::vector<control::AuditEntry> entries_;
  Worker worker_;
};

}  // namespace levi::test
