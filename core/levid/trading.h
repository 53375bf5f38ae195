// The trading thread: feed, machine, order gateway (DESIGN §2).
//
// One event's way: a shell (feed, gateway, hub, command port, timer, latch) hands it to `apply`,
// which stamps journal time, appends it to the ring, steps the machine and carries out the effects
// in order. Events that come up while effects are carried out wait in `pending_`: the machine is
// never entered twice.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/control/shared.h"
#include "core/engine/hub.h"
#include "core/journal/journal.h"
#include "core/latch/latch.h"
#include "core/levid/config.h"
#include "core/machine/machine.h"
#include "core/os/clock.h"
#include "core/os/loop.h"
#include "core/os/resolver.h"
#include "core/venue/venue.h"

namespace levi::levid {

struct TradingPorts {
  control::CommandPort& api;
  control::CommandPort& control;
  // levid-sabotage without async-store: blocks until the store has committed this record.
  std::function<void(RecordSequence)> wait_for_store;
};

bool is_market_data(const machine::Event& event);

class Trading {
 public:
  Trading(os::Loop& loop, const Config& config, const journal::Identity& identity,
          latch::Latch& latch, machine::Machine& machine, journal::Writer& writer,
          Instant last_instant, control::SharedStatus& status, TradingPorts ports);
  ~Trading();

  // Journals the start and the configuration, starts the engines, connects. Returns at once: an
  // exchange that does not answer is asked again, and /health says so meanwhile. Errors are those
  // that no retry mends, and kIo where the ring has no room for the start.
  Status start();
  // Cancels what is open, waits for that at most `deadline`, ends the engines, and stops the loop.
  void stop(Nanos deadline);
  std::vector<OrderSequence> left_open() const;  // not known to be over; trading thread only
  void abort_order_sockets();                    // any thread

  // Why the start is not complete yet; empty once trading runs. Trading thread only.
  const std::string& waiting_for() const { return waiting_for_; }

 private:
  // Asked again from a little earlier: clocks differ, and trades come late. Fills are deduplicated.
  static constexpr Nanos kReconcileOverlap{60s};
  // Where the journal ends later than it is now (the clock was set back), nobody knows when it did.
  static constexpr Nanos kReconcileUnknown{24h};

  void apply(const machine::Event& event);
  void apply_one(machine::Event& event);
  // False: it is not in the journal, so it has not happened. Then `not_journalled`.
  bool append_to_journal(const machine::Event& event, Instant now);
  void not_journalled(const machine::Event& event);
  Status journal_or_fail(const machine::Event& event);
  void refuse(const machine::Intent& intent);
  void cancel_all_if_killed();
  void carry_out(const machine::Effect& effect);
  void on_effect(const machine::SendOrder& effect);
  void on_effect(const machine::CancelOrder& effect);
  void on_effect(const machine::CancelAllOpen& effect);
  void on_effect(const machine::QueryOrder& effect);
  void on_effect(const machine::QueryTrades& effect);
  void on_effect(const machine::StartEngine& effect);
  void on_effect(const machine::StopEngine& effect);
  void on_effect(const machine::ResyncBook& effect);
  void on_effect(const machine::PollRest& effect);
  void on_effect(const machine::SealLatch& effect);
  void on_effect(const machine::OpenLatch& effect);
  void on_effect(const machine::Answer& effect);
  void on_effect(const machine::GrantFlatten& effect);
  void on_effect(const machine::EngineUpdate& effect);
  void on_effect(const machine::Alert& effect);

  Status journal_start();
  Status make_venue(const os::Endpoint& rest, const os::Endpoint& websocket);
  void find_venue();
  void connect_venue();
  bool wait_for_ring();
  void on_instruments(const Result<std::vector<machine::InstrumentDefined>>& instruments);
  void begin_trading(const std::vector<machine::InstrumentDefined>& instruments);
  void tell_if_refused(const machine::InstrumentDefined& offered,
                       const machine::InstrumentDefined& taken);
  void close_unlisted(const std::vector<machine::InstrumentDefined>& listed);
  void bring_up_engines();
  void ask_again_for(const char* what, const Error& why, std::function<void()> again);
  void define_engines();
  Status start_hub();
  void forward_market_data(const machine::Event& event, Instant now);
  void round();
  void each_second();
  void look_at_latch();
  void watch_latch();
  void look_at_latch_path();
  const char* refusal_to_open(latch::Holder holder) const;
  void want_latch_text(std::uint32_t holders);
  std::uint32_t read_slot_text(latch::Word word, machine::LatchSeen& seen);
  void tell_chaos_actor();
  machine::TradingState trading_state() const;
  bool ring_nearly_full() const;
  bool journal_in_trouble() const;  // the disk or the ring does not take what we write
  void look_at_journal();
  void make_up_for_dropped();
  void reconcile(Instant since);  // journal time
  void settle_again();
  void cancel_own_orders();
  void end_loop();
  void publish_status();
  void answer(std::uint64_t request, machine::AnswerCode code, std::string_view text);
  void catch_up(const machine::FeedUp& up, Instant now);
  void publish_feeds();
  void publish_venue();
  void publish_trouble();
  void publish_engines();
  void publish_heartbeats();
  void set_waiting_for(std::string why);

  os::Loop& loop_;
  const Config& config_;
  const journal::Identity& identity_;
  latch::Latch& latch_;
  machine::Machine& machine_;
  journal::Writer& writer_;
  os::JournalClock clock_;
  control::SharedStatus& status_;
  TradingPorts ports_;
  os::Resolver resolver_;
  std::unique_ptr<venue::Venue> venue_;            // null until its address is known
  std::atomic<venue::Gateway*> gateway_{nullptr};  // for the threads that abort its sockets
  std::unique_ptr<engine::EngineHub> hub_;
  os::Waker command_waker_;

  machine::Effects effects_;
  std::deque<machine::Event> pending_;
  std::vector<machine::Event>
      owed_;  // of engines, not journalled: at most an up and a down of each
  machine::Effects engine_effects_waiting_;  // for engines, from before the hub stands; in order
  bool applying_ = false;
  RecordSequence applied_;
  Instant set_off_;  // of the intent that is being applied: when we received what led to it
  std::uint64_t latch_word_ = 0;
  std::uint32_t latch_text_wanted_ = 0;  // holders that sealed, and whose slots are not read yet
  MonoTime latch_text_until_;
  unsigned latch_looks_ = 0;
  bool latch_path_ours_ = true;  // at the last look
  std::uint64_t flatten_epoch_ = 0;
  std::uint64_t events_dropped_ = 0;  // the ring was full: the venue is asked again once it is not
  Instant ring_full_since_;
  bool store_was_ok_ = true;
  std::uint8_t trading_told_ = 0;  // to the engines: a TradingCode
  bool venue_known_ = false;       // it has named its instruments: feeds and reconciliation run
  bool stopping_ = false;
  MonoTime stop_deadline_ = kNever;
  Nanos connect_delay_{0};
  std::string waiting_for_ = "start";
  std::string symbols_trouble_;  // symbols that the start found not as they should be
  std::string venue_trouble_;    // as last told
  Instant reconcile_since_;      // the last instant that the journal knew of at the start
  MonoTime settle_again_at_ = kNever;
  Instant reconciling_since_;  // from when on, by the wall clock, the running one looks at trades
};

}  // namespace levi::levid
