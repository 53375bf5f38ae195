#include "core/machine/checks.h"

#include <algorithm>

namespace levi::machine {
namespace {

// Remembers the first field that failed.
class Checker {
 public:
  Checker& that(bool holds, const char* field) {
    if (!holds && defect_ == nullptr) defect_ = field;
    return *this;
  }
  template <std::size_t N>
  Checker& zero(const Reserved<N>& bytes) {
    return that(
        std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; }),
        "reserved");
  }
  template <std::size_t N>
  Checker& text(const FixedString<N>& value, const char* field) {
    return that(value.valid(), field);
  }
  template <class Enum>
  Checker& choice(Enum value, Enum first, Enum last, const char* field) {
    return that(value >= first && value <= last, field);
  }
  Checker& side(Side value) { return choice(value, Side::kBuy, Side::kSell, "side"); }
  Checker& type(OrderType value) {
    return choice(value, OrderType::kLimit, OrderType::kMarket, "type");
  }
  Checker& kind(OrderKind value) {
    return that(value == OrderKind::kNormal || value == OrderKind::kFlatten, "kind");
  }
  Checker& count(std::int64_t value, const char* field) {
    return that(value >= 0 && value <= kCountMax, field);
  }
  Checker& money(Money value, const char* field) {
    return that(value.value >= -kMoneyMax && value.value <= kMoneyMax, field);
  }
  Checker& time(std::int64_t ns, const char* field) {
    return that(ns >= 0 && ns <= kTimeMax, field);
  }
  Checker& symbol(SymbolId id) { return that(id.value < kSymbolsMax, "symbol"); }
  Checker& engine(EngineId id) { return that(id.value < kEnginesMax, "engine"); }
  Checker& source(SourceId id) { return that(id.value < kSourcesMax, "source"); }
  Checker& sequence(OrderSequence id) { return that(id.value <= kSequenceMax, "sequence"); }
  Checker& incarnation(Incarnation id) { return that(id.value <= kIncarnationMax, "incarnation"); }

  const char* defect() const { return defect_; }

 private:
  const char* defect_ = nullptr;
};

constexpr Nanos kDurationMax{kTimeMax / 1000};  // 53 days: a longer setting is a mistake

}  // namespace

const char* defect_of(const Started& e) {
  return Checker()
      .incarnation(e.incarnation)
      .text(e.instance, "instance")
      .that(e.machine_version <= kMachineVersion, "machine_version (made by a later levid)")
      .defect();
}

const char* defect_of(const Limits& e) {
  return Checker()
      .money(e.daily_loss_max, "daily_loss_max")
      .that(e.daily_loss_max.value > 0, "daily_loss_max")
      .money(e.position_notional_max, "position_notional_max")
      .that(e.position_notional_max.value >= 0, "position_notional_max")
      .that(e.data_age_max > Nanos{0} && e.data_age_max <= kDurationMax, "data_age_max")
      .that(e.restarts_max <= kRestartsMax, "restarts_max")
      .zero(e.reserved)
      .that(e.restart_window > Nanos{0} && e.restart_window <= kDurationMax, "restart_window")
      .that(e.polling_after >= Nanos{0} && e.polling_after <= kDurationMax, "polling_after")
      .defect();
}

const char* defect_of(const InstrumentDefined& e) {
  return Checker()
      .symbol(e.symbol)
      .text(e.name, "name")
      .that(e.price_exponent >= 0 && e.price_exponent <= kExponentMax, "price_exponent")
      .that(e.quantity_exponent >= 0 && e.quantity_exponent <= kExponentMax, "quantity_exponent")
      .zero(e.reserved1)
      .count(e.quantity_min.value, "quantity_min")
      .that(e.quantity_min.value > 0, "quantity_min")
      .money(e.notional_min, "notional_min")
      .zero(e.reserved2)
      .defect();
}

const char* defect_of(const EngineDefined& e) {
  return Checker()
      .engine(e.engine)
      .symbol(e.symbol)
      .text(e.name, "name")
      .text(e.strategy, "strategy")
      .zero(e.reserved)
      .defect();
}

const char* defect_of(const TopOfBook& e) {
  return Checker()
      .source(e.source)
      .symbol(e.symbol)
      .zero(e.reserved1)
      .zero(e.reserved2)
      .count(e.bid_price.value, "bid_price")
      .count(e.bid_quantity.value, "bid_quantity")
      .count(e.ask_price.value, "ask_price")
      .count(e.ask_quantity.value, "ask_quantity")
      .defect();
}

const char* defect_of(const Deal& e) {
  return Checker()
      .source(e.source)
      .symbol(e.symbol)
      .side(e.aggressor)
      .zero(e.reserved1)
      .zero(e.reserved2)
      .count(e.price.value, "price")
      .count(e.quantity.value, "quantity")
      .defect();
}

const char* defect_of(const BookGap& e) {
  return Checker().source(e.source).symbol(e.symbol).zero(e.reserved1).zero(e.reserved2).defect();
}

