// Random but plausible event streams for the machine: what a levid would journal on a bad day.
//
//   EventStream stream({.seed = 7});
//   for (int i = 0; i < 200; ++i) { const TimedEvent next = stream.next(); ... }
//
// The stream is closed: it runs a machine of its own, carries out its effects in a small model of
// the world (practice_market.h), and lets the answers come late, reordered, twice or not at all.
// Core restarts, seals, engine deaths and feed losses come in between; with `hostile`, so do events
// that make no sense. The same options give the same stream, and the first n events of a longer
// stream are the shorter one, so that a shrunk length is a shrunk counterexample.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "core/machine/machine.h"
#include "tests/support/practice_market.h"

namespace levi::test {

struct TimedEvent {
  Event event;
  Instant now;
};

struct StreamOptions {
  std::uint64_t seed = 1;
  std::uint16_t symbols = 3;   // one engine each
  unsigned ticks_weight = 60;  // of market data; everything else together weighs about 100
  bool restarts = true;        // of the core
  bool seals = true;
  bool hostile = false;
};

class EventStream {
 public:
  explicit EventStream(StreamOptions options);

  TimedEvent next();
  // Lets the venue finish: everything on its way is delivered, every question answered, and nothing
  // new begins.
  std::vector<TimedEvent> settle();

  const Machine& machine() const { return machine_; }
  PracticeVenue& venue() { return venue_; }

 private:
  using Action = Event (EventStream::*)();

  TimedEvent deliver(const Event& event, Nanos after);
  Event choose();
  Nanos pause();
  void schedule_start();
  void schedule_feeds();
  void carry_out(const Effects& effects);
  void on(const SendOrder& effect);
  void on(const CancelOrder& effect);
  void on(const CancelAllOpen& effect);
  void on(const QueryOrder& effect);
  void on(const QueryTrades& effect);
  void on(const StartEngine& effect);
  void on(const StopEngine& effect);
  void on(const SealLatch& effect);
  void on(const OpenLatch& effect);
  void on(const PollRest& effect);
  void on(const GrantFlatten& effect) { latch_.grant_flatten(effect.epoch); }
  void on(const ResyncBook&) {}
  void on(const Answer&) {}
  void on(const EngineUpdate&) {}
  void on(const Alert&) {}
  void close(VenueOrder& order);
  void see_latch();

  Event tick();
  Event place();
  Event cancel();
  Event signal();
  Event execution();
  Event in_the_air();
  Event second();
  Event engine_dies();
  Event feed_changes();
  Event gap();
  Event seal();
  Event command();
  Event restart_core();
  Event reconcile_again();
  Event foreign();
  Event nonsense();
  void schedule_reconciliation(bool complete);
  void lose_the_journals_tail();
  SymbolId any_symbol() { return {static_cast<std::uint16_t>(random_.below(options_.symbols))}; }
  EngineId any_engine() { return {static_cast<std::uint16_t>(random_.below(options_.symbols))}; }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

  StreamOptions options_;
  Random random_;
  PracticeVenue venue_{random_};
  PracticeLatch latch_;
  Machine machine_;
  Effects effects_;
  Instant now_;
  Incarnation incarnation_{1};
  std::uint64_t version_ = 1;
  std::uint64_t connection_ = 1;
  std::uint64_t request_ = 0;
  std::int64_t middle_ = 5'000'000;
  bool calm_ = false;
  std::deque<Event> scheduled_;  // these come next, in this order
  std::vector<Event> air_;       // these are on their way, in any order
  std::deque<Event> history_;    // what `nonsense` is made from
};

}  // namespace levi::test
