// A journal record's header (docs/journal-format.md is the reference). Little-endian, 8-byte aligned.
//
// `length` is stored last, with release order, so a reader in another thread or a later process never sees half a record.
// A CRC32C of nothing is 0, so zero-filled space would pass a checksum alone: a zero length means "no record here".
#pragma once

#include <cstddef>
#include <cstdint>

namespace levi::journal {

struct RecordHeader {
  std::uint32_t length = 0;       // of header and body, without padding to 8; never 0 for a record
  std::uint32_t crc = 0;          // of the header from `type` on, and the body
  std::uint16_t type = 0;         // machine::event_type, or one of the journal's own below
  std::uint16_t shard = 0;
  std::uint32_t incarnation = 0;
  std::uint32_t segment = 0;
  std::uint32_t reserved = 0;
  std::uint64_t sequence = 0;     // from 1, without gaps
  std::int64_t instant_ns = 0;    // journal time
};
static_assert(sizeof(RecordHeader) == 40);

inline constexpr std::uint16_t kTypePadding = 0xffff;  // fills the ring to its end; no sequence of its own
inline constexpr std::size_t kBodyBytesMax = 4096;

}  // namespace levi::journal