const char* defect_of(const FeedUp& e) {
  return Checker()
      .source(e.source)
      .time(e.since_down.count(), "since_down")
      .zero(e.reserved1)
      .zero(e.reserved2)
      .defect();
}

const char* defect_of(const FeedDown& e) {
  return Checker()
      .source(e.source)
      .choice(e.why, FeedDownWhy::kClosed, FeedDownWhy::kStopped, "why")
      .zero(e.reserved1)
      .zero(e.reserved2)
      .defect();
}

const char* defect_of(const Intent& e) {
  return Checker()
      .engine(e.engine)
      .choice(e.kind, IntentKind::kPlace, IntentKind::kSignal, "kind")
      .side(e.side)
      .type(e.type)
      .zero(e.reserved1)
      .zero(e.reserved2)
      .zero(e.reserved3)
      .count(e.price.value, "price")
      .count(e.quantity.value, "quantity")
      .time(e.tick_instant.ns, "tick_instant")
      .defect();
}

const char* defect_of(const EngineUp& e) {
  return Checker()
      .engine(e.engine)
      .time(e.since_down.count(), "since_down")
      .zero(e.reserved1)
      .zero(e.reserved2)
      .defect();
}

const char* defect_of(const EngineDown& e) {
  return Checker()
      .engine(e.engine)
      .choice(e.why, EngineDownWhy::kExited, EngineDownWhy::kSpawnFailed, "why")
      .zero(e.reserved1)
      .zero(e.reserved2)
      .defect();
}

const char* defect_of(const VenueAck& e) {
  return Checker().sequence(e.sequence).text(e.venue_order, "venue_order").defect();
}

const char* defect_of(const VenueFill& e) {
  return Checker()
      .sequence(e.sequence)
      .symbol(e.symbol)
      .text(e.trade, "trade")
      .side(e.side)
      .zero(e.reserved1)
      .zero(e.reserved2)
      .count(e.price.value, "price")
      .count(e.quantity.value, "quantity")
      .that(e.quantity.value > 0, "quantity")
      .money(e.fee, "fee")
      .kind(e.kind)
      .incarnation(e.incarnation)
      .defect();
}

const char* defect_of(const VenueCanceled& e) {
  return Checker().sequence(e.sequence).count(e.executed.value, "executed").defect();
}

const char* defect_of(const VenueRejected& e) {
  return Checker().sequence(e.sequence).text(e.reason, "reason").zero(e.reserved).defect();
}

const char* defect_of(const VenueUnknown& e) {
  return Checker()
      .sequence(e.sequence)
      .choice(e.why, UnknownWhy::kTimeout, UnknownWhy::kRestart, "why")
      .zero(e.reserved)
      .defect();
}

const char* defect_of(const OrderUnsent& e) {
  return Checker().sequence(e.sequence).zero(e.reserved).defect();
}

const char* defect_of(const VenueOrderState& e) {
  return Checker()
      .sequence(e.sequence)
      .symbol(e.symbol)
      .choice(e.status, VenueStatus::kNew, VenueStatus::kNotFound, "status")
      .zero(e.reserved1)
      .count(e.executed.value, "executed")
      .text(e.venue_order, "venue_order")
      .side(e.side)
      .type(e.type)
      .kind(e.kind)
      .incarnation(e.incarnation)
      .count(e.price.value, "price")
      .count(e.quantity.value, "quantity")
      .defect();
}

const char* defect_of(const CancelFailed& e) {
  return Checker().sequence(e.sequence).zero(e.reserved).defect();
}

const char* defect_of(const ForeignOrder& e) {
  return Checker()
      .symbol(e.symbol)
      .text(e.venue_order, "venue_order")
      .text(e.client_id, "client_id")
      .defect();
}

const char* defect_of(const ReconcileStarted& e) {
  return Checker().time(e.since.ns, "since").defect();
}
const char* defect_of(const ReconcileDone&) { return nullptr; }

const char* defect_of(const Command& e) {
  return Checker()
      .choice(e.kind, CommandKind::kResume, CommandKind::kCancelAll, "kind")
      .zero(e.reserved1)
      .zero(e.reserved2)
      .engine(e.engine)
      .symbol(e.symbol)
      .text(e.actor, "actor")
      .text(e.reason, "reason")
      .defect();
}

const char* defect_of(const LatchSeen& e) {
  return Checker()
      .that(e.sequence_last <= kSequenceMax, "sequence_last")
      .text(e.reason, "reason")
      .text(e.actor, "actor")
      .zero(e.reserved)
      .defect();
}

const char* defect_of(const Timer& e) {
  return Checker().choice(e.kind, TimerKind::kSecond, TimerKind::kSecond, "kind").defect();
}

const char* defect_of(const ChaosMark& e) {
  return Checker().text(e.run, "run").text(e.scenario, "scenario").text(e.owner, "owner").defect();
}

const char* defect_of(const StoreState& e) {
  return Checker().zero(e.reserved).text(e.why, "why").defect();
}

}  // namespace levi::machine
