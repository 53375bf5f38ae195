#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/journal/ring.h"
#include "core/journal/segment.h"
#include "core/os/file.h"

namespace levi::journal {

struct Reader::Impl {
  Paths paths;
  RingHandle ring;
  RecordSequence last;
  // One of the two, always: what `find` could not replace stays, and the next call tries again.
  std::optional<Follower> follower;
  std::optional<SegmentReader> segment;
  std::uint32_t segment_number = 0;
  RecordView view;

  Status find();
  Status find_segment();
  Result<std::optional<Record>> from_segment();
};

namespace {

Error gone(const Paths& paths, RecordSequence wanted, std::uint64_t first) {
  return error(ErrorCode::kNotFound, "the journal in " + paths.segments +
                                         " reaches back to record " + std::to_string(first) +
                                         ", not to " + std::to_string(wanted.value));
}

}  // namespace

// The ring where it still has the record, else the segment that does.
Status Reader::Impl::find() {
  auto by_ring = Follower::open(ring, last);
  if (by_ring) {
    follower.emplace(std::move(by_ring.value()));
    segment.reset();
    return ok();
  }
  if (by_ring.error().code != ErrorCode::kNotFound) return by_ring.error();
  return find_segment();
}

Status Reader::Impl::find_segment() {
  LEVI_TRY(names, list_segments(paths.segments));
  std::uint64_t oldest = 0;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    auto reader = SegmentReader::open(name->path, std::nullopt);
    // Retention took it between the listing and here, with all that is older.
    if (!reader && !os::exists(name->path)) break;
    if (!reader) return reader.error();
    oldest = reader.value().header().first_sequence;
    if (oldest > last.value + 1) continue;
    segment_number = name->number;
    segment.emplace(std::move(reader.value()));
    follower.reset();
    return ok();
  }
  return gone(paths, {last.value + 1}, oldest);
}

// Only durable records: behind them the file may be half written. At the end of a file comes the
// next file, or the ring.
Result<std::optional<Record>> Reader::Impl::from_segment() {
  bool afresh = false;
  while (last < ring->mark().sequence) {
    LEVI_TRY(parsed, segment->next(view));
    if (parsed == Parsed::kRecord && view.header.sequence <= last.value) continue;
    if (parsed == Parsed::kRecord && view.header.sequence == last.value + 1) {
      last = {view.header.sequence};
      return std::optional(Record{last,
                                  view.header.type,
                                  {view.header.incarnation},
                                  {view.header.instant_ns},
                                  {reinterpret_cast<const char*>(view.body), view.body_bytes}});
    }
    const std::string here = segment->path() + " at offset " + std::to_string(segment->offset());
    const std::uint32_t before = segment_number;
    LEVI_TRY_STATUS(find());
    if (follower) return std::optional<Record>{};
    // What the reader had buffered may be older than the record: the file, opened anew behind the
    // look at the watermark, must have it.
    if (segment_number == before && std::exchange(afresh, true)) {
      return error(ErrorCode::kCorrupt,
                   here + ": record " + std::to_string(last.value + 1) + " should stand there");
    }
  }
  LEVI_TRY_STATUS(find());
  return std::optional<Record>{};
}

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(const Paths& paths, RingHandle ring, RecordSequence after) {
  if (!ring) {
    LEVI_TRY(attached, Ring::attach(paths.ring));
    ring = std::move(attached);
  }
  auto impl = std::make_unique<Impl>();
  impl->paths = paths;
  impl->ring = std::move(ring);
  impl->last = after;
  LEVI_TRY_STATUS(impl->find());
  return Reader(std::move(impl));
}

Result<std::optional<Record>> Reader::next() {
  Impl& r = *impl_;
  constexpr int kTurnsMax =
      8;  // between ring and segments, against a writer that laps us each time
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    if (r.segment) {
      LEVI_TRY(record, r.from_segment());
      if (record) return record;
      continue;
    }
    auto record = r.follower->next();
    if (!record && record.error().code == ErrorCode::kConflict) {
      LEVI_TRY_STATUS(r.find());
      continue;
    }
    if (record && record.value()) r.last = record.value()->sequence;
    return record;
  }
  return std::optional<Record>{};
}

Result<RecordSequence> oldest_record(const Paths& paths) {
  LEVI_TRY(names, list_segments(paths.segments));
  if (!names.empty()) {
    LEVI_TRY(reader, SegmentReader::open(names.front().path, std::nullopt));
    return RecordSequence{reader.header().first_sequence};
  }
  const auto ring = Ring::attach(paths.ring);
  if (!ring && ring.error().code == ErrorCode::kNotFound) return RecordSequence{0};
  if (!ring) return ring.error();
  return RecordSequence{ring.value()->mark().sequence.value + 1};
}

}  // namespace levi::journal
