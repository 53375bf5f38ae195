// Projector: follows the journal into SQLite (schema.h), with its own replica of the machine.
//
// Owned by the persist thread. The database is a projection: rows and how far they go are committed
// in one transaction, so each record is projected exactly once, whatever dies when. A database that
// is locked, slow, full or gone costs freshness only: the replica goes on without it, rows wait in
// memory up to kPendingRowsMax, and beyond that are projected again from the journal once the
// database takes them. Where the journal no longer reaches back, orders and positions are rebuilt
// from the replica's state, and the gap in fills, signals and commands is noted in `gaps`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/journal/journal.h"
#include "core/machine/machine.h"
#include "core/store/rows_kept.h"

namespace levi::store {

inline constexpr std::size_t kPendingRowsMax = 65'536;
inline constexpr std::size_t kRecordsPerStepMax = 16'384;

struct ProjectorOptions {
  std::string path;  // <data>/levi.db
  journal::Paths journal;
  journal::Identity identity;  // a database of another instance (not an ancestor) is refused
  std::size_t pending_rows_max = kPendingRowsMax;
  RowsKept kept = {};
};

class Projector {
 public:
  // Puts the replica where the projection stands. Succeeds where the database can't be opened now
  // (locked, full, read-only: `step` tries again) and where it is damaged (moved aside to
  // <path>.corrupt-<n> and made anew). kConflict: it belongs to another instance; kUnsupported: its
  // schema is newer than this build's; other errors: the journal can't be read.
  static Result<Projector> open(const ProjectorOptions& options, journal::RingHandle ring);
  Projector(Projector&&) noexcept;
  Projector& operator=(Projector&&) noexcept;
  ~Projector();

  // One bounded turn: the replica takes records up to `up_to` (the persister's watermark: never
  // more, or a power cut would leave the database ahead of the journal), then what is pending is
  // committed. Never waits for a lock. kBusy: locked by another writer; kIo: full, read-only,
  // unreadable; kConflict, kUnsupported as above; all of them may be called again. An error of the
  // journal itself (kCorrupt) stays.
  Status step(RecordSequence up_to);
  // Steps until the database holds `up_to`, waiting at most `timeout` for its lock: what the core
  // does *not* do, for the negative control (Defence::kAsyncStore).
  Status commit_now(RecordSequence up_to, Nanos timeout);

  RecordSequence committed() const;  // what the database holds
  std::uint64_t lag(RecordSequence last) const;
  std::size_t pending_rows() const;

  // The replica, for snapshots: it goes on while the database is locked.
  const machine::Machine& machine() const;
  RecordSequence machine_at() const;

  // What an operator should read, since the last call: a gap, a database moved aside.
  std::vector<std::string> take_notices();

 private:
  struct Impl;
  explicit Projector(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace levi::store
