// The one list of what a snapshot holds, in order, for both directions (archive.h). Private to
// core/machine.
//
// Adding, removing or moving a field is a new kMachineVersion; what a version added is read from it
// on. Derived fields are not here: they are rebuilt.
#pragma once

#include <algorithm>

#include "core/machine/archive.h"
#include "core/machine/checks.h"
#include "core/machine/state.h"

namespace levi::machine::fields {

// `A` is a Writer and `T` const, or a Reader and `T` not.
inline constexpr auto plain = [](auto& a, auto& value) { a(value); };
inline constexpr auto instant = [](auto& a, auto& time) {
  a(time);
  a.expect(time.ns >= 0 && time.ns <= kTimeMax);
};
inline constexpr auto money = [](auto& a, auto& amount) {
  a(amount);
  a.expect(amount.value >= -kMoneyMax && amount.value <= kMoneyMax);
};
inline constexpr auto steps = [](auto& a, auto& count) {
  a(count);
  a.expect(count.value >= 0 && count.value <= kCountMax);
};

template <class A, class T>
void started(A& a, T& s) {
  a(s.incarnation), a(s.machine_version);
  a.raw(s.boot_id.data(), s.boot_id.size());
  a(s.instance), a(s.wall_ns), a(s.mono_ns), a(s.latch_word);
  a.expect(defect_of(s) == nullptr);
}

template <class A, class T>
void limits(A& a, T& l) {
  a(l.daily_loss_max), a(l.position_notional_max), a(l.open_positions_max), a(l.open_orders_max);
  a(l.data_age_max), a(l.restarts_max), a(l.restart_window), a(l.polling_after);
  a.expect(defect_of(l) == nullptr);
}

template <class A, class T>
void instrument_definition(A& a, T& d) {
  a(d.symbol), a(d.name), a(d.price_exponent), a(d.quantity_exponent);
  a(d.quantity_min), a(d.notional_min), a(d.tradable);
}

template <class A, class T>
void top_of_book(A& a, T& t) {
  a(t.source), a(t.symbol), a(t.version);
  a(t.bid_price), a(t.bid_quantity), a(t.ask_price), a(t.ask_quantity);
  a.expect(defect_of(t) == nullptr);
}

template <class A, class T>
void position(A& a, T& p) {
  a(p.quantity), steps(a, p.average_price);
  a.expect(p.quantity.value >= -kMoneyMax && p.quantity.value <= kMoneyMax);
  money(a, p.cost), money(a, p.realised), money(a, p.fees), money(a, p.unrealised);
}

template <class A, class T>
void instrument(A& a, T& i, std::uint32_t version) {
  a(i.defined);
  instrument_definition(a, i.definition);
  a.expect(!i.defined || defect_of(i.definition) == nullptr);
  top_of_book(a, i.top);
  a(i.book_valid), instant(a, i.last_data), steps(a, i.last_deal);
  position(a, i.position);
  if (version < 3) return;
  a(i.flatten_tries), instant(a, i.resync_asked);
}

template <class A, class T>
void engine(A& a, T& e) {
  a(e.defined);
  a(e.definition.engine), a(e.definition.symbol), a(e.definition.name), a(e.definition.strategy);
  a(e.definition.enabled);
  a.expect(defect_of(e.definition) == nullptr);
  a(e.wanted), a(e.stopping), a(e.restart_pending);
  a.choice(e.state, EngineState::kStopped, EngineState::kFailed);
  a(e.incarnation), a(e.pid), instant(a, e.since), instant(a, e.started);
  a(e.intents_seen), a(e.restarts), a(e.restart_failures), a(e.refusals), a(e.last_restart_took);
  a.choice(e.last_down, EngineDownWhy::kExited, EngineDownWhy::kSpawnFailed);
  a(e.last_status);
  list(a, e.restart_times, kRestartsMax, instant);
}

template <class A, class T>
void feed(A& a, T& f) {
  a(f.up), a(f.polling), a(f.poll_asked), a(f.connection), instant(a, f.since), a(f.disconnects);
  a(f.last_reconnect_took);
  a.choice(f.last_down, FeedDownWhy::kClosed, FeedDownWhy::kStopped);
}

template <class A, class T>
void order(A& a, T& o) {
  a(o.sequence), a(o.incarnation);
  a.choice(o.kind, OrderKind::kFlatten,
           OrderKind::kNormal);  // 'F' and 'O', and nothing between them
  a.expect(o.kind == OrderKind::kFlatten || o.kind == OrderKind::kNormal);
  a(o.engine), a(o.engine_incarnation), a(o.tag), a(o.symbol);
  a.expect(o.engine == kNoEngine || o.engine.value < kEnginesMax);
  a.choice(o.side, Side::kBuy, Side::kSell);
  a.choice(o.type, OrderType::kLimit, OrderType::kMarket);
  a.choice(o.state, OrderState::kInFlight, OrderState::kUnknown);
  steps(a, o.price), steps(a, o.quantity), steps(a, o.filled), steps(a, o.executed_venue);
  instant(a, o.created), instant(a, o.changed);
  a(o.venue_order), a(o.cancel_requested), a(o.queries), instant(a, o.asked),
      instant(a, o.cancel_asked);
  list(a, o.trades, kTradesPerOrderMax, plain);
}

template <class A, class T>
void counters(A& a, T& c) {
  a(c.events), a(c.ignored), a(c.orders_sent), a(c.fills), a(c.fills_duplicate), a(c.fills_late),
      a(c.rejected);
  a(c.unknown), a(c.adopted), a(c.foreign), a(c.gaps), a(c.signals);
  for (auto& refused : c.refused) a(refused);
}

template <class A, class T>
void latch_part(A& a, T& s) {
  a(s.latch_word), a(s.latch_sequence), a(s.seals_wanted), a(s.chaos_actor);
  a(s.cancel_all.active), a(s.cancel_all.foreign_seen), a(s.cancel_all.up_to),
      a(s.cancel_all.rounds);
  a(s.flatten.active), a(s.flatten.all_symbols), a(s.flatten.symbol), a(s.flatten.epoch),
      a(s.flatten.orders_max);
  a(s.flatten.orders_sent);
}

template <class A, class T>
void rest(A& a, T& s) {
  a(s.reconciling), a(s.start_settled), a(s.reconcile_unsettled);
  money(a, s.realised_today), money(a, s.equity), money(a, s.equity_day_start);
  a(s.daily_loss_reached), a(s.day);
  a(s.chaos.run), a(s.chaos.scenario), a(s.chaos.owner), a(s.chaos.begin);
  a(s.store.behind), a(s.store.lag_records), a(s.store.why);
  instant(a, s.now);
  counters(a, s.counters);
}

inline void orders(Writer& a, const State& s) {
  a.length(s.orders.size(), UINT32_MAX);
  for (const auto& [sequence, one] : s.orders) order(a, one);
}
inline void orders(Reader& a, State& s) {
  const std::size_t size = a.length(0, UINT32_MAX);
  s.orders.clear();
  for (std::size_t i = 0; i < size && a.ok(); ++i) {
    Order one;
    order(a, one);
    const bool known =
        one.symbol.value < s.instruments.size() && s.instruments[one.symbol.value].defined;
    const bool ascends = s.orders.empty() || s.orders.rbegin()->first < one.sequence.value;
    a.expect(known && ascends && one.sequence <= s.sequence_last);
    if (a.ok()) s.orders.emplace_hint(s.orders.end(), one.sequence.value, std::move(one));
  }
}

template <class A, class T>
void ancestor(A& a, T& one) {
  a(one.instance), a(one.incarnation_last), a(one.sequence_last);
  a.expect(one.incarnation_last.value <= kIncarnationMax &&
           one.sequence_last.value <= kSequenceMax);
}

template <class A, class T>
void state(A& a, T& s, std::uint32_t version) {
  started(a, s.started);
  limits(a, s.limits);
  list(a, s.instruments, kSymbolsMax,
       [version](auto& archive, auto& one) { instrument(archive, one, version); });
  list(a, s.engines, kEnginesMax, [](auto& archive, auto& one) { engine(archive, one); });
  list(a, s.feeds, kSourcesMax, [](auto& archive, auto& one) { feed(archive, one); });
  a(s.sequence_last);
  a.expect(s.sequence_last.value <= kSequenceMax);
  orders(a, s);
  list(a, s.holes, kHolesMax,
       [](auto& archive, auto& hole) { archive(hole.first), archive(hole.last); });
  for (const SequenceRange& hole : s.holes) {
    a.expect(hole.first > 0 && hole.first <= hole.last && hole.last <= s.sequence_last.value);
  }
  list(a, s.foreign, kForeignKept, plain);
  latch_part(a, s);
  rest(a, s);
  if (version < 2) return;
  list(a, s.ancestors, kAncestorsMax, [](auto& archive, auto& one) { ancestor(archive, one); });
  if (version < 3) return;
  instant(a, s.started_at), instant(a, s.reconciling_since), a(s.reconcile_overdue);
  instant(a, s.reconciled_to), instant(a, s.reconciling_to);
  a(s.daily_losses);
}

}  // namespace levi::machine::fields
