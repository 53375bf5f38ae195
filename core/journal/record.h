// A journal record's header (docs/journal-format.md is the reference). Little-endian, 8-byte
// aligned.
//
// `length` and `crc` are one 64-bit word that is stored last, with release order, so a reader in
// another thread or a later process never sees half a record. A CRC32C of nothing is 0, so
// zero-filled space would pass a checksum alone: a zero length means "no record here".
#pragma once

#include <cstddef>
#include <cstdint>

namespace levi::journal {

struct RecordHeader {
  std::uint32_t length = 0;  // of header and body, without padding to 8; never 0 for a record
  std::uint32_t crc = 0;     // of the header from `type` on, and the body
  std::uint16_t type = 0;    // machine::event_type, or one of the journal's own below
  std::uint16_t shard = 0;
  std::uint32_t incarnation = 0;
  std::uint32_t segment = 0;  // the number of the segment that this record is copied to
  std::uint32_t reserved = 0;
  std::uint64_t sequence = 0;   // from 1, without gaps
  std::int64_t instant_ns = 0;  // journal time, never running backwards
};
static_assert(sizeof(RecordHeader) == 40);

inline constexpr std::uint16_t kTypePadding = 0xffff;  // fills the ring to its end; no sequence
inline constexpr std::size_t kBodyBytesMax = 4096;
inline constexpr std::size_t kRecordBytesMax = sizeof(RecordHeader) + kBodyBytesMax;
inline constexpr std::size_t kSegmentHeaderBytes = 4096;
inline constexpr std::size_t kSegmentBytesMin = kSegmentHeaderBytes + kRecordBytesMax;
inline constexpr std::int64_t kInstantMax = std::int64_t{1} << 62;  // machine::kTimeMax

// What a record takes in a ring or a segment.
constexpr std::size_t stride_of(std::size_t length) { return (length + 7) & ~std::size_t{7}; }

std::uint32_t record_crc(const RecordHeader& header, const void* body, std::size_t body_bytes);

// Looks at the bytes of one record. kEnd: a zero length. kDamaged: nothing that a writer wrote.
// `available`: how many bytes may be read at `at`.
enum class Parsed { kRecord, kPadding, kEnd, kDamaged };
struct RecordView {
  RecordHeader header;
  const std::byte* body = nullptr;
  std::size_t body_bytes = 0;
};
Parsed parse_record(const std::byte* at, std::size_t available, RecordView& out);

}  // namespace levi::journal
