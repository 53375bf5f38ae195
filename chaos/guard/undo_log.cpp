#include "chaos/guard/undo_log.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "core/base/check.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"
#include "core/os/loop.h"

namespace levi::chaos {
namespace {

constexpr const char* kSuffix = ".undo";
constexpr const char* kGonePrefix = ".gone-";
constexpr Nanos kLockNewMax = 2s;
constexpr Nanos kLookAgain = 2ms;

std::string entry_path(const std::string& folder, int number) {
  return folder + "/" + std::to_string(number) + kSuffix;
}

// "12.undo" -> 12; 0 for any other name (a ".tmp" of an interrupted write among them).
int entry_number(const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == 0 || dot == std::string::npos || dot > 9 || name.substr(dot) != kSuffix) return 0;
  if (name.find_first_not_of("0123456789") != dot) return 0;
  return std::stoi(name.substr(0, dot));
}

Json process_json(const os::ProcessIdentity& process) {
  return {{"pid", process.pid}, {"start_ticks", process.start_ticks}, {"boot_id", process.boot_id}};
}

os::ProcessIdentity parse_process(const Json& json) {
  return {static_cast<pid_t>(integer_at(json, "pid")),
          static_cast<std::uint64_t>(integer_at(json, "start_ticks")), text_at(json, "boot_id")};
}

Json owner_json(const RunOwner& owner) {
  return {{"run", owner.run},
          {"scenario", owner.scenario},
          {"levictl", process_json(owner.levictl)},
          {"guard", process_json(owner.guard)}};
}

RunOwner parse_owner(const Json& json) {
  return {text_at(json, "run"), text_at(json, "scenario"),
          parse_process(object_at(json, "levictl")), parse_process(object_at(json, "guard"))};
}

Result<Json> read_run(const std::string& folder) {
  LEVI_TRY(text, os::read_file(folder + "/run.json"));
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object())
    return error(ErrorCode::kCorrupt, folder + "/run.json is not a JSON object");
  return json;
}

// Another command may look into the new folder before it is locked, and even clear it away as an
// empty one.
Result<os::FileLock> lock_new(const std::string& folder) {
  const MonoTime deadline = os::mono_now() + kLockNewMax;
  os::Loop pause;
  while (true) {
    LEVI_TRY_STATUS(os::make_folders(folder, 0700));
    auto lock = os::FileLock::take(folder + "/lock");
    if (lock && os::exists(folder + "/lock")) return lock;
    if (os::mono_now() >= deadline)
      return lock ? error(ErrorCode::kBusy, folder + " is cleared away again and again")
                  : lock.error();
    pause.run_until(os::mono_now() + kLookAgain);
  }
}

Result<TargetSpec> target_of(const Json& run, const std::string& folder) {
  return parse_target(object_at(run, "target").dump(), folder + "/run.json");
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

}  // namespace

std::string state_folder() {
  // The XDG rule: a relative path is to be ignored.
  if (const std::string given = environment("XDG_STATE_HOME");
      !given.empty() && given.front() == '/') {
    return given + "/levictl";
  }
  const std::string home = environment("HOME");
  return (home.empty() ? "/tmp/levictl-" + std::to_string(::getuid()) : home) +
         "/.local/state/levictl";
}

std::string undo_folder() { return state_folder() + "/undo"; }

Result<UndoLog> UndoLog::create(const std::string& folder, const TargetSpec& target,
                                const RunOwner& owner) {
  LEVI_TRY(lock, lock_new(folder));
  UndoLog log(folder, std::move(lock));
  log.target_ = target;
  log.owner_ = owner;
  Json run = owner_json(owner);
  run["target"] = Json::parse(to_text(target));
  LEVI_TRY_STATUS(os::write_file_atomic(folder + "/run.json", run.dump() + "\n", 0600));
  LEVI_TRY_STATUS(os::fsync_folder(folder.substr(0, folder.rfind('/'))));
  return log;
}

Result<UndoLog> UndoLog::open(const std::string& folder) {
  if (!os::exists(folder)) return error(ErrorCode::kNotFound, folder + " is gone");
  auto lock = os::FileLock::take(folder + "/lock");
  // Whoever held it may have closed it meanwhile.
  if (!os::exists(folder + "/lock")) return error(ErrorCode::kNotFound, folder + " is gone");
  if (!lock) return lock.error();
  UndoLog log(folder, std::move(lock).value());
  const auto run = read_run(folder);
  if (run) {
    LEVI_TRY(target, target_of(run.value(), folder));
    log.target_ = std::move(target);
    log.owner_ = parse_owner(run.value());
  } else if (run.error().code != ErrorCode::kNotFound) {
    return run.error();
  }
  // Without run.json the guard died before anything could be injected: an empty log.
  LEVI_TRY(entries, log.entries());
  if (!entries.empty()) log.next_ = entries.rbegin()->first + 1;
  return log;
}

Result<int> UndoLog::add(const Undo& undo) {
  const int number = next_++;
  LEVI_TRY_STATUS(os::write_file_atomic(entry_path(folder_, number), to_line(undo) + "\n", 0600));
  return number;
}

Status UndoLog::remove(int number) {
  const std::string path = entry_path(folder_, number);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return io_error("cannot remove " + path, errno);
  return os::fsync_folder(folder_);
}

Result<std::map<int, Undo>> UndoLog::entries() const {
  LEVI_TRY(names, os::list_folder(folder_));
  std::map<int, Undo> found;
  for (const auto& name : names) {
    const int number = entry_number(name);
    if (number == 0) continue;
    LEVI_TRY(text, os::read_file(entry_path(folder_, number)));
    auto undo = parse_undo(text);
    if (!undo)
      return error(undo.error().code, entry_path(folder_, number) + ": " + undo.error().message,
                   undo.error().fix);
    found.emplace(number, std::move(undo).value());
  }
  return found;
}

// Renamed first: another command that looks into the folder just then must neither keep it from
// being removed nor take it for a run.
Status UndoLog::close() {
  const std::size_t slash = folder_.rfind('/');
  const std::string gone = folder_.substr(0, slash + 1) + kGonePrefix + folder_.substr(slash + 1);
  if (::rename(folder_.c_str(), gone.c_str()) != 0)
    return io_error("cannot remove " + folder_, errno);
  (void)os::remove_tree(gone);  // else the next command of ours does (list_runs)
  return ok();
}

std::vector<std::string> list_runs(const std::string& parent) {
  std::vector<std::string> runs;
  const auto names = os::list_folder(parent);
  if (!names) return runs;
  for (const auto& name : names.value()) {
    if (name.rfind(kGonePrefix, 0) == 0) {
      (void)os::remove_tree(parent + "/" + name);
    } else {
      runs.push_back(name);
    }
  }
  return runs;
}

Result<RunOwner> read_owner(const std::string& folder) {
  LEVI_TRY(run, read_run(folder));
  return parse_owner(run);
}

Result<TargetSpec> read_run_target(const std::string& folder) {
  LEVI_TRY(run, read_run(folder));
  return target_of(run, folder);
}

}  // namespace levi::chaos
