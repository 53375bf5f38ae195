// The undo log: one folder per run, one file per fault that may stand. What a later process needs
// to take everything back.
//
// <state>/undo/<run>/  lock         held (flock) by the guard, or by whoever undoes after it: one
// at a time
//                      run.json     the target, and who owns the run
//                      <n>.undo     one Undo; there (file and folder fsynced) before its injection,
//                      gone after its revert
// The folder goes when nothing is left. A crash at any instant leaves either no file, and nothing
// was injected, or a file whose revert may be repeated. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "chaos/fault/fault.h"
#include "chaos/fault/target.h"
#include "core/os/file.h"
#include "core/os/process.h"

namespace levi::chaos {

// $XDG_STATE_HOME/levictl, by default ~/.local/state/levictl.
std::string state_folder();
std::string undo_folder();  // <state>/undo

struct RunOwner {
  std::string run;
  std::string scenario;
  os::ProcessIdentity levictl;
  os::ProcessIdentity guard;
};

class UndoLog {
 public:
  // The guard: makes the folder, writes run.json, takes the lock.
  static Result<UndoLog> create(const std::string& folder, const TargetSpec& target,
                                const RunOwner& owner);
  // Anyone, once the guard is gone. kBusy while another process holds it; kNotFound if the folder
  // went meanwhile.
  static Result<UndoLog> open(const std::string& folder);

  Result<int> add(const Undo& undo);  // on disk when it returns
  Status remove(int number);
  Result<std::map<int, Undo>> entries() const;
  Status close();  // removes the folder; there must be no entry

  const std::string& folder() const { return folder_; }
  const TargetSpec& target() const { return target_; }
  const RunOwner& owner() const { return owner_; }

 private:
  UndoLog(std::string folder, os::FileLock lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}
  std::string folder_;
  os::FileLock lock_;
  TargetSpec target_;
  RunOwner owner_;
  int next_ = 1;
};

// The runs that have a folder below `parent`; clears away what an interrupted `close` left.
std::vector<std::string> list_runs(const std::string& parent);

// Who owns the run of that folder, readable while another process holds it.
Result<RunOwner> read_owner(const std::string& folder);
// And what it breaks.
Result<TargetSpec> read_run_target(const std::string& folder);

}  // namespace levi::chaos
