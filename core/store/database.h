// The projection's writing connection. Private to core/store.
#pragma once

#include <string>

#include "core/journal/journal.h"
#include "core/machine/state.h"
#include "core/store/collect.h"
#include "core/store/rows.h"
#include "core/store/rows_kept.h"
#include "core/store/sqlite.h"

namespace levi::store {

struct Progress {
  RecordSequence sequence;
  Instant instant;
};

class Database {
 public:
  // Opens it, or makes it with its tables. Never waits for a lock. kCorrupt also where a table is
  // missing: what is not ours is moved aside, never overwritten.
  static Result<Database> open(const std::string& path, const journal::Identity& identity,
                               const RowsKept& kept);
  Database(Database&&) noexcept = default;
  Database& operator=(Database&&) noexcept = default;

  RecordSequence committed() const { return committed_; }
  Instant committed_instant() const { return committed_instant_; }
  Status probe();  // whether it could be written now
  // Resumes whose outcome it doesn't know yet, oldest first.
  Result<std::vector<Opening>> openings() const;
  // One transaction. kConflict where somebody else moved the projection; nothing was written then,
  // nor after any other error.
  Status write(const Pending& pending, const Progress& up_to, const machine::State& names);
  void set_busy_timeout(Nanos timeout) { connection_.set_busy_timeout(timeout); }
  // False once the path no longer names the file that is open.
  bool path_is_ours() const;

 private:
  explicit Database(Connection connection) : connection_(std::move(connection)) {}
  Status make_tables(const journal::Identity& identity);
  Status check_projection(const journal::Identity& identity);
  Status prepare();
  Status write_rows(const Pending& pending, const machine::State& names);
  Status write_orders(const Pending& pending, const machine::State& names);
  Status write_fills(const Pending& pending, const machine::State& names);
  Status write_positions(const Pending& pending, const machine::State& names);
  Status write_intents(const Pending& pending, const machine::State& names);
  Status write_commands(const Pending& pending, const machine::State& names);
  Status write_progress(const Progress& up_to);
  Status count_signals();
  Status drop_old_signals(const Pending& pending, std::uint64_t& signals);
  Status drop_old_orders(const Pending& pending, const machine::State& state);

  Connection connection_;
  std::vector<Statement> statements_;
  RowsKept kept_;
  std::uint64_t signals_ = 0;  // rows, as committed
  RecordSequence committed_;
  Instant committed_instant_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
  std::string instance_;
};

}  // namespace levi::store
