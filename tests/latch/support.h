// What the latch's tests share: an open latch, and the raw bytes of its file.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/latch/latch.h"
#include "tests/support/forked.h"
#include "tests/support/temp_folder.h"

namespace levi::test {

// As after the first resume: every bit clear.
inline latch::Latch open_latch(const TempFolder& folder) {
  auto latch = latch::Latch::create(latch::latch_path(folder.path()));
  LEVI_CHECK(latch);
  LEVI_CHECK(latch.value().release(latch::Holder::kNewInstance, 0));
  return std::move(latch.value());
}

// Offsets of docs/kill-latch.md.
inline constexpr off_t kOffsetMagic = 0, kOffsetWord = 8, kOffsetVersion = 20, kOffsetInode = 24;

inline void poke(const std::string& path, off_t offset, const void* bytes, std::size_t size) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  LEVI_CHECK(fd >= 0 && pwrite(fd, bytes, size, offset) == static_cast<ssize_t>(size));
  close(fd);
}

}  // namespace levi::test
