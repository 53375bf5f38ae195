#include <algorithm>

#include "core/base/check.h"
#include "core/journal/ring.h"
#include "core/journal/segment.h"

namespace levi::journal {
namespace {

struct SegmentInfo {
  SegmentName name;
  SegmentHeader header;
  RecordSequence durable;
};

// One pass over what is there: snapshot, segments, ring. `found_` is the answer in the making.
class Replay {
 public:
  Replay(const Paths& paths, const Options& options, const ReplayHandlers& handlers)
      : paths_(paths), options_(options), handlers_(handlers) {}

  Result<Recovered> run() {
    LEVI_TRY_STATUS(look_at_segments());
    LEVI_TRY_STATUS(look_at_ring());
    LEVI_TRY_STATUS(take_snapshot());
    LEVI_TRY_STATUS(read_segments());
    LEVI_TRY_STATUS(read_ring());
    return found_;
  }

 private:
  Status look_at_segments();
  Status look_at_ring();
  Status take_snapshot();
  Status try_snapshot(RecordSequence at);
  bool reaches_back_to(RecordSequence first) const;
  Status read_segments();
  Status read_segment(const SegmentInfo& info, RecordSequence until, bool last);
  Status end_of_segment(SegmentReader& reader, Parsed how, RecordSequence until, bool last);
  Status read_ring();
  Status end_of_ring(Parsed how);
  Status deliver(const RecordView& view, const std::string& path, std::uint64_t offset);

