// From what was seen in one trial to its measures (DESIGN §7). Pure.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "chaos/experiment/core_event.h"
#include "chaos/experiment/kill_judge.h"
#include "chaos/experiment/reconcile.h"
#include "chaos/experiment/scenario.h"
#include "chaos/experiment/watch.h"
#include "chaos/fault/fault.h"
#include "reports/record.h"

namespace levi::chaos {

struct Observed {
  const FaultKind* kind = nullptr;
  MonoTime t0;                            // read just before the injecting call
  Nanos landing{0};                       // proof - t0: how uncertain t0 is
  std::optional<Moment> first_deviation;  // by the probes
  std::optional<Moment> recovered;        // by the probes
  std::deque<CoreEvent> events;
  std::optional<MonoTime> reverted;  // when a held fault, or a seal, was lifted
  std::string feed = "market";
  std::optional<MonoTime> socket_ended;  // of the broken feed, by the exchange's ledger
  std::optional<std::int64_t> engine;    // the one that was killed
  std::optional<Nanos> kill_ack;
  std::optional<KillJudgement> kill;
  std::optional<Moment> orders_cleared;  // no order of ours is open at the venue
  std::optional<Balance> balance;
  std::optional<std::int64_t> orders_per_second;  // at the venue, just before t0
};

reports::Measure measure(const MeasureOrder& order, const Observed& observed);

}  // namespace levi::chaos
