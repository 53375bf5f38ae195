#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/check.h"
#include "core/journal/ring.h"
#include "core/journal/segment.h"
#include "core/journal/snapshot.h"

namespace levi::journal {
namespace {

// Neighbouring records of one segment, written with one call.
struct Run {
  const std::byte* bytes = nullptr;
  std::size_t size = 0;
};

Status sync_path(const std::string& path) {
  const os::Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd && errno == ENOENT) return ok();
  if (!fd) return io_error("cannot open " + path, errno);
  if (fdatasync(fd.get()) != 0) return io_error("cannot make " + path + " durable", errno);
  return ok();
}

}  // namespace

struct Persister::Impl {
  RingHandle ring;
  Paths paths;
  Options options;
  std::optional<SegmentWriter> segment;
  std::optional<RecordSequence> mark_on_disk;

  Status turn_to(const RecordHeader& record, const Mark& from, Mark& next);
  Status leave_segment(const Mark& next);
  Status copy(Mark& next, std::uint64_t& records);
  Status flush(Run& run, Mark& next);
  Status note_mark();
  Error damaged(std::uint64_t position, const char* how) const;
};

Persister::Persister(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Persister::Persister(Persister&&) noexcept = default;
Persister& Persister::operator=(Persister&&) noexcept = default;
Persister::~Persister() = default;

Result<Persister> Persister::open(const Paths& paths, const Options& options) {
  LEVI_TRY(ring, Ring::attach(paths.ring));
  return open(ring, paths, options);
}

Result<Persister> Persister::open(const RingHandle& ring, const Paths& paths,
                                  const Options& options) {
  LEVI_CHECK(options.segment_bytes >= kSegmentBytesMin);
  LEVI_TRY_STATUS(os::make_folders(paths.segments));
  LEVI_TRY(names, os::list_folder(paths.segments));
  for (const std::string& name : names) {  // of a predecessor that died half-way
    if (name.ends_with(".tmp")) unlink((paths.segments + "/" + name).c_str());
  }
  auto impl = std::make_unique<Impl>();
  impl->ring = ring;
  impl->paths = paths;
  impl->options = options;
  return Persister(std::move(impl));
}

Error Persister::Impl::damaged(std::uint64_t position, const char* how) const {
  return error(ErrorCode::kCorrupt,
               "journal ring " + ring->path() + " at offset " +
                   std::to_string(kRingHeaderBytes + ring->offset(position)) + ": " + how,
               "orders are halted; restart levid, which cuts the ring there and reconciles");
}

// Opens the segment that the record belongs to. What the one before it holds is durable first: a
// segment's first sequence vouches for all below it. So one that stands already (its persister died
// before the watermark followed) is written over with the same bytes, never replaced: the segment
// behind it may vouch for what it holds.
Status Persister::Impl::turn_to(const RecordHeader& record, const Mark& from, Mark& next) {
  if (segment && segment->number() == record.segment) return ok();
  if (record.segment == from.segment && next.segment == from.segment && from.offset != 0) {
    LEVI_TRY(standing, SegmentWriter::reopen(paths.segments, from.segment, from.offset));
    segment.emplace(std::move(standing));
    return ok();
  }
  LEVI_TRY_STATUS(leave_segment(next));
  SegmentHeader header;
  header.instance = ring->header().fixed.instance;
  header.segment = record.segment;
  header.incarnation = record.incarnation;
  header.first_sequence = record.sequence;
  header.first_instant_ns = record.instant_ns;
  LEVI_TRY(standing, SegmentWriter::adopt(paths.segments, header));
  if (standing) {
    segment.emplace(std::move(*standing));
  } else {
    LEVI_TRY(fresh, SegmentWriter::create(paths.segments, header, options.segment_bytes));
    segment.emplace(std::move(fresh));
  }
  next.segment = record.segment;
  next.offset = kSegmentHeaderBytes;
  return ok();
}

// What the segment in front holds is made durable, and what was reserved for more of it is given
// back: each start begins a segment, so a core that is killed every minute would fill the disk with
// empty ones. Its records end at `next.offset`: those that the ring still had for it were written
// by now. Should we die before the watermark says so, they are written again, in front of the cut.
Status Persister::Impl::leave_segment(const Mark& next) {
  if (next.segment == 0) return ok();
  const std::string path = segment_path(paths.segments, next.segment);
  LEVI_TRY_STATUS(segment ? segment->sync() : sync_path(path));
  segment.reset();
  if (next.offset != 0) give_back_behind(path, next.offset);  // 0: of a ring that was made anew
  return ok();
}

Status Persister::Impl::flush(Run& run, Mark& next) {
  if (run.size == 0) return ok();
  LEVI_TRY_STATUS(segment->write(next.offset, run.bytes, run.size));
  next.offset += static_cast<std::uint32_t>(run.size);
  run = {};
  return ok();
}

// Nobody overwrites what is not durable yet: the ring's own memory is read and written to the file.
Status Persister::Impl::copy(Mark& next, std::uint64_t& records) {
  const Mark from = next;
  Run run;
  RecordView view;
  for (std::size_t bytes = 0; bytes < kBatchBytesMax;) {
    if (static_cast<std::uint32_t>(ring->first_word(next.position)) == 0) break;
    const std::size_t here = ring->offset(next.position);
    const auto left = static_cast<std::size_t>(ring->capacity()) - here;
    const Parsed parsed = parse_record(ring->data() + here, left, view);
    if (parsed == Parsed::kDamaged) return damaged(next.position, "no whole record stands there");
    const std::size_t stride = stride_of(view.header.length);
    if (parsed == Parsed::kRecord) {
      if (view.header.sequence != next.sequence.value + 1) {
        return damaged(next.position, "the record has another sequence than the next");
      }
      if (!segment || segment->number() != view.header.segment) {
        LEVI_TRY_STATUS(flush(run, next));
        LEVI_TRY_STATUS(turn_to(view.header, from, next));
      }
      if (run.size == 0) run.bytes = ring->data() + here;
      run.size += stride;
      bytes += stride;
      next.sequence = {view.header.sequence};
      next.instant = {view.header.instant_ns};
      ++records;
    }
    const std::uint64_t behind = ring->normalized(next.position + stride);
    const bool neighbours =
        parsed == Parsed::kRecord && behind == next.position + stride && ring->offset(behind) != 0;
    if (!neighbours) {
      LEVI_TRY_STATUS(flush(run, next));
    }
    next.position = behind;
  }
  return flush(run, next);
}

// Idle: the watermark itself, which otherwise goes with the next batch. A reboot then finds it.
Status Persister::Impl::note_mark() {
  const Mark mark = ring->mark();
  if (mark_on_disk == mark.sequence || mark.segment == 0) return ok();
  if (!segment || segment->number() != mark.segment) {
    if (!os::exists(segment_path(paths.segments, mark.segment))) return ok();
    LEVI_TRY(standing, SegmentWriter::reopen(paths.segments, mark.segment, mark.offset));
    segment.emplace(std::move(standing));
  }
  LEVI_TRY_STATUS(segment->write_mark(mark.sequence));
  LEVI_TRY_STATUS(segment->sync());
  mark_on_disk = mark.sequence;
  return ok();
}

Result<std::uint64_t> Persister::run_once() {
  Impl& p = *impl_;
  if (p.ring->broken()) return p.damaged(0, "the file was truncated");
  const Mark before = p.ring->mark();
  Mark next = before;
  std::uint64_t records = 0;
  Status done = p.copy(next, records);
  if (done && p.ring->broken()) done = p.damaged(0, "the file was truncated");
  if (done && records == 0) {
    done = p.note_mark();
    if (!done) p.segment.reset();
    return done ? Result<std::uint64_t>(0) : Result<std::uint64_t>(done.error());
  }
  if (done) done = p.segment->write_mark(before.sequence);
  if (done) done = p.segment->sync();
  if (!done) {
    // After a failed fdatasync the kernel may call the pages clean: the next attempt writes all of
    // it again, from the ring.
    p.segment.reset();
    return done.error();
  }
  p.mark_on_disk = before.sequence;
  p.ring->set_mark(next);
  return records;
}

RecordSequence Persister::durable() const { return impl_->ring->mark().sequence; }

Status Persister::write_snapshot(std::uint32_t machine_version, RecordSequence at,
                                 std::string_view body) {
  const Mark mark = impl_->ring->mark();
  if (at > mark.sequence) {
    return error(ErrorCode::kInvalid, "a snapshot at " + std::to_string(at.value) +
                                          " would be ahead of the watermark, " +
                                          std::to_string(mark.sequence.value));
  }
  SnapshotHeader header;
  header.instance = impl_->ring->header().fixed.instance;
  header.machine_version = machine_version;
  header.sequence = at.value;
  header.instant_ns = mark.instant.ns;
  LEVI_TRY_STATUS(store_snapshot(impl_->paths, header, body));
  return remove_unneeded(impl_->paths, impl_->options);
}

}  // namespace levi::journal