  const Paths& paths_;
  const Options& options_;
  const ReplayHandlers& handlers_;
  std::vector<SegmentInfo> segments_;
  RingHandle ring_;
  Recovered found_;
  std::string refusals_;  // why newer snapshots were not used
};

Error corrupt(const std::string& path, std::uint64_t offset, const std::string& how) {
  return error(ErrorCode::kCorrupt, path + " at offset " + std::to_string(offset) + ": " + how,
               "durable records are missing: restore the journal from a backup, then reconcile");
}

Status Replay::look_at_segments() {
  LEVI_TRY(names, list_segments(paths_.segments));
  for (const SegmentName& name : names) {
    LEVI_TRY(reader, SegmentReader::open(name.path, options_.identity));
    if (reader.header().segment != name.number) {
      return corrupt(name.path, 0,
                     "it calls itself segment " + std::to_string(reader.header().segment));
    }
    if (!segments_.empty() &&
        reader.header().first_sequence < segments_.back().header.first_sequence) {
      return corrupt(name.path, 0, "it begins before the segment in front of it");
    }
    segments_.push_back({name, reader.header(), reader.durable()});
    found_.durable = std::max(found_.durable, reader.durable());
    found_.segment_last = std::max(found_.segment_last, name.number);
  }
  return ok();
}

// A ring of an earlier incarnation than the segments' is left over from another runtime folder.
Status Replay::look_at_ring() {
  auto ring = Ring::attach(paths_.ring);
  if (!ring && ring.error().code == ErrorCode::kNotFound) return ok();
  if (!ring && ring.error().code == ErrorCode::kCorrupt) {
    found_.ring_damaged = ring.error().message;
    return ok();
  }
  if (!ring) return ring.error();
  const auto& identity = options_.identity;
  if (identity && ring.value()->instance() != identity->instance) {
    return error(ErrorCode::kConflict,
                 "journal ring " + paths_.ring + " belongs to instance '" +
                     ring.value()->instance().str() + "', not to '" + identity->instance.str() +
                     "'",
                 "give this levid a runtime folder of its own, or move that ring away if its levid "
                 "is gone for good");
  }
  std::uint32_t newest = 0;
  for (const SegmentInfo& info : segments_) newest = std::max(newest, info.header.incarnation);
  if (ring.value()->header().incarnation.load() < newest) return ok();
  ring_ = std::move(ring.value());
  const Mark mark = ring_->mark();
  found_.ring_found = true;
  found_.durable = std::max(found_.durable, mark.sequence);
  found_.segment_last = std::max(found_.segment_last, mark.segment);
  return ok();
}

// Whether records can be read from `first` on without a hole at the beginning.
bool Replay::reaches_back_to(RecordSequence first) const {
  if (!segments_.empty()) return segments_.front().header.first_sequence <= first.value;
  return ring_ ? ring_->mark().sequence.value + 1 <= first.value : true;
}

Status Replay::try_snapshot(RecordSequence at) {
  LEVI_TRY(snapshot, read_snapshot(paths_, at));
  LEVI_TRY_STATUS(check_instance(pack_instance(snapshot.instance), options_.identity,
                                 paths_.segments + "'s snapshot " + std::to_string(at.value)));
  if (!reaches_back_to({at.value + 1})) {
    return error(ErrorCode::kCorrupt, "the records behind it are gone");
  }
  LEVI_TRY_STATUS(handlers_.on_snapshot(snapshot.machine_version, at, snapshot.body));
  found_.snapshot = at;
  found_.last = at;
  found_.last_instant = snapshot.instant;
  found_.durable = std::max(found_.durable, at);
  return ok();
}

Status Replay::take_snapshot() {
  if (handlers_.on_snapshot) {
    LEVI_TRY(snapshots, list_snapshots(paths_));
    for (const RecordSequence at : snapshots) {
      const Status taken = try_snapshot(at);
      if (taken) return ok();
      ++found_.snapshots_refused;
      refusals_ += "; snapshot " + std::to_string(at.value) + ": " + taken.error().message;
    }
  }
  if (reaches_back_to({1})) return ok();
  const std::uint64_t first = segments_.empty() ? ring_->mark().sequence.value + 1
                                                : segments_.front().header.first_sequence;
  return error(ErrorCode::kCorrupt,
               "the journal in " + paths_.segments + " begins at record " + std::to_string(first) +
                   " and no snapshot in front of it can be used" + refusals_,
               "restore the journal from a backup");
}

Status Replay::read_segments() {
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const bool last = i + 1 == segments_.size();
    RecordSequence until{~std::uint64_t{0}};
    if (!last) {
      until = {segments_[i + 1].header.first_sequence - 1};
    } else if (ring_) {
      until = found_.durable;  // what stands behind it comes from the ring
    }
    if (until <= found_.last) continue;
    LEVI_TRY_STATUS(read_segment(segments_[i], until, last));
  }
  if (found_.last < found_.durable) {
    return error(ErrorCode::kCorrupt,
                 "the segments in " + paths_.segments + " end at record " +
                     std::to_string(found_.last.value) + ", but records up to " +
                     std::to_string(found_.durable.value) + " were durable",
                 "a segment is missing: restore it from a backup");
  }
  return ok();
}

Status Replay::read_segment(const SegmentInfo& info, RecordSequence until, bool last) {
  LEVI_TRY(reader, SegmentReader::open(info.name.path, options_.identity));
  std::uint64_t expected = info.header.first_sequence;
  if (expected > found_.last.value + 1) {
    return corrupt(info.name.path, 0,
                   "records " + std::to_string(found_.last.value + 1) + " to " +
                       std::to_string(expected - 1) + " in front of it are missing");
  }
  RecordView view;
  while (found_.last < until) {
    const std::uint64_t offset = reader.offset();
    LEVI_TRY(parsed, reader.next(view));
    if (parsed != Parsed::kRecord) return end_of_segment(reader, parsed, until, last);
    if (view.header.sequence != expected) {
      return corrupt(info.name.path, offset,
                     "record " + std::to_string(view.header.sequence) + " where " +
                         std::to_string(expected) + " belongs");
    }
    ++expected;
    if (view.header.sequence <= found_.last.value) continue;  // the snapshot has it
    LEVI_TRY_STATUS(deliver(view, info.name.path, offset));
  }
  return ok();
}

Status Replay::end_of_segment(SegmentReader& reader, Parsed how, RecordSequence until, bool last) {
  const std::uint64_t offset = reader.offset();
  const RecordSequence promised = last ? found_.durable : until;
  if (found_.last < promised) {
    return corrupt(reader.path(), offset,
                   std::string(how == Parsed::kEnd ? "it ends" : "it is damaged") +
                       " behind record " + std::to_string(found_.last.value) +
                       ", but records up to " + std::to_string(promised.value) + " were durable");
  }
  LEVI_TRY(highest, reader.salvage());
  if (highest > found_.last.value) {
    found_.records_cut = highest - found_.last.value;
  } else if (how == Parsed::kDamaged) {
    found_.records_cut = 1;
  }
  return ok();
}

Status Replay::read_ring() {
  if (!ring_) return ok();
  const Mark mark = ring_->mark();
  std::uint64_t position = mark.position;
  std::uint64_t expected = mark.sequence.value + 1;
  if (found_.last < mark.sequence) {
    return error(ErrorCode::kCorrupt,
                 "the ring continues behind record " + std::to_string(mark.sequence.value) +
                     ", the segments end at " + std::to_string(found_.last.value));
  }
  RecordView view;
  Parsed parsed = Parsed::kEnd;
  for (const std::uint64_t end = position + ring_->capacity(); position < end;) {
    const std::size_t here = ring_->offset(position);
    parsed = parse_record(ring_->data() + here, static_cast<std::size_t>(ring_->capacity()) - here,
                          view);
    if (parsed == Parsed::kEnd || parsed == Parsed::kDamaged) break;
    if (parsed == Parsed::kRecord) {
      if (view.header.sequence != expected) parsed = Parsed::kDamaged;
      if (parsed == Parsed::kDamaged) break;
      ++expected;
      found_.segment_last = std::max(found_.segment_last, view.header.segment);
      if (view.header.sequence > found_.last.value) {
        LEVI_TRY_STATUS(deliver(view, ring_->path(), kRingHeaderBytes + here));
      }
    }
    position = ring_->normalized(position + stride_of(view.header.length));
  }
  found_.ring_position = position;
  found_.ring_is_behind = expected <= found_.last.value;
  return end_of_ring(parsed);
}

Status Replay::end_of_ring(Parsed how) {
  const std::uint64_t written = ring_->header().last_sequence.load();
  if (written > found_.last.value) {
    found_.records_cut = written - found_.last.value;
  } else if (how == Parsed::kDamaged) {
    found_.records_cut = 1;
  }
  return ok();
}

Status Replay::deliver(const RecordView& view, const std::string& path, std::uint64_t offset) {
  const RecordHeader& header = view.header;
  const bool first = found_.records_replayed == 0;  // a snapshot's instant may be a later one
  if (header.instant_ns < 0 || header.instant_ns > kInstantMax ||
      (!first && header.instant_ns < found_.last_instant.ns)) {
    return corrupt(path, offset,
                   "journal time runs backwards at record " + std::to_string(header.sequence));
  }
  const Record record{{header.sequence},
                      header.type,
                      {header.incarnation},
                      {header.instant_ns},
                      {reinterpret_cast<const char*>(view.body), view.body_bytes}};
  const Status taken = handlers_.on_record ? handlers_.on_record(record) : ok();
  if (!taken) {
    Error refused = taken.error();
    refused.message = path + " at offset " + std::to_string(offset) + ": record " +
                      std::to_string(header.sequence) + ": " + refused.message;
    return refused;
  }
  found_.last = record.sequence;
  found_.last_instant = record.instant;
  ++found_.records_replayed;
  return ok();
}

}  // namespace

Result<Recovered> replay(const Paths& paths, const Options& options,
                         const ReplayHandlers& handlers) {
  return Replay(paths, options, handlers).run();
}

}  // namespace levi::journal
