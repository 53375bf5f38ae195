#include "core/os/unused_port.h"

#include <atomic>
#include <cstdlib>

#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/socket.h"

namespace levi::os {

Result<std::uint16_t> unused_port() {
  constexpr std::uint64_t kFirst = 10'240;
  constexpr int kTriesMax = 200;
  const auto range = read_file("/proc/sys/net/ipv4/ip_local_port_range");
  const std::uint64_t end = range ? std::strtoull(range.value().c_str(), nullptr, 10) : 0;
  // One after the other from a random first: drawn each time anew, two of a stage's four were the
  // same once in some thousand stages, as none is taken yet when the next is asked for.
  static std::atomic<std::uint64_t> next{random_seed()};
  for (int i = 0; i < kTriesMax && end > kFirst; ++i) {
    const auto port = static_cast<std::uint16_t>(kFirst + next.fetch_add(1) % (end - kFirst));
    if (listen_on({"127.0.0.1", port, {}})) return port;
  }
  LEVI_TRY(listener, listen_on({"127.0.0.1", 0, {}}));
  return local_port(listener.get());
}

}  // namespace levi::os
