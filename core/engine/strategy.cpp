#include "core/engine/strategy.h"

#include <string>

#include "core/base/check.h"
#include "core/engine/quoter.h"

namespace levi::engine {

void Intents::begin(std::uint64_t intent_last, std::uint64_t tick, Instant tick_instant) {
  count_ = 0;
  last_ = intent_last;
  set_off_ = tick_instant;
  decided_on(tick, tick_instant);
}

void Intents::decided_on(std::uint64_t tick, Instant tick_instant) {
  tick_ = tick;
  tick_instant_ = tick_instant;
}

IntentRecord& Intents::add(machine::IntentKind kind, Side side, Price price, Quantity quantity) {
  LEVI_CHECK(count_ < records_.size());  // Strategies look at `room`.
  IntentRecord& record = records_[count_++];
  record = IntentRecord{};
  record.number = ++last_;
  record.tick = tick_;
  record.tick_instant = tick_instant_;
  record.set_off = set_off_;
  record.kind = kind;
  record.side = side;
  record.price = price;
  record.quantity = quantity;
  return record;
}

std::uint32_t Intents::place(Side side, machine::OrderType type, Price price, Quantity quantity) {
  IntentRecord& record = add(machine::IntentKind::kPlace, side, price, quantity);
  record.type = type;
  record.tag = static_cast<std::uint32_t>(record.number);
  return record.tag;
}

void Intents::cancel(std::uint32_t tag, Side side, Price price, Quantity quantity) {
  add(machine::IntentKind::kCancel, side, price, quantity).tag = tag;
}

void Intents::signal(Side side, Price price) {
  add(machine::IntentKind::kSignal, side, price, Quantity{});
}

Result<std::unique_ptr<Strategy>> make_strategy(std::string_view name, std::string_view parameters,
                                                const StrategyContext& context) {
  if (name == "quoter") {
    LEVI_TRY(settings, parse_quoter(parameters, context));
    return std::unique_ptr<Strategy>(std::make_unique<Quoter>(settings));
  }
  return error(ErrorCode::kNotFound, "unknown strategy '" + std::string(name) + "'",
               "known: quoter");
}

}  // namespace levi::engine
