#include "core/store/database.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/latch/latch.h"
#include "core/store/schema.h"

namespace levi::store {
namespace {

constexpr const char* kPragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-2000; PRAGMA journal_size_limit=16777216; PRAGMA foreign_keys=OFF;";

Error foreign(const std::string& path, const std::string& theirs, const std::string& ours) {
  return error(ErrorCode::kConflict,
               "database " + path + " belongs to instance '" + theirs + "', not to '" + ours + "'",
               "move it away: it is made anew from the journal");
}

}  // namespace

Result<Database> Database::open(const std::string& path, const journal::Identity& identity,
                                const RowsKept& kept) {
  LEVI_TRY(connection, Connection::open(path, false));
  Database database(std::move(connection));
  database.kept_ = kept;
  LEVI_TRY_STATUS(database.connection_.run(kPragmas));
  LEVI_TRY(version, Statement::prepare(database.connection_, "SELECT count(*) FROM sqlite_master"));
  LEVI_TRY(found, version.next());
  const bool fresh = found && version.integer(0) == 0;
  LEVI_TRY_STATUS(version.run());
  if (fresh) {
    LEVI_TRY_STATUS(database.make_tables(identity));
  }
  LEVI_TRY_STATUS(database.check_projection(identity));
  LEVI_TRY_STATUS(database.count_signals());
  LEVI_TRY_STATUS(database.prepare());
  struct stat info {};
  if (stat(path.c_str(), &info) == 0) {
    database.device_ = info.st_dev;
    database.inode_ = info.st_ino;
  }
  return database;
}

bool Database::path_is_ours() const {
  struct stat info {};
  return stat(connection_.path().c_str(), &info) == 0 && info.st_dev == device_ &&
         info.st_ino == inode_;
}

Status Database::make_tables(const journal::Identity& identity) {
  LEVI_TRY_STATUS(connection_.run("BEGIN IMMEDIATE"));
  Status made = connection_.run(kSchemaSql);
  if (made) {
    const std::string row = "INSERT INTO projection VALUES (1, " + std::to_string(kSchemaVersion) +
                            ", '" + identity.instance.str() + "', 0, 0)";  // [a-z0-9] only
    made = connection_.run(row.c_str());
  }
  if (made) made = connection_.run("COMMIT");
  if (!made) (void)connection_.run("ROLLBACK");
  return made;
}

Status Database::check_projection(const journal::Identity& identity) {
  auto query = Statement::prepare(
      connection_, "SELECT schema, instance, last_sequence, last_instant_ns FROM projection");
  if (!query) {
    Error failed = query.error();
    if (failed.code == ErrorCode::kIo) failed.code = ErrorCode::kCorrupt;  // no such table
    return failed;
  }
  LEVI_TRY(found, query.value().next());
  if (!found) {
    return error(ErrorCode::kCorrupt, "database " + connection_.path() + ": no row in projection");
  }
  if (query.value().integer(0) > kSchemaVersion) {
    return error(ErrorCode::kUnsupported,
                 "database " + connection_.path() + " has schema " +
                     std::to_string(query.value().integer(0)) + ", this build knows " +
                     std::to_string(kSchemaVersion),
                 "start the newer build, or move the database away: it is made anew");
  }
  const std::string theirs = query.value().text(1);
  const auto& ancestors = identity.ancestors;
  const bool ours = theirs == identity.instance.view() ||
                    std::any_of(ancestors.begin(), ancestors.end(),
                                [&](const InstanceId& id) { return theirs == id.view(); });
  if (!ours) return foreign(connection_.path(), theirs, identity.instance.str());
  committed_ = {static_cast<std::uint64_t>(query.value().integer(2))};
  committed_instant_ = {query.value().integer(3)};
  instance_ = identity.instance.str();
  return query.value().run();
}

// Counting a million rows reads them all: once, for a database of an older build; from then on the
// number is kept beside them.
Status Database::count_signals() {
  LEVI_TRY(known, Statement::prepare(connection_,
                                     "SELECT 1 FROM sqlite_master WHERE name = 'row_counts'"));
  LEVI_TRY(there, known.next());
  LEVI_TRY_STATUS(known.run());
  if (!there) {
    LEVI_TRY_STATUS(connection_.run("BEGIN IMMEDIATE"));
    Status made = connection_.run(kRowCountsSql);
    if (made) made = connection_.run("COMMIT");
    if (!made) {
      (void)connection_.run("ROLLBACK");
      return made;
    }
  }
  LEVI_TRY(query, Statement::prepare(connection_, "SELECT signals FROM row_counts"));
  LEVI_TRY(found, query.next());
  signals_ = found ? static_cast<std::uint64_t>(query.integer(0)) : 0;
  return query.run();
}

Status Database::write(const Pending& pending, const Progress& up_to, const machine::State& names) {
  LEVI_TRY_STATUS(connection_.run("BEGIN IMMEDIATE"));
  std::uint64_t signals = signals_;
  Status written = write_rows(pending, names);
  if (written) written = drop_old_signals(pending, signals);
  if (written) written = drop_old_orders(pending, names);
  if (written) written = write_progress(up_to);
  if (written) written = connection_.run("COMMIT");
  if (!written) {
    (void)connection_.run("ROLLBACK");
    return written;
  }
  signals_ = signals;
  committed_ = up_to.sequence;
  committed_instant_ = up_to.instant;
  return ok();
}

Result<std::vector<Opening>> Database::openings() const {
  LEVI_TRY(query, Statement::prepare(connection_,
                                     "SELECT request, holder, epoch FROM commands WHERE outcome = "
                                     "'opening' ORDER BY record DESC LIMIT ?"));
  query.bind(std::uint64_t{kOpeningsMax});
  std::vector<Opening> openings;
  for (;;) {
    LEVI_TRY(found, query.next());
    if (!found) break;
    const auto holder = latch::parse_holder(query.text(1));
    if (!holder) continue;
    openings.push_back({static_cast<std::uint64_t>(query.integer(0)),
                        static_cast<std::uint32_t>(*holder),
                        static_cast<std::uint64_t>(query.integer(2))});
  }
  std::reverse(openings.begin(), openings.end());
  return openings;
}

Status Database::probe() {
  LEVI_TRY_STATUS(connection_.run("BEGIN IMMEDIATE"));
  return connection_.run("ROLLBACK");
}

}  // namespace levi::store
