// Runtime: what all proxies of one process share. Lives on the loop's thread, outlives every proxy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "chaos/proxy/kernel_pipe.h"
#include "chaos/proxy/tls.h"
#include "core/os/loop.h"
#include "core/os/precise_timers.h"
#include "core/os/resolver.h"

namespace levi::proxy {

class Connection;

struct Runtime {
  static constexpr std::size_t kBufferBytes = 128 * 1024;

  Runtime(os::Loop& loop_given, std::uint64_t seed_given, bool compat_given);
  ~Runtime();

  os::Loop& loop;
  os::PreciseTimers timers;
  os::Resolver resolver;
  const std::uint64_t seed;  // of everything random that toxics do
  const bool compat;         // Toxiproxy's old ways: FIN where it sends FIN
  // Scratch of whichever link is reading. On a page's edge: measured, 1.2 GB/s became 3.0 GB/s over
  // eight connections (a copy whose ends differ by a few bytes, modulo a page, is slow).
  struct alignas(4096) Buffer {
    char bytes[kBufferBytes];
  };
  std::span<char> buffer() { return buffer_->bytes; }

  KernelPipe pipe;                 // of whichever link is reading in bulk
  std::vector<std::string> spare;  // emptied buffers, so that a busy link need not make its own
  std::unique_ptr<ScratchAuthority> authority;  // null: proxies that end TLS bring certificates

  // A connection that is over may still be on the stack: it is destroyed in a later round.
  void bury(std::unique_ptr<Connection> connection);

 private:
  std::unique_ptr<Buffer> buffer_ = std::make_unique<Buffer>();
  std::vector<std::unique_ptr<Connection>> graveyard_;
  os::Loop::TimerId burial_ = 0;
};

}  // namespace levi::proxy
