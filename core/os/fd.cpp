#include "core/os/fd.h"

#include <unistd.h>

namespace levi::os {

void Fd::reset(int fd) {
  // Not retried on EINTR: on Linux the descriptor is gone either way, and its number may be
  // another's by now.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace levi::os
