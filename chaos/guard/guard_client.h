// levictl's end of its guard. Owned by the thread that runs the loop; the calls below let the loop
// run while they wait.
//
// A guard that dies is seen by its pidfd: `alive()` is false from then on, every call fails, and
// whoever owns this object undoes the run itself (undo_run), which the guard's death made possible
// by letting go of the log's lock.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chaos/fault/fault.h"
#include "chaos/guard/undo_log.h"
#include "core/os/loop.h"
#include "core/os/process.h"

namespace levi::chaos {

struct GuardOptions {
  std::string program;  // levictl itself; it is run as `<program> guard`
  std::string folder;   // of this run's undo log
  TargetSpec target;
  RunOwner owner;
  Nanos lease{10s};  // without a sign of life from us the guard takes everything back
};

struct Injected {
  int number = 0;
  Injection injection;
};

class GuardClient {
 public:
  static Result<std::unique_ptr<GuardClient>> start(os::Loop& loop, const GuardOptions& options);
  ~GuardClient();  // closes the pipe: the guard takes back what is not done, and ends by itself
  GuardClient(const GuardClient&) = delete;
  GuardClient& operator=(const GuardClient&) = delete;

  bool alive() const { return alive_; }
  const os::ProcessIdentity& process() const { return child_.identity(); }
  const std::string& folder() const { return folder_; }

  // `leave_out`: the negative control, in which everything but the injecting call is done.
  Result<Injected> inject(const Undo& undo, bool leave_out);
  // What still stands afterwards; empty: it is gone, and out of the log.
  Result<std::vector<Trace>> revert(int number);
  // Ends the guard. What still stands stays in the log.
  Result<std::vector<Trace>> done();

 private:
  GuardClient(os::Loop& loop, os::Child child, os::Fd pipe, std::string folder, Nanos lease);
  Status send(const Json& message);
  Result<Json> ask(Json message, Nanos timeout);
  Error died();
  void on_pipe();
  void renew_later();

  os::Loop& loop_;
  os::Child child_;
  os::Fd pipe_;
  std::string folder_;
  Nanos lease_;
  bool alive_ = true;
  std::string input_;
  std::int64_t question_ = 0;
  std::optional<Json> answer_;  // to that question
  os::Loop::TimerId renewal_ = 0;
};

}  // namespace levi::chaos
