// Machine: the trading state machine. Deterministic: events in, effects out (DESIGN §4).
//
// Reads no clock, does no I/O, has no thread, draws no random number, never iterates an unordered
// container. The same journal gives the same state hash, live and on replay. One thread owns it;
// several replicas may follow one journal. `now` never runs backwards (LEVI_CHECK; journal::replay
// refuses a record whose instant does, or is not `valid_instant`). Bad values inside a checked
// event are counted refusals, never crashes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/machine/effect.h"
#include "core/machine/event.h"
#include "core/machine/state.h"

namespace levi::machine {

class Machine {
 public:
  Machine();
  ~Machine();
  Machine(Machine&&) noexcept;
  Machine& operator=(Machine&&) noexcept;

  void step(const Event& event, Instant now, Effects& effects);
  const State& state() const;
  // From now on `step` appends the orders that leave the state (settled long ago) to `sink`, which
  // the caller owns and empties; null: they are dropped. No part of the state.
  void keep_retired(std::vector<Order>* sink);
  std::uint64_t state_hash() const;  // over everything that `serialize` writes

  // A snapshot's body: versioned by kMachineVersion, checked on the way in. Those of earlier
  // versions are read back to kMachineVersionOldest.
  std::string serialize() const;
  static Result<Machine> deserialize(std::string_view bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

constexpr bool valid_instant(Instant t) { return t.ns >= 0 && t.ns <= kTimeMax; }

// Whether `deserialize` takes a snapshot of that version.
constexpr bool readable_version(std::uint32_t version) {
  return version >= kMachineVersionOldest && version <= kMachineVersion;
}

// What `step` relies on: every enum, bool, text length and range. Shells ask it before they journal
// what came from outside, so that the journal can be read back. Empty message-wise where all is
// well; kInvalid names the field.
Status check(const Event& event);

// The number of an event's type in the journal, and the way back from its bytes (kCorrupt with what
// was wrong; what it gives passes `check`, so no bytes at all can make `step` fail).
std::uint16_t event_type(const Event& event);
std::string_view event_bytes(const Event& event);  // valid while the event lives
Result<Event> event_from(std::uint16_t type, std::string_view bytes);
const char* event_name(std::uint16_t type);  // "intent", "venue-fill"; "unknown" for others

}  // namespace levi::machine
