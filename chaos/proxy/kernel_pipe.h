// KernelPipe: moves bytes from one socket to another without copying them through this process.
//
// One for all links of a process, used from the loop's thread, and empty between two calls: what
// the sink does not take at once comes out as bytes. Only plain sockets whose bytes nobody looks
// at can be moved so. Worth it for bulk alone: a short message costs as much as by recv and send.
#pragma once

#include <cstddef>
#include <string>

#include "core/os/fd.h"
#include "core/os/socket_calls.h"

namespace levi::proxy {

class KernelPipe {
 public:
  KernelPipe();

  bool usable() const { return static_cast<bool>(out_); }  // false where the system has none

  struct Result {
    os::Moved source;      // as of a receive: `bytes` were taken
    std::size_t sent = 0;  // of them, by the sink; the others are in `rest`
    bool sink_failed = false;
  };
  Result move(int from, int to, std::size_t bytes_max, std::string& rest);

 private:
  void take_rest(std::size_t size, std::string& rest);

  os::Fd out_;
  os::Fd in_;
};

}  // namespace levi::proxy
