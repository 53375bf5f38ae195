// levictl's end of its guard. Owned by the thread that runs the loop; the calls below let the loop
// run while they wait.
//
// A guard that dies is seen by its pidfd; one that does not answer in time is killed, so that it
// injects nothing that nobody waits for any more. `alive()` is false from then on, every call
// fails, and whoever owns this object undoes the run itself (undo_run), which the guard's death
// made possible by letting go of the log's lock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chaos/fault/fault.h"
#include "chaos/guard/heartbeat.h"
#include "chaos/guard/undo_log.h"
#include "core/os/loop.h"
#include "core/os/process.h"

namespace levi::chaos {

struct GuardOptions {
  std::string program;  // levictl itself; it is run as `<program> guard`
  std::string folder;   // of this run's undo log
  TargetSpec target;
  RunOwner owner;
  Nanos lease{10s};  // without a sign of life for so long the guard takes back what stands
  Nanos inject_max{
      10s};  // for an answer to `inject`; the guard begins no injection after half of it
};

// How an injection is asked for.
struct InjectOrder {
  Undo undo;
  Nanos life{};  // the guard takes it back after so long, whatever it hears from us
  bool leave_out =
      false;  // the negative control, in which everything but the injecting call is done
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

  bool alive() const { return !exited_ && !lost_; }
  const os::ProcessIdentity& process() const { return child_.identity(); }
  const std::string& folder() const { return folder_; }

  Result<Injected> inject(const InjectOrder& order);
  // What the last injection left although it failed. It stays in the log; a seal is among it until
  // it is released.
  const std::vector<Trace>& left_by_failed_inject() const { return left_by_failed_inject_; }
  // To revert that once more, where it still stands.
  std::optional<int> number_of_failed_inject() const { return number_of_failed_inject_; }
  // What still stands afterwards; empty: it is gone, and out of the log.
  Result<std::vector<Trace>> revert(int number);
  // Ends the guard. What still stands stays in the log.
  Result<std::vector<Trace>> done();

  // Stands while the owner works without its loop, at most for `max`: until then the guard goes on
  // hearing of us.
  class Blocking {
   public:
    Blocking(GuardClient& guard, Nanos max);
    ~Blocking();
    Blocking(const Blocking&) = delete;
    Blocking& operator=(const Blocking&) = delete;

   private:
    GuardClient& guard_;
  };

 private:
  GuardClient(os::Loop& loop, os::Child child, os::Fd pipe, const GuardOptions& options);
  Result<Json> ask(Json message, Nanos timeout);
  Error lost(const std::string& why, Nanos patience);
  void on_pipe();
  void vouch();
  void vouch_in_loop();

  os::Loop& loop_;
  os::Child child_;
  os::Fd pipe_;
  std::string folder_;
  Nanos lease_;
  Nanos inject_max_;
  std::unique_ptr<Heartbeat> heartbeat_;  // goes before the pipe
  MonoTime busy_until_;                   // of a Blocking that stands
  bool exited_ = false;
  bool lost_ = false;
  std::string input_;
  std::int64_t question_ = 0;
  std::optional<Json> answer_;  // to that question
  std::vector<Trace> left_by_failed_inject_;
  std::optional<int> number_of_failed_inject_;
  os::Loop::TimerId vouching_ = 0;
};

}  // namespace levi::chaos
