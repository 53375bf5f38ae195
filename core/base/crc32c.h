// CRC32C (Castagnoli, RFC 3720 appendix B.4): the SSE4.2 instruction where the CPU has it, else a
// table.
#pragma once

#include <cstddef>
#include <cstdint>

namespace levi {

std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t previous = 0);

}  // namespace levi
