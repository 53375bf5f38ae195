// The run's lease at its target (DESIGN §7): no other run may break it meanwhile, and its status
// says whose chaos this is.
//
// Owned by the run's thread; the loop renews it until it is given back. Each change of the text
// leaves a chaos-mark in the core's journal, and so in its event stream.
#pragma once

#include <optional>
#include <string>

#include "chaos/experiment/caller.h"

namespace levi::chaos {

class RunLease {
 public:
  RunLease(Caller& caller, std::string run, std::string owner)
      : caller_(caller), run_(std::move(run)), owner_(std::move(owner)) {}
  ~RunLease() { stop(); }
  RunLease(const RunLease&) = delete;
  RunLease& operator=(const RunLease&) = delete;

  // Takes or renews it, and says what the run is at: a scenario's id. kConflict: another run holds
  // it.
  Status take(const std::string& what);
  // Another text for the same scenario, for `take` to leave a mark by.
  static std::string judging(const std::string& scenario);

  // Set once a renewal or a taking was answered by "another run holds it": two would break one
  // core.
  const Error* lost() const { return lost_ ? &*lost_ : nullptr; }

  void stop();       // it is not renewed any more
  void give_back();  // and over at once; a target that does not answer lets it run out

 private:
  Json body() const;
  void renew_later();
  void note(const Error& refused);

  Caller& caller_;
  std::string run_;
  std::string owner_;
  std::string what_;
  os::Loop::TimerId renewal_ = 0;
  bool taken_ = false;
  std::optional<Error> lost_;
};

}  // namespace levi::chaos
