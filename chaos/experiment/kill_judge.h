// The judge of the kill switch (DESIGN §5): clock-free, from the exchange's ledger alone. Pure.
//
// Once the exchange has seen the end of every connection that carried orders, nothing sent before
// the seal can still come: whatever is in the ledger with a sequence above S was let through a
// sealed latch. Flatten orders (F) have a grant of their own, which nobody gives in a chaos trial:
// one that arrives after the press is a violation whatever its sequence.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "chaos/experiment/ledger.h"

namespace levi::chaos {

struct KillFacts {
  std::string instance;
  std::uint64_t sequence = 0;  // S, from the acknowledgement
  MonoTime pressed;            // the request's first byte
};

struct KillJudgement {
  std::uint64_t beyond_s = 0;  // violations
  std::vector<std::string> details;
  std::uint64_t in_flight = 0;  // arrived after the press with a sequence at or below S
  std::uint64_t flatten = 0;    // violations: they arrived after the press
  std::optional<MonoTime>
      last_arrival;          // of a new order after the press; none: the stop was at once
  std::uint64_t orders = 0;  // of ours, seen at all
  bool s_arrived = false;    // S itself is in the ledger
};

class KillJudge {
 public:
  explicit KillJudge(KillFacts facts) : facts_(std::move(facts)) {}
  // Every entry since before the press, in arrival order.
  void venue(const VenueEntry& entry);
  KillJudgement judgement() const { return judgement_; }

 private:
  void tell(const std::string& detail);

  KillFacts facts_;
  KillJudgement judgement_;
};

// Orders that arrived within `window` before `until`, from entries in arrival order.
std::uint64_t orders_in(const std::vector<VenueEntry>& entries, MonoTime until, Nanos window);

// The longest time between two instants of [from, to] in which no order arrived.
Nanos longest_lull(const std::vector<VenueEntry>& entries, MonoTime from, MonoTime to);

}  // namespace levi::chaos
