#include "core/journal/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/os/reserve.h"

namespace levi::journal {
namespace {

constexpr int kMarkReadsMax = 1000;  // against a persister that writes at the same moment

Error damaged(const std::string& path, const std::string& how) {
  return error(ErrorCode::kCorrupt, "journal ring " + path + " is damaged: " + how,
               "what it alone held is lost: levid starts from the segments and keeps it beside");
}

std::uint32_t fixed_crc(const RingStatic& fixed) {
  return crc32c(&fixed, offsetof(RingStatic, crc));
}

Result<os::Fd> make_file(const std::string& path, std::size_t bytes) {
  os::Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return io_error("cannot create " + path, errno);
  const int failed = os::reserve_space(fd.get(), 0, bytes);
  if (failed != 0) {
    unlink(path.c_str());
    return io_error(
        "cannot reserve " + std::to_string(bytes) + " bytes for the journal ring " + path, failed,
        "set a smaller ring, or make room on that tmpfs");
  }
  return fd;
}

Status check_fixed(const RingStatic& fixed, std::uint64_t file_bytes, const std::string& path) {
  if (fixed.magic != kRingMagic) return damaged(path, "no journal ring (wrong magic)");
  if (fixed.version != kRingVersion) {
    return error(ErrorCode::kUnsupported,
                 "journal ring " + path + " has format " + std::to_string(fixed.version) +
                     ", this build knows " + std::to_string(kRingVersion),
                 "stop the levid that wrote it, start it once more to make everything durable, "
                 "then move the ring away");
  }
  if (fixed.crc != fixed_crc(fixed)) return damaged(path, "its header's CRC is wrong");
  if (fixed.header_bytes != kRingHeaderBytes || !std::has_single_bit(fixed.capacity) ||
      fixed.capacity < kRingBytesMin || fixed.capacity > kRingBytesMax ||
      file_bytes != fixed.capacity + kRingHeaderBytes) {
    return damaged(path, "it has " + std::to_string(file_bytes) + " bytes, its header says " +
                             std::to_string(fixed.capacity) + " and " +
                             std::to_string(kRingHeaderBytes));
  }
  return ok();
}

std::uint64_t& word_at(std::byte* at) { return *reinterpret_cast<std::uint64_t*>(at); }

}  // namespace

std::array<char, 8> pack_instance(const InstanceId& id) {
  std::array<char, 8> bytes{};
  bytes[0] = static_cast<char>(id.size_);
  std::memcpy(bytes.data() + 1, id.data_.data(), id.data_.size());
  return bytes;
}

InstanceId unpack_instance(const std::array<char, 8>& bytes) {
  InstanceId id;
  id.size_ = static_cast<std::uint8_t>(bytes[0]);
  if (!id.valid()) return {};
  std::memcpy(id.data_.data(), bytes.data() + 1, id.data_.size());
  return id;
}

void store_words(std::byte* out, const void* in, std::size_t bytes) {
  const auto* from = static_cast<const std::byte*>(in);
  std::uint64_t word = 0;
  std::size_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    std::memcpy(&word, from + i, 8);
    std::atomic_ref(word_at(out + i)).store(word, std::memory_order_relaxed);
  }
  if (i == bytes) return;
  word = 0;
  std::memcpy(&word, from + i, bytes - i);
  std::atomic_ref(word_at(out + i)).store(word, std::memory_order_relaxed);
}

void load_words(void* out, const std::byte* in, std::size_t bytes) {
  auto* to = static_cast<std::byte*>(out);
  for (std::size_t i = 0; i < bytes; i += 8) {
    const std::uint64_t word =
        std::atomic_ref(word_at(const_cast<std::byte*>(in) + i)).load(std::memory_order_relaxed);
    std::memcpy(to + i, &word, 8);
  }
}

Ring::Ring(std::string path, os::Fd fd, os::Mapping mapping, std::uint64_t capacity)
    : path_(std::move(path)),
      fd_(std::move(fd)),
      mapping_(std::move(mapping)),
      guard_(mapping_.data(), mapping_.size()),
      capacity_(capacity) {}

