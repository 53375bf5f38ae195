// Segment files: writing and reading (docs/journal-format.md). Private to core/journal.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/journal.h"
#include "core/os/fd.h"

namespace levi::journal {

inline constexpr std::uint64_t kSegmentMagic = 0x4d47'4553'4956'454cull;  // "LEVISEGM"
inline constexpr std::uint32_t kSegmentVersion = 1;

struct SegmentHeader {
  std::uint64_t magic = kSegmentMagic;
  std::uint32_t version = kSegmentVersion;
  std::uint32_t header_bytes = 0;
  std::array<char, 8> instance{};  // length, 7 characters
  std::uint32_t segment = 0;
  std::uint32_t incarnation = 0;     // of its first record
  std::uint64_t first_sequence = 0;  // everything below it was durable when this file was made
  std::int64_t first_instant_ns = 0;
  std::uint32_t reserved = 0;
  std::uint32_t crc = 0;
};
static_assert(sizeof(SegmentHeader) == 56);

// The watermark of a batch, written with the next batch or when the persister is idle; two places,
// in disk sectors of their own, written in turn: the higher valid one counts.
struct SegmentMark {
  std::uint64_t sequence = 0;
  std::uint32_t written = 0;  // how often, to tell it from an empty place
  std::uint32_t crc = 0;
};
inline constexpr std::size_t kSegmentMarkOffsets[2] = {1024, 2048};

struct SegmentName {
  std::uint32_t number = 0;
  std::string path;
};
std::string segment_path(const std::string& folder, std::uint32_t number);
Result<std::vector<SegmentName>> list_segments(const std::string& folder);  // by number

class SegmentReader {
 public:
  static Result<SegmentReader> open(const std::string& path,
                                    const std::optional<Identity>& identity);
  SegmentReader(SegmentReader&&) noexcept = default;
  SegmentReader& operator=(SegmentReader&&) noexcept = default;

  const SegmentHeader& header() const { return header_; }
  const std::string& path() const { return path_; }
  RecordSequence durable() const { return durable_; }  // by this file alone
  // The next record; the view is good until the next call.
  Result<Parsed> next(RecordView& out);
  std::uint64_t offset() const { return offset_; }  // of the next record
  // After damage: the highest sequence of a whole record behind it, else 0.
  Result<std::uint64_t> salvage();

 private:
  SegmentReader() = default;
  Status fill();
  Status read_marks();
  bool zero_word_at_offset() const;

  std::string path_;
  os::Fd fd_;
  SegmentHeader header_;
  RecordSequence durable_;
  std::uint64_t offset_ = 0;
  std::string buffer_;  // the file from `buffer_offset_` on
  std::uint64_t buffer_offset_ = 0;
  bool at_end_ = false;  // the buffer reaches the end of the file
};

class SegmentWriter {
 public:
  // Beside, with space reserved, then renamed: a segment with a bad header is damage, not a crash.
  static Result<SegmentWriter> create(const std::string& folder, const SegmentHeader& header,
                                      std::uint64_t bytes);
  // The standing one with exactly this header, from its first record on; nothing where there is
  // none.
  static Result<std::optional<SegmentWriter>> adopt(const std::string& folder,
                                                    const SegmentHeader& header);
  // Continues a standing one at `offset`.
  static Result<SegmentWriter> reopen(const std::string& folder, std::uint32_t number,
                                      std::uint32_t offset);
  SegmentWriter(SegmentWriter&&) noexcept = default;
  SegmentWriter& operator=(SegmentWriter&&) noexcept = default;

  std::uint32_t number() const { return number_; }
  Status write(std::uint64_t offset, const std::byte* bytes, std::size_t size);
  Status write_mark(RecordSequence durable);
  Status sync();

 private:
  SegmentWriter() = default;
  Status reserve(std::uint64_t bytes);
  Status fill(std::uint64_t bytes);
  std::string path_;
  os::Fd fd_;
  std::uint32_t number_ = 0;
  std::uint32_t marks_written_ = 0;
  std::uint64_t reserved_ = 0;
  std::uint64_t filled_ = 0;  // up to there stand zeros or more, durably
};

// Gives back the space that was reserved behind `offset`, the end of a segment's last record. Where
// something stands there (a tail that was cut), or where it fails, the file stays as it is.
void give_back_behind(const std::string& path, std::uint64_t offset);

// kConflict where a file of `instance` does not belong to this journal.
Status check_instance(const std::array<char, 8>& instance, const std::optional<Identity>& identity,
                      const std::string& path);

}  // namespace levi::journal
