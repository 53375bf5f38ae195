// A Fault breaks one thing in a target and can put it back.
//
// levictl plans and proves, each trial with a fresh object; the guard process injects and reverts,
// from one thread, after the Undo that `plan` returned is on disk. An Undo is all that anyone needs
// to take the fault back, even a later process: `revert` may be repeated, must succeed on a fault
// that never landed, and touches only what bears the Undo's tag.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chaos/fault/target.h"
#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::chaos {

// What a scenario asks for: `inject: {fault: feed.reset, on: market}`, in one trial.
struct FaultOrder {
  std::string kind;
  std::map<std::string, std::string> parameters;
  std::string variant;
  std::string run;  // of this run; what we seal or start bears "chaos:<run>"
  int trial = 0;
  std::uint64_t seed = 0;  // for choosing a victim
  Nanos lease{30s};        // how long the fault may stand if everyone of us dies
};

struct Undo {
  std::string kind;
  std::string tag;  // "chaos:<run>:<trial>"
  Json parameters = Json::object();
};
std::string to_line(const Undo& undo);
Result<Undo> parse_undo(const std::string& line);

struct Injection {
  MonoTime before;  // t0: read just before the injecting call
  MonoTime after;
  Json detail = Json::object();  // what the injecting call answered
};

struct Proof {
  MonoTime at;
  std::string text;  // what was seen, and by whom
};

// Something of ours that still stands.
struct Trace {
  std::string text;  // "the latch is sealed by chaos:r1"
  std::string fix;   // the command that lifts it, where revert must not
};

class Fault {
 public:
  virtual ~Fault() = default;
  // levictl: looks at the target and says exactly what will be broken. Touches nothing.
  virtual Result<Undo> plan(const Target& target, const FaultOrder& order) = 0;
  // levictl, on the object that planned: a sighting by a witness, never inject's own word; of a
  // held fault once more at the end of its hold, with a deadline that allows one look. kTimeout: it
  // was not seen.
  virtual Result<Proof> prove(const Target& target, const Undo& undo, const Injection& injection,
                              MonoTime deadline) = 0;

  // The guard.
  virtual Result<Injection> inject(const Target& target, const Undo& undo) = 0;
  virtual Status revert(const Target& target, const Undo& undo) = 0;
  // What bears the tag; empty when nothing does. An error means that it could not be looked up.
  virtual Result<std::vector<Trace>> traces(const Target& target, const Undo& undo) = 0;
};

// What the judge must know about a kind of fault (registry.h lists them).
struct FaultKind {
  std::string name;
  std::string title;
  std::map<std::string, std::vector<std::string>>
      parameters;  // accepted values; an empty list accepts any text
  std::vector<std::string> variants;
  std::vector<std::string>
      needs;          // without which no trial is possible: "local-process", "exchange-admin", ...
  bool held = false;  // stands until it is reverted: the scenario says `for` how long
  bool restarts_core = false;  // its process ends once, and its supervisor starts it again
  bool seals =
      false;  // takes the kill latch: only a live levictl lets go of it, the guard never does
  std::vector<std::string> down_events;  // the core's own first word about it, by event type
  std::vector<std::string> up_events;    // and its word that it is over
  std::function<std::unique_ptr<Fault>()> make;
};

}  // namespace levi::chaos
