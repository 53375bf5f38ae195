// CourtesyPriority: real-time priority for a thread that serves outsiders, as long as it is a
// courteous one.
//
// A kill may come by the API port too, and a thread of ordinary priority that sleeps on the CPU
// that the trading thread is busy on waits there for milliseconds (measured at full order flow on
// two CPUs: p99 5 to 7 ms). So it runs below the trading thread and above everything ordinary, but
// only while it takes a small share of a CPU: under a flood it is an ordinary thread, and engines
// get theirs.
//
// Owned and called by the thread itself. What is not permitted is not an error.
#pragma once

#include "core/base/instant.h"

namespace levi::os {

class CourtesyPriority {
 public:
  void round(MonoTime now);  // in each round of its loop; looks at its own share every 10 ms

 private:
  void set_real_time(bool real_time);

  MonoTime looked_;
  Nanos used_{0};
  bool real_time_ = false;
  bool permitted_ = true;
};

}  // namespace levi::os
