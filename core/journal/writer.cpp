#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/journal/ring.h"
#include "core/os/file.h"
#include "core/os/futex.h"

namespace levi::journal {

namespace {

// A RecordHeader as it is stored. Made of whole words: bytes that were written one by one and are
// read as a word at once cost more than all the rest of an append.
using RecordWords = std::array<std::uint64_t, sizeof(RecordHeader) / 8>;

}  // namespace

struct Writer::Impl {
  RingHandle ring;
  std::uint64_t position = 0;  // normalized: where the next record goes
  std::uint64_t limit = 0;     // the durable position + capacity, as last looked up
  std::uint64_t part = 0;      // of the ring, that the index has: position >> part_shift
  int part_shift = 0;
  std::uint64_t sequence = 0;
  std::int64_t instant_ns = 0;
  std::uint64_t segment_bytes_max = 0;  // of records
  std::uint64_t segment_bytes = 0;
  std::uint32_t segment = 0;
  std::uint32_t incarnation = 0;

  bool has_room(std::uint64_t bytes);
  void publish(const RecordWords& words, std::string_view body, std::uint64_t next);
  void pad_to_end(std::uint64_t bytes);
  void note_in_index(std::uint64_t at);
  void wake_followers();
};

bool Writer::Impl::has_room(std::uint64_t bytes) {
  if (position + bytes + kRingSlack <= limit) return true;
  limit = ring->mark().position + ring->capacity();
  return position + bytes + kRingSlack <= limit;
}

// Everything but the first word, then zero in the first word of the next record, then the first
// word, with release: at any instruction the ring ends in a zero length.
void Writer::Impl::publish(const RecordWords& words, std::string_view body, std::uint64_t next) {
  RingHeader& h = ring->header();
  h.claimed.store(next + kRingSlack, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  std::byte* at = ring->data() + ring->offset(position);
  store_words(at + 8, &words[1], sizeof(RecordHeader) - 8);
  store_words(at + sizeof(RecordHeader), body.data(), body.size());
  ring->clear_first_word(next);
  std::atomic_ref(*reinterpret_cast<std::uint64_t*>(at)).store(words[0], std::memory_order_release);
  h.position.store(next, std::memory_order_relaxed);
}

void Writer::Impl::pad_to_end(std::uint64_t bytes) {
  RecordHeader header;
  header.length = static_cast<std::uint32_t>(bytes);
  header.type = kTypePadding;
  header.crc = record_crc(header, nullptr, 0);
  publish(std::bit_cast<RecordWords>(header), {}, position + bytes);
  position += bytes;
}

void Writer::Impl::note_in_index(std::uint64_t at) {
  if (at >> part_shift == part) return;
  part = at >> part_shift;
  IndexEntry& entry = ring->index(part % kRingParts);
  entry.sequence.store(0, std::memory_order_release);
  std::atomic_thread_fence(std::memory_order_release);
  entry.position.store(at, std::memory_order_relaxed);
  entry.sequence.store(sequence, std::memory_order_release);
}

void Writer::Impl::wake_followers() {
  RingHeader& h = ring->header();
  h.waiting.store(0, std::memory_order_relaxed);
  h.wakes.fetch_add(1, std::memory_order_release);
  os::futex_wake_all(os::futex_word(h.wakes));
}

namespace {

// Behind the good part stands nothing: neither a damaged record nor an index entry that leads to
// records which were cut.
void cut_behind(const Ring& ring, std::uint64_t position, RecordSequence last) {
  for (std::size_t part = 0; part < kRingParts; ++part) {
    IndexEntry& entry = ring.index(part);
    if (entry.position.load() >= position) entry.sequence.store(0);
  }
  ring.clear_first_word(position);
  RingHeader& h = ring.header();
  h.claimed.store(position + kRingSlack);
  h.position.store(position);
  h.last_sequence.store(last.value);
}

// For whoever wants to know what was lost with it. They stand in memory, so not many are kept.
Status keep_damaged_ring(const std::string& path) {
  constexpr int kDamagedRingsMax = 3;
  for (int n = 1; n <= kDamagedRingsMax; ++n) {
    const std::string aside = path + ".damaged-" + std::to_string(n);
    if (os::exists(aside)) continue;
    if (rename(path.c_str(), aside.c_str()) == 0) return ok();
    return io_error("cannot move the damaged " + path + " to " + aside, errno);
  }
  return ok();  // the new one takes its place
}

Result<RingHandle> ring_for(const Paths& paths, const Options& options,
                            const Recovered& recovered) {
  if (!recovered.ring_damaged.empty()) {
    LEVI_TRY_STATUS(keep_damaged_ring(paths.ring));
  }
  if (recovered.ring_found && !recovered.ring_is_behind) {
    LEVI_TRY(ring, Ring::attach(paths.ring));
    cut_behind(*ring, recovered.ring_position, recovered.last);
    const bool all_durable = ring->mark().sequence == recovered.last;
    const std::uint64_t wanted = std::bit_ceil(std::max(options.ring_bytes, kRingBytesMin));
    if (!all_durable || ring->capacity() == wanted) return ring;
  }
  return Ring::create(paths.ring, options.ring_bytes, options.identity->instance, recovered.last,
                      recovered.last_instant, recovered.segment_last);
}

}  // namespace

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Result<Writer> Writer::open(const Paths& paths, const Options& options, const Recovered& recovered,
                            Incarnation incarnation) {
  LEVI_CHECK(options.identity.has_value());
  LEVI_CHECK(options.segment_bytes >= kSegmentBytesMin);
  LEVI_TRY(ring, ring_for(paths, options, recovered));
  RingHeader& header = ring->header();
  header.incarnation.store(incarnation.value);
  header.waiting.store(0);
  ring->populate();
  // Lets a follower that is about to sleep force a barrier on us, instead of one per append.
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);

  auto impl = std::make_unique<Impl>();
  impl->position = header.position.load();
  impl->part = ~std::uint64_t{0};
  impl->part_shift = std::countr_zero(ring->capacity() / kRingParts);
  impl->sequence = recovered.last.value;
  impl->instant_ns = recovered.last_instant.ns;
  impl->segment = recovered.segment_last + 1;
  impl->segment_bytes_max = options.segment_bytes - kSegmentHeaderBytes;
  impl->incarnation = incarnation.value;
  impl->ring = std::move(ring);
  return Writer(std::move(impl));
}

RecordSequence Writer::append(std::uint16_t type, std::string_view body, Instant instant) {
  Impl& w = *impl_;
  LEVI_CHECK(body.size() <= kBodyBytesMax && type != kTypePadding);
  LEVI_CHECK(instant.ns >= w.instant_ns && instant.ns <= kInstantMax);
  const Ring& ring = *w.ring;
  const std::uint64_t length = sizeof(RecordHeader) + body.size();
  const std::uint64_t stride = stride_of(length);
  const std::uint64_t left = ring.capacity() - ring.offset(w.position);
  const std::uint64_t padding = stride > left ? left : 0;
  if (!w.has_room(padding + stride) || ring.broken()) return {0};
  if (padding != 0) w.pad_to_end(padding);

  if (w.segment_bytes + stride > w.segment_bytes_max) {
    ++w.segment;
    w.segment_bytes = 0;
  }
  w.segment_bytes += stride;
  w.instant_ns = instant.ns;
  RecordWords words;
  words[1] = type | std::uint64_t{w.incarnation} << 32;
  words[2] = w.segment;
  words[3] = ++w.sequence;
  words[4] = static_cast<std::uint64_t>(instant.ns);
  const std::uint32_t crc =
      crc32c(body.data(), body.size(), crc32c(&words[1], sizeof words - sizeof words[0]));
  words[0] = length | std::uint64_t{crc} << 32;
  const std::uint64_t at = w.position;
  const std::uint64_t next = ring.normalized(at + stride);
  w.publish(words, body, next);
  w.position = next;
  RingHeader& h = ring.header();
  h.last_sequence.store(w.sequence, std::memory_order_release);
  w.note_in_index(at);
  if (h.waiting.load(std::memory_order_relaxed) != 0) w.wake_followers();
  return {w.sequence};
}

double Writer::fill() const {
  if (impl_->ring->broken()) return 1;
  const std::uint64_t pending = impl_->position - impl_->ring->mark().position;
  return static_cast<double>(pending) / static_cast<double>(impl_->ring->capacity());
}

RecordSequence Writer::last() const { return {impl_->sequence}; }

const RingHandle& Writer::ring() const { return impl_->ring; }

}  // namespace levi::journal
