// What engine.kill and core.kill share: SIGKILL of exactly one process, and the sight of its death.
//
// The victim is (pid, start time, boot): a reused pid is never hit. levictl opens its pidfd before
// the injection, so that the proof is the kernel's word about that process. Nothing is taken back:
// bringing it up again is what is being tested.
#pragma once

#include "chaos/fault/fault.h"
#include "core/os/process.h"

namespace levi::chaos {

class ProcessKill : public Fault {
 public:
  Result<Proof> prove(const Target& target, const Undo& undo, const Injection& injection,
                      MonoTime deadline) override;
  Result<Injection> inject(const Target& target, const Undo& undo) override;
  Status revert(const Target& target, const Undo& undo) override;
  Result<std::vector<Trace>> traces(const Target& target, const Undo& undo) override;

 protected:
  // Opens the victim's pidfd and writes it into an Undo. `what` names it: "engine mm-btcusdt".
  Result<Undo> plan_kill(const std::string& kind, const FaultOrder& order,
                         const os::ProcessIdentity& victim, const std::string& what);

 private:
  os::Fd victim_;  // pidfd
};

std::string tag_of(const FaultOrder& order);  // "chaos:<run>:<trial>"

}  // namespace levi::chaos
