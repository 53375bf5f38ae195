// db.lock: another writer holds the store's SQLite file in an exclusive transaction.
//
// The lock lives in a child of the guard (parent-death signal, and the end of a pipe): when the
// guard goes, so does the lock.
#include "chaos/fault/db_lock.h"

#include <poll.h>
#include <sqlite3.h>
#include <unistd.h>

#include <csignal>

#include "chaos/fault/kinds.h"
#include "chaos/fault/process_kill.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::chaos {
namespace {

constexpr const char* kDbLock = "db.lock";
constexpr int kAnswerDescriptor = 3;
constexpr int kLifeDescriptor = 4;
constexpr int kLockWaitMs = 2000;  // for the store's own short transactions to end
constexpr Nanos kHolderDeadline = 4s;
constexpr Nanos kLongerThanAnyCommit = 200ms;

using Database = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;

// Never creates the file: a lock on a database that no one uses would prove nothing.
Result<Database> open_database(const std::string& path, int wait_ms) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  Database database(raw, &sqlite3_close);
  if (code != SQLITE_OK) {
    return error(ErrorCode::kIo, "cannot open " + path + ": " + sqlite3_errstr(code),
                 "is this the data folder of levid?");
  }
  sqlite3_busy_timeout(raw, wait_ms);
  return database;
}

int execute(const Database& database, const char* sql) {
  return sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr);
}

// Every process whose command line is `<program> hold-lock <database> <tag>`.
std::vector<os::ProcessIdentity> holders(const std::string& tag) {
  std::vector<os::ProcessIdentity> found;
  const auto names = os::list_folder("/proc");
  if (!names) return found;
  for (const auto& name : names.value()) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto line = os::read_file("/proc/" + name + "/cmdline");
    if (!line) continue;
    const std::string ending = '\0' + tag + '\0';
    const std::string& text = line.value();
    const bool ours = text.find('\0' + std::string(kHoldLockCommand) + '\0') != std::string::npos &&
                      text.size() >= ending.size() && text.ends_with(ending);
    if (!ours) continue;
    if (auto identity = os::identify(std::stoi(name))) found.push_back(identity.value());
  }
  return found;
}

// The store's own transactions also answer "locked", but let a writer in between two of them.
bool locked_for(const Database& database, Nanos duration) {
  const MonoTime end = os::mono_now() + duration;
  while (os::mono_now() < end) {
    if (execute(database, "BEGIN IMMEDIATE") != SQLITE_BUSY) {
      (void)execute(database, "ROLLBACK");
      return false;
    }
    (void)::poll(nullptr, 0, 1);
  }
  return true;
}

Result<std::string> read_line(int fd, Nanos timeout) {
  std::string line;
  const MonoTime deadline = os::mono_now() + timeout;
  while (line.empty() || line.back() != '\n') {
    const Nanos left = deadline - os::mono_now();
    pollfd waiting{fd, POLLIN, 0};
    if (left <= Nanos{0} || ::poll(&waiting, 1, static_cast<int>(left / 1ms) + 1) == 0) {
      return error(ErrorCode::kTimeout, "the lock holder did not answer");
    }
    char buffer[512];
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    if (size <= 0) return error(ErrorCode::kIo, "the lock holder ended before it answered");
    line.append(buffer, static_cast<std::size_t>(size));
  }
  return line;
}

class DbLock : public Fault {
 public:
  Result<Undo> plan(const Target& target, const FaultOrder& order) override {
    const std::string path = target.spec().data + "/levi.db";
    if (target.spec().data.empty() || !os::exists(path)) {
      return error(ErrorCode::kNotFound, "the store's database " + path + " is not there",
                   "name the target's data folder");
    }
    return Undo{kDbLock, tag_of(order), Json{{"database", path}}};
  }

