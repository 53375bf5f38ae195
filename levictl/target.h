// Which core a command talks to, and every way of reaching it.
//
// In this order: --target (a URL, or the name of a stage), $LEVICTL_TARGET (either of them empty:
// an error), the stage that `levictl up` made, 127.0.0.1:8000.
#pragma once

#include <optional>
#include <string>

#include "core/base/result.h"
#include "levictl/stage.h"

namespace levi::cli {

// The flags that every command which talks to a core has.
struct TargetFlags {
  std::string target;
  std::string control;  // host:port, where it is not the API's port + 1
  std::string data;  // levid's data folder on this host: leads to latch and control socket though
                     // levid be dead
  std::string runtime;  // or the runtime folder itself
  // The first of them that was given as '': a variable that was not set in a script. Never the
  // default then.
  std::string empty;
};

// A hint as it can be typed: behind each `levictl <command>` that takes them, the flags that this
// command was given.
std::string with_flags(std::string hint, const TargetFlags& flags);

struct Target {
  std::string name;     // "stage default", "127.0.0.1:8000"
  std::string api;      // "http://127.0.0.1:8000"
  std::string control;  // "http://127.0.0.1:8001"
  std::string runtime;  // empty where not on this host, or not known
  std::string data;
  std::optional<Stage> stage;

  bool local() const { return !runtime.empty(); }
  std::string control_socket() const { return runtime + "/control.sock"; }
};

// kInvalid: what was given can't be meant, or leads to another core's latch. kNotFound: no stage of
// that name is up.
Result<Target> resolve_target(const TargetFlags& flags);

}  // namespace levi::cli
