// A million records of a market-making day: what the replays of the machine and of the journal are
// measured with.
#pragma once

#include <deque>

#include "core/base/random.h"
#include "core/machine/machine.h"

namespace levi::bench {

using namespace machine;  // NOLINT: the events of the day

inline constexpr std::size_t kDayRecords = 1'000'000;
inline constexpr std::uint16_t kDaySymbols = 20;
inline constexpr Instant kDayBegin{1'790'000'000'000'000'000};

struct DayRecord {
  std::uint16_t type = 0;
  std::uint32_t size = 0;
  std::size_t offset = 0;
  Instant instant;
};

// Builds the records by trading: a quoter per symbol that places, is acknowledged, cancels and is
// sometimes filled.
class TradingDay {
 public:
  TradingDay() {
    define();
    while (records_.size() < kDayRecords) one();
  }

  const std::vector<DayRecord>& records() const { return records_; }
  std::string_view body(const DayRecord& record) const {
    return {bytes_.data() + record.offset, record.size};
  }
  const Machine& machine() const { return machine_; }

 private:
  void add(const Event& event, Nanos after = 10us) {
    now_ += after;
    const std::string_view body = event_bytes(event);
    records_.push_back(
        {event_type(event), static_cast<std::uint32_t>(body.size()), bytes_.size(), now_});
    bytes_.append(body);
    effects_.clear();
    machine_.step(event, now_, effects_);
  }

  void define() {
    Started started;
    started.incarnation = {1};
    started.instance = "benchab";
    started.latch_word = std::uint64_t{1} << latch::kHolderBits;
    add(started);
    Limits limits;
    limits.open_positions_max = kDaySymbols;
    limits.position_notional_max = Money{1'000'000'00000000};
    limits.daily_loss_max = Money{1'000'000'00000000};
    add(limits);
    for (std::uint16_t i = 0; i < kDaySymbols; ++i) {
      InstrumentDefined definition;
      definition.symbol = {i};
      definition.name = "S" + std::to_string(i);
      definition.price_exponent = 2;
      definition.quantity_exponent = 6;
      definition.quantity_min = {1};
      add(definition);
    }
    for (std::uint16_t i = 0; i < kDaySymbols; ++i) {
      EngineDefined definition;
      definition.engine = {i};
      definition.symbol = {i};
      definition.name = "mm-" + std::to_string(i);
      add(definition);
    }
    add(ReconcileStarted{});
    add(ReconcileDone{});
    FeedUp feed;
    feed.source = kPrivateSource;
    add(feed);
    for (std::uint16_t i = 0; i < kDaySymbols; ++i) {
      EngineUp up;
      up.engine = {i};
      up.engine_incarnation = {1};
      add(up);
    }
  }

  void one() {
    const SymbolId symbol{static_cast<std::uint16_t>(random_.below(kDaySymbols))};
    const std::uint64_t draw = random_.below(100);
    if (draw < 60) return tick(symbol);
    if (draw < 68) return deal(symbol);
    if (draw < 69) return add(Timer{});
    if (live_.size() < 2 * kDaySymbols || draw < 84) return quote(symbol);
    finish();
  }

  void tick(SymbolId symbol) {
    TopOfBook top;
    top.symbol = symbol;
    top.version = ++version_;
    top.bid_price = {5'000'000 + static_cast<std::int64_t>(random_.below(200))};
    top.ask_price = {top.bid_price.value + 1 + static_cast<std::int64_t>(random_.below(20))};
    top.bid_quantity = top.ask_quantity = {1'000'000};
    add(top);
  }
  void deal(SymbolId symbol) {
    Deal deal;
    deal.symbol = symbol;
    deal.price = {5'000'100};
    deal.quantity = {1000};
    add(deal);
  }
  void quote(SymbolId symbol) {
    tick(symbol);
    Intent intent;
    intent.engine = {symbol.value};
    intent.engine_incarnation = {1};
    intent.intent_number = ++intents_[symbol.value];
    intent.tag = static_cast<std::uint32_t>(intent.intent_number);
    intent.side = random_.below(2) == 0 ? Side::kBuy : Side::kSell;
    intent.price = {5'000'000};
    intent.quantity = {1000};
    intent.tick_instant = now_;
    add(intent);
    if (effects_.empty() || !std::holds_alternative<SendOrder>(effects_[0])) return;
    const OrderSequence sequence = std::get<SendOrder>(effects_[0]).sequence;
    add(VenueAck{sequence, "C02__" + std::to_string(505979017439000000 + sequence.value)});
    live_.push_back({sequence, intent});
  }
  void finish() {
    Live order = live_.front();
    live_.pop_front();
    if (random_.below(4) == 0) {
      VenueFill fill;
      fill.sequence = order.sequence;
      fill.symbol = {order.intent.engine.value};
      fill.trade = "T" + std::to_string(order.sequence.value);
      fill.side = order.intent.side;
      fill.price = order.intent.price;
      fill.quantity = order.intent.quantity;
      fill.incarnation = {1};
      return add(fill);
    }
    order.intent.kind = IntentKind::kCancel;
    order.intent.intent_number = ++intents_[order.intent.engine.value];
    add(order.intent);
    add(VenueCanceled{order.sequence, {}});
  }

  struct Live {
    OrderSequence sequence;
    Intent intent;
  };
  Random random_{1};
  Machine machine_;
  Effects effects_;
  Instant now_ = kDayBegin;
  std::uint64_t version_ = 0;
  std::array<std::uint64_t, kDaySymbols> intents_{};
  std::deque<Live> live_;
  std::vector<DayRecord> records_;
  std::string bytes_;
};

}  // namespace levi::bench
