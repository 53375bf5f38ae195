// What the store's tests share: a journal fed by a random event stream, and the questions that
// decide whether the database says what the machine says.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

#include "core/store/projector.h"
#include "core/store/read.h"
#include "tests/journal/support.h"
#include "tests/support/event_stream.h"

namespace levi::test {

// A second connection, as any tool would open it. Every statement is checked.
class Sql {
 public:
  explicit Sql(const std::string& path) {
    LEVI_CHECK(sqlite3_open(path.c_str(), &database_) == SQLITE_OK);
  }
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;
  ~Sql() { sqlite3_close(database_); }

  int try_run(const std::string& sql) {
    return sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  }
  void run(const std::string& sql) {
    const int code = try_run(sql);
    if (code != SQLITE_OK) std::fprintf(stderr, "%s: %s\n", sql.c_str(), sqlite3_errmsg(database_));
    LEVI_CHECK(code == SQLITE_OK);
  }
  // The first column of the first row; "" without a row, "NULL" for a null.
  std::string ask(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr);
    if (code != SQLITE_OK) std::fprintf(stderr, "%s: %s\n", sql.c_str(), sqlite3_errmsg(database_));
    LEVI_CHECK(code == SQLITE_OK);
    std::string answer;
    if (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* text = sqlite3_column_text(statement, 0);
      answer = text != nullptr ? reinterpret_cast<const char*>(text) : "NULL";
    }
    sqlite3_finalize(statement);
    return answer;
  }
  std::int64_t number(const std::string& sql) { return std::atoll(ask(sql).c_str()); }

 private:
  sqlite3* database_ = nullptr;
};

// A core without venue: events of the stream are journalled and persisted.
struct StoreFolder {
  JournalFolder journal{1u << 20, 64u << 10};
  TempFolder data{kTmpfs};
  store::ProjectorOptions options{data / "levi.db", journal.paths, *journal.options.identity,
                                  store::kPendingRowsMax};
  EventStream stream;
  std::unique_ptr<Writer> writer;
  std::unique_ptr<Persister> persister;

  explicit StoreFolder(std::uint64_t seed = 1) : stream(StreamOptions{.seed = seed}) { start(1); }
  void start(std::uint32_t incarnation) {
    writer = std::make_unique<Writer>(open_the_writer(incarnation));
    persister = std::make_unique<Persister>(open_persister(journal));
  }
  void feed(std::size_t events) {
    for (std::size_t i = 0; i < events; ++i) {
      const TimedEvent next = stream.next();
      const auto bytes = machine::event_bytes(next.event);
      LEVI_CHECK(writer->append(machine::event_type(next.event), bytes, next.now).value != 0);
      if (i % 500 == 0) persist_all(*persister);
    }
    persist_all(*persister);
  }
  store::Projector open_projector() {
    auto projector = store::Projector::open(options, writer->ring());
    if (!projector) std::fprintf(stderr, "%s\n", projector.error().text().c_str());
    LEVI_CHECK(projector);
    return std::move(projector.value());
  }
  Status catch_up(store::Projector& projector) const {
    for (int turns = 0; projector.committed() < persister->durable(); ++turns) {
      LEVI_CHECK(turns < 100'000);
      const Status stepped = projector.step(persister->durable());
      if (!stepped) return stepped;
    }
    return ok();
  }
  void snapshot(const store::Projector& projector) {
    LEVI_CHECK(persister->write_snapshot(machine::kMachineVersion, projector.machine_at(),
                                         projector.machine().serialize()));
  }

 private:
  Writer open_the_writer(std::uint32_t incarnation) {  // these records are no body_of(n)
    auto seen = replay(journal.paths, journal.options, {});
    LEVI_CHECK(seen);
    auto opened = Writer::open(journal.paths, journal.options, seen.value(), {incarnation});
    LEVI_CHECK(opened);
    return std::move(opened.value());
  }
};

// What differs between the database and the state that it is a projection of; "" if nothing.
std::string difference(Sql& database, const machine::State& state);

}  // namespace levi::test
