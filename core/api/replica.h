// The API thread's replica of the machine: follows the journal from where recovery left it. Also
// keeps the newest fills and, in short, orders that the machine let go of, and knows each
// incarnation's clock, so that a record's instant can be told as monotonic time.
//
// API thread only. The journal laps it only when this thread has been off its CPU for minutes; the
// reader then goes through the segments. A journal that can't be read leaves the replica where it
// is, and `trouble` says why.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/api/order_history.h"
#include "core/journal/journal.h"
#include "core/machine/machine.h"

namespace levi::api {

inline constexpr std::size_t kFillsKept = 20'000;

struct KeptFill {
  std::uint64_t number = 0;  // from 1, over the whole journal: Counters::fills when it was booked
  machine::VenueFill fill;
  std::int8_t price_exponent = 0;  // as they were: an instrument may get new steps later
  std::int8_t quantity_exponent = 0;
};

// CLOCK_MONOTONIC of a record, from the Started record of its incarnation.
class MonoClock {
 public:
  void on_started(Incarnation incarnation, const machine::Started& started, Instant at);
  std::optional<MonoTime> at(Incarnation incarnation, Instant instant) const;

 private:
  std::map<std::uint32_t, std::int64_t> offsets_;  // mono - instant; the newest few
};

class Replica {
 public:
  using OnRecord = std::function<void(const journal::Record&, const machine::Event&)>;

  static Result<Replica> open(const journal::Paths& paths, journal::RingHandle ring,
                              const std::string& snapshot, RecordSequence at);

  // Before the first `advance`: the fills of before this start, read back out of the journal as far
  // as it has few enough records. What a ledger is compared with must not begin anew with each
  // start.
  void remember_fills(const journal::Paths& paths, const journal::RingHandle& ring);

  // Takes at most `records_max`; true when it stands at the journal's end. `on_record` sees each
  // one after its step.
  bool advance(std::size_t records_max, const OnRecord& on_record);

  const machine::State& state() const { return machine_.state(); }
  const machine::Machine& machine() const { return machine_; }
  RecordSequence at() const { return at_; }
  Instant instant() const { return instant_; }
  const std::deque<KeptFill>& fills() const { return fills_; }
  const OrderHistory& past_orders() const { return past_orders_; }
  MonoClock& clock() { return clock_; }
  const std::string& trouble() const { return trouble_; }

 private:
  Replica(machine::Machine machine, journal::Reader reader, RecordSequence at)
      : machine_(std::move(machine)),
        reader_(std::move(reader)),
        at_(at),
        past_orders_(machine_.state()) {}
  using SeenFills =
      std::set<std::pair<std::uint64_t, TradeId>>;  // a repeat in the journal was not booked again
  void look_back(const journal::Record& record, SeenFills& seen);
  void keep(const machine::VenueFill& fill, std::uint64_t number);

  machine::Machine machine_;
  journal::Reader reader_;
  RecordSequence at_;
  Instant instant_;
  std::deque<KeptFill> fills_;
  OrderHistory past_orders_;
  std::vector<machine::Order> retired_;  // by the step just done
  MonoClock clock_;
  machine::Effects effects_;  // dropped
  std::string trouble_;
};

// The event of a record; nothing where its type is one that this build does not know.
std::optional<machine::Event> event_of(const journal::Record& record);

}  // namespace levi::api