  Result<Injection> inject(const Target&, const Undo& undo) override {
    LEVI_TRY(answer, os::make_pipe());
    LEVI_TRY(life, os::make_pipe());
    os::SpawnOptions options;
    options.program = os::own_executable();
    options.arguments = {kHoldLockCommand, text_at(undo.parameters, "database"), undo.tag};
    options.descriptors = {{answer.second.get(), kAnswerDescriptor},
                           {life.first.get(), kLifeDescriptor}};
    options.parent_death_signal = SIGKILL;
    LEVI_TRY(child, os::Child::spawn(options));
    holder_.emplace(std::move(child));
    life_ = std::move(life.second);
    answer.second.reset();  // so that its death ends the read
    LEVI_TRY(line, read_line(answer.first.get(), kHolderDeadline));
    const Json json = Json::parse(line, nullptr, false);
    if (const std::string why = text_at(json, "error"); !why.empty())
      return error(ErrorCode::kBusy, why);
    return Injection{MonoTime{integer_at(json, "before_ns")},
                     MonoTime{integer_at(json, "after_ns")}, Json::object()};
  }

  Result<Proof> prove(const Target&, const Undo& undo, const Injection&,
                      MonoTime deadline) override {
    LEVI_TRY(database, open_database(text_at(undo.parameters, "database"), 0));
    // In WAL mode readers go on working under an exclusive lock: only another *writer* can see it.
    do {
      const MonoTime first = os::mono_now();
      if (locked_for(database, kLongerThanAnyCommit)) {
        return Proof{first, "another writer got \"database is locked\" for 200 ms on end"};
      }
    } while (os::mono_now() < deadline);
    return error(ErrorCode::kTimeout, "another writer could still write");
  }

  Status revert(const Target&, const Undo& undo) override {
    life_.reset();
    if (holder_) {
      LEVI_TRY_STATUS(holder_->kill(SIGKILL));
      (void)holder_->wait(kHolderDeadline);
      holder_.reset();
      return ok();
    }
    for (const auto& holder : holders(undo.tag)) {
      const auto pidfd = os::open_process(holder);
      if (!pidfd) continue;  // it is gone already
      LEVI_TRY_STATUS(os::send_signal(pidfd.value().get(), SIGKILL));
      (void)os::wait_exit(pidfd.value().get(), kHolderDeadline);
    }
    return ok();
  }

  Result<std::vector<Trace>> traces(const Target&, const Undo& undo) override {
    std::vector<Trace> left;
    for (const auto& holder : holders(undo.tag)) {
      if (!os::is_alive(holder)) continue;
      left.push_back({"process " + std::to_string(holder.pid) + " holds the database", ""});
    }
    return left;
  }

 private:
  std::optional<os::Child> holder_;
  os::Fd life_;
};

void answer(const Json& json) {
  const std::string line = json.dump() + "\n";
  (void)os::write_all(kAnswerDescriptor, line, "the guard");
}

}  // namespace

int hold_lock(const std::string& database_path, const std::string& tag) {
  (void)tag;  // in our command line, where the undo finds it
  const auto database = open_database(database_path, kLockWaitMs);
  if (!database) {
    answer({{"error", database.error().text()}});
    return 1;
  }
  const MonoTime before = os::mono_now();
  if (const int code = execute(database.value(), "BEGIN EXCLUSIVE"); code != SQLITE_OK) {
    answer({{"error", std::string("cannot take the lock: ") + sqlite3_errstr(code)}});
    return 1;
  }
  answer({{"before_ns", before.ns}, {"after_ns", os::mono_now().ns}});
  char nothing;
  while (::read(kLifeDescriptor, &nothing, 1) > 0) {
  }
  return 0;
}

FaultKind db_lock() {
  FaultKind kind;
  kind.name = kDbLock;
  kind.title = "another writer's exclusive lock on the store";
  kind.needs = {"local-process", "data-folder"};
  kind.held = true;
  kind.down_events = {"store-state"};
  kind.up_events = {"store-state"};
  kind.make = [] { return std::make_unique<DbLock>(); };
  return kind;
}

}  // namespace levi::chaos
