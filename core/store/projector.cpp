#include "core/store/projector.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "core/os/file.h"
#include "core/store/collect.h"
#include "core/store/database.h"

namespace levi::store {
namespace {

constexpr std::size_t kCommitRows = 8192;  // of one transaction, roughly
constexpr std::size_t kNoticesMax = 64;    // the oldest stay
constexpr int kAsideMax = 1000;            // databases moved aside

// The first name that is free: <path>.<why>-1, -2, ...
std::string free_name(const std::string& path, const char* why) {
  for (int n = 1; n < kAsideMax; ++n) {
    const std::string name = path + "." + why + "-" + std::to_string(n);
    if (!os::exists(name)) return name;
  }
  return path + "." + why;
}

}  // namespace

struct Projector::Impl {
  ProjectorOptions options;
  journal::RingHandle ring;

  std::optional<Database> database;
  machine::Machine machine;
  RecordSequence at;  // of the replica
  Instant at_instant;
  RecordSequence wanted;  // rows are made of records behind this one
  std::optional<journal::Reader> reader;
  Collector collector;
  machine::Effects effects;
  Pending pending;
  bool detached =
      false;             // pending rows were dropped: to be projected again from the database's end
  bool placed = false;   // the replica was put where the database stands
  bool blocked = false;  // the last commit failed: the replica goes on, rows wait
  std::optional<Error> broken;  // of the journal itself
  std::vector<std::string> notices;

  Status open_database();
  Status move_aside(const char* why);
  Status place(RecordSequence after);
  Result<bool> place_at(RecordSequence snapshot, RecordSequence after);
  Status place_behind_gap(RecordSequence after, const std::vector<RecordSequence>& snapshots);
  Status advance(RecordSequence up_to);
  Status take(const journal::Record& record);
  Status commit();
  Status attach();
  void notice(std::string text);
};

void Projector::Impl::notice(std::string text) {
  if (notices.size() < kNoticesMax) notices.push_back(std::move(text));
}

Status Projector::Impl::open_database() {
  if (database && !database->path_is_ours()) {
    notice("database " + options.path + " was removed or replaced: opened again");
    database.reset();
    placed = false;
  }
  if (database) return ok();
  auto opened = Database::open(options.path, options.identity, options.kept);
  if (!opened && opened.error().code == ErrorCode::kCorrupt) {
    notice(opened.error().message);
    LEVI_TRY_STATUS(move_aside("corrupt"));
    opened = Database::open(options.path, options.identity, options.kept);
  }
  if (!opened) return opened.error();
  database.emplace(std::move(opened.value()));
  return ok();
}

// Kept for whoever wants to look at it; what it held comes again from the journal.
Status Projector::Impl::move_aside(const char* why) {
  database.reset();
  const std::string name = free_name(options.path, why);
  for (const char* suffix : {"-wal", "-shm", ""}) {
    const std::string from = options.path + suffix;
    if (!os::exists(from)) continue;
    if (rename(from.c_str(), (name + suffix).c_str()) != 0) {
      return io_error("cannot move " + from + " aside", errno);
    }
  }
  notice("database " + options.path + " was moved to " + name + " and is made anew");
  placed = false;
  return ok();
}

// Puts the replica at the newest snapshot that is not behind `after`'s records, or at the
// beginning.
Status Projector::Impl::place(RecordSequence after) {
  pending = {};
  collector = {};
  detached = false;
  placed = false;
  blocked = false;
  if (database) {  // a damaged one is found, and moved aside, when it is written
    auto openings = database->openings();
    if (openings) collector = Collector(std::move(openings.value()));
  }
  LEVI_TRY(snapshots, journal::list_snapshots(options.journal));
  for (const RecordSequence snapshot : snapshots) {
    if (snapshot > after) continue;
    LEVI_TRY(found, place_at(snapshot, after));
    if (found) return ok();
  }
  LEVI_TRY(whole, place_at({0}, after));
  if (whole) return ok();
  return place_behind_gap(after, snapshots);
}

// False where the snapshot can't be used, or the journal no longer reaches back to it.
Result<bool> Projector::Impl::place_at(RecordSequence snapshot, RecordSequence after) {
  machine::Machine replica;
  Instant instant;
  if (snapshot.value != 0) {
    const auto read = journal::read_snapshot(options.journal, snapshot);
    if (!read || !machine::readable_version(read.value().machine_version)) return false;
    auto restored = machine::Machine::deserialize(read.value().body);
    if (!restored) return false;
    replica = std::move(restored.value());
    instant = replica.state().now;
  }
  auto opened = journal::Reader::open(options.journal, ring, snapshot);
  if (!opened && opened.error().code == ErrorCode::kNotFound) return false;
  if (!opened) return opened.error();
  machine = std::move(replica);
  reader.emplace(std::move(opened.value()));
  at = snapshot;
  at_instant = instant;
  wanted = std::max(after, snapshot);
  placed = true;
  return true;
}

// The oldest snapshot that can be used leaves the smallest gap.
Status Projector::Impl::place_behind_gap(RecordSequence after,
                                         const std::vector<RecordSequence>& snapshots) {
  for (auto snapshot = snapshots.rbegin(); snapshot != snapshots.rend(); ++snapshot) {
    if (*snapshot <= after) continue;
    LEVI_TRY(found, place_at(*snapshot, after));
    if (!found) continue;
    pending.gaps.push_back({after.value + 1, snapshot->value});
    Collector::everything(snapshot->value, machine.state(), pending);
    notice("the journal no longer has records " + std::to_string(after.value + 1) + " to " +
           std::to_string(snapshot->value) +
           ": orders and positions are rebuilt from a snapshot; fills, signals and commands of "
           "that time are missing in " +
           options.path);
    return ok();
  }
  return error(ErrorCode::kCorrupt,
               "the journal in " + options.journal.segments + " does not reach back to record " +
                   std::to_string(after.value + 1) + " and no snapshot can be used");
}

// Opens the database and puts the replica where it stands, unless both are done.
Status Projector::Impl::attach() {
  LEVI_TRY_STATUS(open_database());
  if (placed && !detached) return ok();
  if (detached) {
    LEVI_TRY_STATUS(database->probe());
  }
  const RecordSequence last = journal::last_appended(ring);
  if (database->committed() > last) {
    notice("database " + options.path + " is at record " +
           std::to_string(database->committed().value) + ", the journal ends at " +
           std::to_string(last.value));
    LEVI_TRY_STATUS(move_aside("ahead"));
    LEVI_TRY_STATUS(open_database());
  }
  return place(database->committed());
}

Status Projector::Impl::take(const journal::Record& record) {
  LEVI_TRY(event, machine::event_from(record.type, record.body));
  if (record.instant < at_instant) {
    return error(ErrorCode::kCorrupt,
                 "journal time runs backwards at record " + std::to_string(record.sequence.value));
  }
  if (database && record.sequence == database->committed() &&
      record.instant != database->committed_instant()) {
    notice("database " + options.path + " follows another journal: record " +
           std::to_string(record.sequence.value) + " has another time there");
    return move_aside("ahead");
  }
  const bool rows = !detached && record.sequence > wanted;
  if (rows) collector.before(event, machine.state());
  effects.clear();
  machine.step(event, record.instant, effects);
  at = record.sequence;
  at_instant = record.instant;
  if (!rows) return ok();
  collector.after(record.sequence.value, event, machine.state(), effects, pending);
  if (pending.size() > options.pending_rows_max) {
    pending = {};
    collector = {};
    detached = true;
  }
  return ok();
}

Status Projector::Impl::advance(RecordSequence up_to) {
  for (std::size_t i = 0; i < kRecordsPerStepMax && at < up_to; ++i) {
    if (!blocked && pending.size() >= std::min(kCommitRows, options.pending_rows_max / 2)) break;
    auto record = reader->next();
    if (!record) {
      placed = record.error().code != ErrorCode::kNotFound;  // retention was faster: place it anew
      return record.error();
    }
    if (!record.value()) return ok();
    Status taken = take(*record.value());
    if (!taken) broken = taken.error();
    if (!taken || !placed) return taken;
  }
  return ok();
}

Status Projector::Impl::commit() {
  if (pending.empty() && at <= database->committed()) return ok();
  if (at < wanted) return ok();  // still on its way to where the database stands
  Status written = database->write(pending, {at, at_instant}, machine.state());
  blocked = !written;
  if (written) {
    pending = {};
    return ok();
  }
  if (written.error().code == ErrorCode::kCorrupt) {
    notice(written.error().message);
    LEVI_TRY_STATUS(move_aside("corrupt"));
  } else if (written.error().code == ErrorCode::kConflict) {
    database.reset();
    placed = false;
  }
  return written;
}

Projector::Projector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Projector::Projector(Projector&&) noexcept = default;
Projector& Projector::operator=(Projector&&) noexcept = default;
Projector::~Projector() = default;

Result<Projector> Projector::open(const ProjectorOptions& options, journal::RingHandle ring) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->ring = std::move(ring);
  const Status attached = impl->attach();
  if (!attached && !impl->placed) {
    const ErrorCode code = attached.error().code;
    const bool later = !impl->database && (code == ErrorCode::kBusy || code == ErrorCode::kIo);
    if (!later) return attached.error();
    // Without the database nobody knows where it stands: the replica begins where the journal does,
    // and rows are made once that is known.
    impl->notice(attached.error().text());
    LEVI_TRY_STATUS(impl->place({0}));
    impl->pending = {};
    impl->detached = true;
  }
  return Projector(std::move(impl));
}

