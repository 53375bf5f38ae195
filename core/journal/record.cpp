#include "core/journal/record.h"

#include <algorithm>
#include <cstring>

#include "core/base/crc32c.h"

namespace levi::journal {

std::uint32_t record_crc(const RecordHeader& header, const void* body, std::size_t body_bytes) {
  constexpr std::size_t kFrom = offsetof(RecordHeader, type);
  const auto* bytes = reinterpret_cast<const std::byte*>(&header);
  return crc32c(body, body_bytes, crc32c(bytes + kFrom, sizeof header - kFrom));
}

Parsed parse_record(const std::byte* at, std::size_t available, RecordView& out) {
  RecordHeader& header = out.header;
  header.length = 0;
  std::memcpy(&header.length, at, std::min(available, sizeof header.length));
  if (header.length == 0) return Parsed::kEnd;  // also where a segment's rest holds no header
  if (available < sizeof header) return Parsed::kDamaged;
  std::memcpy(&header, at, sizeof header);
  const bool padding = header.type == kTypePadding;
  if (header.length < sizeof header || header.length > available) return Parsed::kDamaged;
  if (!padding && header.length > kRecordBytesMax) return Parsed::kDamaged;
  out.body = at + sizeof header;
  out.body_bytes = padding ? 0 : header.length - sizeof header;  // padding's space is not covered
  if (record_crc(header, out.body, out.body_bytes) != header.crc) return Parsed::kDamaged;
  return padding ? Parsed::kPadding : Parsed::kRecord;
}

}  // namespace levi::journal
