// levictl's voice to its guard: what it has to say, and, once per period, a sign of life from a
// thread of its own.
//
// The thread speaks only while its owner vouched for itself: `good_until` is moved by the owner's
// thread, in its loop and before anything that keeps it from its loop. So a slow disk under the
// owner does not end a run, but an owner that hangs, or a process that is stopped, falls silent.
// The pipe stays the owner's and must outlive this object. `say` and `good_until`: the owner's
// thread.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/loop.h"
#include "core/os/thread.h"

namespace levi::chaos {

class Heartbeat {
 public:
  Heartbeat(int pipe, Nanos period);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  void good_until(MonoTime end) { good_until_ns_ = end.ns; }
  // One line, whole or not at all. Never waits: a guard that has not read for so long that the pipe
  // is full is an error.
  Status say(const std::string& line);
  // What the thread does once per period. False: nothing was said.
  bool beat(MonoTime now);

 private:
  void beat_later();

  int pipe_;
  Nanos period_;
  std::atomic<std::int64_t> good_until_ns_{0};
  std::mutex speaking_;  // two threads, and lines that must stay whole
  os::Loop loop_;        // the thread's
  os::Thread thread_;
};

}  // namespace levi::chaos
