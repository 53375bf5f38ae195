// Log: levid's lines on standard error, written by a thread of their own.
//
// Whoever reads them may stand still (a stopped `tee`, a frozen terminal, a disk that hangs) or be
// gone. No thread of ours ever waits for that: lines go into a bounded queue, where the oldest give
// way, and how many is said once somebody reads again. Any thread may log, by spdlog's default
// logger, which lives on behind this object and then keeps its lines to itself.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace levi::levid {

class Log {
 public:
  static constexpr std::size_t kLinesMax = 4096;

  // Makes it spdlog's default logger. `level`: "debug", "info", "warn", "error". The descriptor
  // stays the caller's.
  Log(int fd, const std::string& level);
  // Writes what waits, as far as somebody reads, for a moment at most.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

 private:
  class Sink;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace levi::levid