Result<RingHandle> Ring::create(const std::string& path, std::size_t bytes,
                                const InstanceId& instance, RecordSequence last, Instant instant,
                                std::uint32_t segment) {
  const std::size_t capacity = std::bit_ceil(std::max(bytes, kRingBytesMin));
  if (capacity > kRingBytesMax) {
    return error(ErrorCode::kInvalid, "a journal ring of " + std::to_string(bytes) + " bytes",
                 "at most " + std::to_string(kRingBytesMax));
  }
  const std::string beside = path + ".new";
  LEVI_TRY(fd, make_file(beside, capacity + kRingHeaderBytes));
  LEVI_TRY(mapping, os::Mapping::map(fd.get(), capacity + kRingHeaderBytes, true, beside));
  RingHandle ring(new Ring(path, std::move(fd), std::move(mapping), capacity));
  RingHeader& header = ring->header();
  header.fixed = RingStatic{};
  header.fixed.capacity = capacity;
  header.fixed.instance = pack_instance(instance);
  header.fixed.crc = fixed_crc(header.fixed);
  header.last_sequence.store(last.value);
  header.claimed.store(kRingSlack);
  ring->index(0).sequence.store(last.value + 1);
  ring->set_mark({0, last, segment, 0, instant});
  if (rename(beside.c_str(), path.c_str()) != 0) {
    return io_error("cannot rename " + beside + " to " + path, errno);
  }
  return ring;
}

