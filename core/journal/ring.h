// The ring's bytes and how to walk them (docs/journal-format.md). Private to core/journal.
//
// A position counts all bytes ever appended, padding included; its place in the file is
// `header + position mod capacity`. A record never begins in the last 40 bytes of the ring:
// positions there are skipped by both sides. The word in front of the next record is zeroed before
// a record is published, so the end is always a zero length, whatever stood there a lap ago.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/journal/journal.h"
#include "core/os/fd.h"
#include "core/os/file.h"
#include "core/os/mapping_guard.h"

namespace levi::journal {

inline constexpr std::uint64_t kRingMagic = 0x474e'4952'4956'454cull;  // "LEVIRING"
inline constexpr std::uint32_t kRingVersion = 1;
inline constexpr std::size_t kRingHeaderBytes = 8192;
inline constexpr std::size_t kRingBytesMin = 65536;
inline constexpr std::size_t kRingBytesMax = std::size_t{1} << 36;
inline constexpr std::size_t kRingParts = 256;
// Behind a record: the skipped end of the ring, and the zeroed word of the next.
inline constexpr std::uint64_t kRingSlack = sizeof(RecordHeader) + 8;

// How far the segments have it. `position`: of the next record to copy.
struct Mark {
  std::uint64_t position = 0;
  RecordSequence sequence;    // the last durable one
  std::uint32_t segment = 0;  // where it stands
  std::uint32_t offset = 0;   // and where the next one in that segment goes
  Instant instant;            // of the last durable record
};

struct RingStatic {
  std::uint64_t magic = kRingMagic;
  std::uint32_t version = kRingVersion;
  std::uint32_t header_bytes = kRingHeaderBytes;
  std::uint64_t capacity = 0;
  std::array<char, 8> instance{};  // length, 7 characters
  std::uint32_t reserved = 0;
  std::uint32_t crc = 0;  // of all above
};
static_assert(sizeof(RingStatic) == 40);

struct MarkWords {
  std::atomic<std::uint64_t> position;
  std::atomic<std::uint64_t> sequence;
  std::atomic<std::uint32_t> segment;
  std::atomic<std::uint32_t> offset;
  std::atomic<std::int64_t> instant;
};

struct RingHeader {
  RingStatic fixed;
  // The writer's line. `claimed`: bytes below this position minus capacity may be overwritten.
  alignas(64) std::atomic<std::uint64_t> claimed;
  std::atomic<std::uint64_t> position;
  std::atomic<std::uint64_t> last_sequence;
  std::atomic<std::uint32_t> incarnation;
  // The persister's: two marks, the one that `mark_generation` mod 2 names is whole.
  alignas(64) std::atomic<std::uint64_t> mark_generation;
  alignas(64) std::array<MarkWords, 2> marks;
  // A follower sleeps on `wakes`: the writer must wake it.
  alignas(64) std::atomic<std::uint32_t> waiting;
  std::atomic<std::uint32_t> wakes;
};

// Where to begin a walk: the first record of each 256th of the ring. Checked against the record.
struct IndexEntry {
  std::atomic<std::uint64_t> sequence;
  std::atomic<std::uint64_t> position;
};

class Ring {
 public:
  // Replaces what stands at the path. `last` is the sequence before the first record; `segment` the
  // highest number in use.
  static Result<RingHandle> create(const std::string& path, std::size_t bytes,
                                   const InstanceId& instance, RecordSequence last, Instant instant,
                                   std::uint32_t segment);
  // kNotFound, kCorrupt, kUnsupported (another version).
  static Result<RingHandle> attach(const std::string& path);

  RingHeader& header() const { return *reinterpret_cast<RingHeader*>(mapping_.data()); }
  IndexEntry& index(std::size_t part) const {
    return reinterpret_cast<IndexEntry*>(mapping_.data() + kIndexOffset)[part];
  }
  std::byte* data() const { return mapping_.data() + kRingHeaderBytes; }
  std::uint64_t capacity() const { return capacity_; }
  const std::string& path() const { return path_; }
  InstanceId instance() const;
  bool broken() const { return guard_.broken(); }
  void populate() const;  // faults every page in, so that appending does not
  // True while the path names another file than the one mapped.
  bool replaced() const;

  std::size_t offset(std::uint64_t position) const {
    return static_cast<std::size_t>(position & (capacity_ - 1));
  }
  // Past the ring's last bytes, where no record begins.
  std::uint64_t normalized(std::uint64_t position) const {
    const std::uint64_t left = capacity_ - offset(position);
    return left < sizeof(RecordHeader) ? position + left : position;
  }
  std::uint64_t first_word(std::uint64_t position) const;  // length and crc, acquire
  void clear_first_word(std::uint64_t position) const;

  Mark mark() const;
  void set_mark(const Mark& mark) const;
  Status check_mark(const Mark& mark) const;

  // Where the record `after` + 1 is, or will be. kNotFound: overwritten; kInvalid: in the future.
  Result<std::uint64_t> find(RecordSequence after) const;
  // Copies the record at a normalized position (word by word: it may be overwritten meanwhile) and
  // looks at the copy. kEnd, kDamaged as they are; nothing is said about lapping.
  Parsed copy(std::uint64_t position, std::array<std::byte, kRecordBytesMax>& buffer,
              RecordView& out) const;
  bool lapped(std::uint64_t position) const;

 private:
  static constexpr std::size_t kIndexOffset = 4096;
  Ring(std::string path, os::Fd fd, os::Mapping mapping, std::uint64_t capacity);
  Result<std::uint64_t> walk(std::uint64_t position, std::optional<RecordSequence> last,
                             RecordSequence after) const;

  std::string path_;
  os::Fd fd_;
  os::Mapping mapping_;
  os::MappingGuard guard_;
  std::uint64_t capacity_ = 0;
};
static_assert(sizeof(RingHeader) <= 4096);

std::array<char, 8> pack_instance(const InstanceId& id);
InstanceId unpack_instance(const std::array<char, 8>& bytes);

// Words of 8 bytes, relaxed atomics: a reader that is being lapped sees garbage, never undefined
// behaviour. The last word is filled up with zeroes.
void store_words(std::byte* out, const void* in, std::size_t bytes);
void load_words(void* out, const std::byte* in, std::size_t bytes);  // bytes: a multiple of 8

}  // namespace levi::journal
