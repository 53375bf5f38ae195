// The persist thread: journal ring → segments, journal → store, snapshots.
//
// A locked, slow or dead database costs freshness only: the store is asked again later, the journal
// goes on. A journal that cannot be written (full or read-only disk) shows as `journal_ok` false,
// on which the trading thread takes the latch.
#pragma once

#include <memory>
#include <string>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/control/shared.h"
#include "core/journal/journal.h"
#include "core/store/rows_kept.h"

namespace levi::levid {

struct PersistOptions {
  journal::Paths paths;
  journal::Options journal;
  std::string store;  // <data>/levi.db
  Nanos snapshot_every{60s};
  store::RowsKept store_kept = {};
  RecordSequence snapshot_at = {};  // of the newest snapshot that this start used; 0: none
  RecordSequence replayed_to = {};  // and how far it had to replay behind it
};

class Persist {
 public:
  static Result<std::unique_ptr<Persist>> start(PersistOptions options, journal::RingHandle ring,
                                                control::SharedStatus& status);
  ~Persist();  // stops
  // Makes everything appended so far durable and projected as far as it goes, then joins.
  void stop();
  // levid-sabotage without async-store only: blocks until the store has committed this record.
  void wait_for_store(RecordSequence sequence) const;

 private:
  struct Impl;
  explicit Persist(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace levi::levid
