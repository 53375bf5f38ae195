// Space for a file, before it is written: a full disk is then an answer here, not a SIGBUS or a
// short write later.
#pragma once

#include <cstdint>

namespace levi::os {

// `bytes` from `offset` on; the file grows to hold them. 0, or the errno of posix_fallocate; a
// signal that comes meanwhile is no failure.
int reserve_space(int fd, std::uint64_t offset, std::uint64_t bytes);

}  // namespace levi::os