Result<RingHandle> Ring::attach(const std::string& path) {
  os::Fd fd(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return error(ErrorCode::kNotFound, "no journal ring at " + path);
  if (!fd) return io_error("cannot open journal ring " + path, errno);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return io_error("cannot look at " + path, errno);
  const auto bytes = static_cast<std::uint64_t>(info.st_size);
  if (!S_ISREG(info.st_mode) || bytes < kRingHeaderBytes) return damaged(path, "it is too short");
  RingStatic fixed;
  if (pread(fd.get(), &fixed, sizeof fixed, 0) != static_cast<ssize_t>(sizeof fixed)) {
    return io_error("cannot read " + path, errno);
  }
  LEVI_TRY_STATUS(check_fixed(fixed, bytes, path));
  LEVI_TRY(mapping, os::Mapping::map(fd.get(), static_cast<std::size_t>(bytes), true, path));
  RingHandle ring(new Ring(path, std::move(fd), std::move(mapping), fixed.capacity));
  LEVI_TRY_STATUS(ring->check_mark(ring->mark()));
  return ring;
}

InstanceId Ring::instance() const { return unpack_instance(header().fixed.instance); }

void Ring::populate() const {
  if (madvise(mapping_.data(), mapping_.size(), MADV_POPULATE_WRITE) == 0) return;
  for (std::size_t i = 0; i < mapping_.size(); i += 4096) {  // before Linux 5.14
    std::atomic_ref(word_at(mapping_.data() + i)).fetch_add(0, std::memory_order_relaxed);
  }
}

bool Ring::replaced() const {
  struct stat ours {};
  struct stat named {};
  if (fstat(fd_.get(), &ours) != 0 || stat(path_.c_str(), &named) != 0) return false;
  return ours.st_ino != named.st_ino || ours.st_dev != named.st_dev;
}

std::uint64_t Ring::first_word(std::uint64_t position) const {
  return std::atomic_ref(word_at(data() + offset(position))).load(std::memory_order_acquire);
}

void Ring::clear_first_word(std::uint64_t position) const {
  std::atomic_ref(word_at(data() + offset(position))).store(0, std::memory_order_relaxed);
}

RecordSequence last_appended(const RingHandle& ring) {
  return {ring->header().last_sequence.load(std::memory_order_acquire)};
}

Mark Ring::mark() const {
  const RingHeader& h = header();
  Mark mark;
  for (int i = 0; i < kMarkReadsMax; ++i) {
    const std::uint64_t generation = h.mark_generation.load(std::memory_order_acquire);
    const MarkWords& words = h.marks[generation & 1];
    mark.position = words.position.load(std::memory_order_relaxed);
    mark.sequence = {words.sequence.load(std::memory_order_relaxed)};
    mark.segment = words.segment.load(std::memory_order_relaxed);
    mark.offset = words.offset.load(std::memory_order_relaxed);
    mark.instant = {words.instant.load(std::memory_order_relaxed)};
    std::atomic_thread_fence(std::memory_order_acquire);
    if (h.mark_generation.load(std::memory_order_relaxed) == generation) break;
  }
  return mark;
}

void Ring::set_mark(const Mark& mark) const {
  RingHeader& h = header();
  const std::uint64_t generation = h.mark_generation.load(std::memory_order_relaxed) + 1;
  MarkWords& words = h.marks[generation & 1];
  words.position.store(mark.position, std::memory_order_relaxed);
  words.sequence.store(mark.sequence.value, std::memory_order_relaxed);
  words.segment.store(mark.segment, std::memory_order_relaxed);
  words.offset.store(mark.offset, std::memory_order_relaxed);
  words.instant.store(mark.instant.ns, std::memory_order_relaxed);
  h.mark_generation.store(generation, std::memory_order_release);
}

Status Ring::check_mark(const Mark& mark) const {
  const bool plausible = mark.position % 8 == 0 && normalized(mark.position) == mark.position &&
                         mark.instant.ns >= 0 && mark.instant.ns <= kInstantMax;
  if (!plausible) return damaged(path_, "its watermark makes no sense");
  return ok();
}

bool Ring::lapped(std::uint64_t position) const {
  std::atomic_thread_fence(std::memory_order_acquire);
  const std::uint64_t claimed = header().claimed.load(std::memory_order_relaxed);
  return claimed > position && claimed - position > capacity_;
}

Parsed Ring::copy(std::uint64_t position, std::array<std::byte, kRecordBytesMax>& buffer,
                  RecordView& out) const {
  const std::uint64_t word = first_word(position);
  const auto length = static_cast<std::uint32_t>(word);
  if (length == 0) return Parsed::kEnd;
  const std::size_t here = offset(position);
  const std::size_t left = static_cast<std::size_t>(capacity_) - here;
  if (length < sizeof(RecordHeader) || stride_of(length) > left) return Parsed::kDamaged;
  const std::size_t bytes = std::min(stride_of(length), buffer.size());
  std::memcpy(buffer.data(), &word, sizeof word);  // the word that was published, not a newer one
  load_words(buffer.data() + 8, data() + here + 8, bytes - 8);
  return parse_record(buffer.data(), std::max<std::size_t>(bytes, length), out);
}

Result<std::uint64_t> Ring::find(RecordSequence after) const {
  const Mark durable = mark();  // what stands behind it can't be overwritten
  const bool behind_mark = durable.sequence <= after;
  std::uint64_t best_sequence = behind_mark ? durable.sequence.value + 1 : 0;
  std::uint64_t best_position = behind_mark ? durable.position : 0;
  for (std::size_t part = 0; part < kRingParts; ++part) {
    const IndexEntry& entry = index(part);
    const std::uint64_t sequence = entry.sequence.load(std::memory_order_acquire);
    const std::uint64_t position = entry.position.load(std::memory_order_relaxed);
    if (sequence <= best_sequence || sequence > after.value + 1) continue;
    if (position % 8 != 0 || normalized(position) != position || lapped(position)) continue;
    best_sequence = sequence;
    best_position = position;
  }
  if (best_sequence == 0) {
    return error(ErrorCode::kNotFound, "record " + std::to_string(after.value + 1) +
                                           " is no longer in the journal ring " + path_);
  }
  const bool from_mark = best_sequence == durable.sequence.value + 1;
  return walk(best_position, from_mark ? std::optional(durable.sequence) : std::nullopt, after);
}

// From a record's place to that of the one behind `after`. `last`: the record in front of it, where
// the watermark vouches for that; none where only the index, a hint, says so. The header's last
// sequence is not asked: the writer stores it behind the record, so that at any moment it may be on
// either side of the end that is seen here. The walk is bounded by one lap.
Result<std::uint64_t> Ring::walk(std::uint64_t position, std::optional<RecordSequence> last,
                                 RecordSequence after) const {
  const Error gone = error(ErrorCode::kNotFound, "record " + std::to_string(after.value + 1) +
                                                     " was overwritten in the journal ring");
  std::array<std::byte, kRecordBytesMax> buffer;
  RecordView view;
  for (const std::uint64_t end = position + capacity_; position < end;) {
    const Parsed parsed = copy(position, buffer, view);
    if (lapped(position) || parsed == Parsed::kDamaged) return gone;
    if (parsed == Parsed::kEnd) {
      if (!last) return gone;
      if (last == after) return position;
      return error(ErrorCode::kInvalid, "the journal ends at " + std::to_string(last->value) +
                                            ", before " + std::to_string(after.value));
    }
    if (parsed == Parsed::kRecord) {
      if (view.header.sequence > after.value + 1) return gone;
      if (view.header.sequence == after.value + 1) return position;
      last = RecordSequence{view.header.sequence};
    }
    position = normalized(position + stride_of(view.header.length));
  }
  return gone;
}

}  // namespace levi::journal
