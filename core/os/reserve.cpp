#include "core/os/reserve.h"

#include <fcntl.h>

#include <cerrno>

namespace levi::os {

int reserve_space(int fd, std::uint64_t offset, std::uint64_t bytes) {
  for (;;) {
    const int failed = ::posix_fallocate(fd, static_cast<off_t>(offset), static_cast<off_t>(bytes));
    if (failed != EINTR) return failed;
  }
}

}  // namespace levi::os