Status Projector::step(RecordSequence up_to) {
  Impl& p = *impl_;
  if (p.broken) return *p.broken;
  const Status attached = p.attach();
  if (!p.placed) return attached;
  if (!attached) p.blocked = true;
  const Status advanced = p.advance(up_to);
  if (!advanced || !p.placed) return advanced;
  if (!attached) return attached;
  if (!p.detached) return p.commit();
  return error(ErrorCode::kBusy, "database " + p.options.path +
                                     " did not take its rows for too long: they come again from "
                                     "the journal");
}

Status Projector::commit_now(RecordSequence up_to, Nanos timeout) {
  Impl& p = *impl_;
  while (committed() < up_to) {
    if (p.database) p.database->set_busy_timeout(timeout);
    const RecordSequence before = committed();
    const RecordSequence replica = p.at;
    const Status stepped = step(up_to);
    if (p.database) p.database->set_busy_timeout(Nanos{0});
    if (!stepped) return stepped;
    if (committed() == before && p.at == replica) {
      return error(ErrorCode::kInvalid,
                   "record " + std::to_string(up_to.value) + " is not in the journal yet");
    }
  }
  return ok();
}

RecordSequence Projector::committed() const {
  return impl_->database ? impl_->database->committed() : RecordSequence{0};
}

std::uint64_t Projector::lag(RecordSequence last) const {
  const RecordSequence done = committed();
  return last > done ? last.value - done.value : 0;
}

std::size_t Projector::pending_rows() const { return impl_->pending.size(); }

const machine::Machine& Projector::machine() const { return impl_->machine; }

RecordSequence Projector::machine_at() const { return impl_->at; }

std::vector<std::string> Projector::take_notices() { return std::exchange(impl_->notices, {}); }

}  // namespace levi::store
