// What must hold after any stream of events.
#include <gtest/gtest.h>

#include "tests/support/event_stream.h"
#include "tests/support/property.h"

namespace levi::machine {
namespace {

using test::EventStream;
using test::TimedEvent;

constexpr int kStreamEvents = 200;

struct Step {
  const Event& event;
  const State& before;
  const State& after;
  const Effects& effects;

  template <class T>
  const T* is() const {
    return std::get_if<T>(&event);
  }
};

// Follows a stream with a machine of its own and shows each step.
template <class Look>
void follow(EventStream& stream, Look look) {
  Machine machine;
  Effects effects;
  for (int i = 0; i < kStreamEvents; ++i) {
    const TimedEvent next = stream.next();
    const State before = machine.state();
    effects.clear();
    machine.step(next.event, next.now, effects);
    look(Step{next.event, before, machine.state(), effects});
  }
}

template <class T>
std::vector<T> all_of(const Effects& effects) {
  std::vector<T> found;
  for (const Effect& effect : effects) {
    if (const auto* one = std::get_if<T>(&effect)) found.push_back(*one);
  }
  return found;
}

std::uint64_t refused(const Step& step) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < std::size(step.after.counters.refused); ++i) {
    sum += step.after.counters.refused[i] - step.before.counters.refused[i];
  }
  return sum;
}

Money worth(const Instrument& instrument, Price price, Quantity quantity) {
  return notional(price, quantity, instrument.definition.price_exponent,
                  instrument.definition.quantity_exponent)
      .value();
}

// What came in and went out, by the fills alone.
struct Cash {
  Money cash;
  Money fees;
};

void book(std::map<std::size_t, Cash>& ledger, const Step& step) {
  const auto* fill = step.is<VenueFill>();
  if (fill == nullptr || step.after.counters.fills == step.before.counters.fills) return;
  for (const Alert& alert : all_of<Alert>(step.effects)) {
    if (alert.kind == AlertKind::kMoneyOverflow) return;  // said not to be booked
  }
  const std::size_t symbol = fill->symbol.value;
  const Money value = worth(step.after.instruments[symbol], fill->price, fill->quantity);
  ledger[symbol].cash += (fill->side == Side::kSell ? value : -value) - fill->fee;
  ledger[symbol].fees += fill->fee;
}

TEST(TradingProperty, MoneyIsConserved) {
  EXPECT_TRUE(test::holds("cash of all fills = realised - cost, exactly", [](std::uint64_t seed) {
    EventStream stream({.seed = seed, .hostile = seed % 3 == 0});
    std::map<std::size_t, Cash> ledger;
    follow(stream, [&](const Step& step) {
      book(ledger, step);
      Money equity;
      for (std::size_t i = 0; i < step.after.instruments.size(); ++i) {
        const Position& position = step.after.instruments[i].position;
        RC_ASSERT(position.realised - position.cost == ledger[i].cash);
        RC_ASSERT(position.fees == ledger[i].fees);
        const bool flat = position.quantity.value == 0;
        RC_ASSERT(!flat || (position.cost.value == 0 && position.unrealised.value == 0));
        equity += position.realised + position.unrealised;
      }
      RC_ASSERT(step.after.equity == equity);
    });
  }));
}

TEST(TradingProperty, NoOrderLeavesWhileSealedButAGrantedFlatten) {
  EXPECT_TRUE(test::holds("nothing passes a sealed latch", [](std::uint64_t seed) {
    EventStream stream({.seed = seed, .hostile = seed % 3 == 0});
    GrantFlatten granted;
    std::uint64_t flattened = 0;
    follow(stream, [&](const Step& step) {
      for (const GrantFlatten& grant : all_of<GrantFlatten>(step.effects)) granted = grant;
      for (const SendOrder& order : all_of<SendOrder>(step.effects)) {
        if (order.kind == OrderKind::kNormal) {
          RC_ASSERT(!step.before.latch().sealed());
          RC_ASSERT(step.before.seals_wanted == 0u);
          RC_ASSERT(!step.before.reconciling);
          continue;
        }
        ++flattened;
        RC_ASSERT(step.after.latch().sealed());
        RC_ASSERT(step.after.latch().epoch() == granted.epoch);
        RC_ASSERT(granted.orders_max-- > 0u);
        const Quantity position = step.before.instruments[order.symbol.value].position.quantity;
        const Quantity closable = order.side == Side::kSell ? position : -position;
        RC_ASSERT(order.quantity <= closable);
      }
    });
    RC_CLASSIFY(flattened > 0, "flattened something");
  }));
}

TEST(TradingProperty, SequencesHaveNoGapsAndEachAcceptedIntentSendsOneOrder) {
  EXPECT_TRUE(test::holds("one order per accepted intent, without gaps", [](std::uint64_t seed) {
    EventStream stream({.seed = seed, .hostile = seed % 3 == 0});
    std::uint64_t accepted = 0;
    follow(stream, [&](const Step& step) {
      const auto orders = all_of<SendOrder>(step.effects);
      std::uint64_t expected = step.before.sequence_last.value;
      for (const SendOrder& order : orders) RC_ASSERT(order.sequence.value == ++expected);
      const auto* intent = step.is<Intent>();
      if (intent == nullptr) return;
      if (intent->kind == IntentKind::kPlace) {
        RC_ASSERT(orders.size() + refused(step) == 1u);
        RC_ASSERT(step.after.orders.size() == step.before.orders.size() + orders.size());
        accepted += orders.size();
      } else {
        RC_ASSERT(orders.empty());
        RC_ASSERT(refused(step) <= 1u);
      }
    });
    RC_CLASSIFY(accepted > 5, "more than five accepted");
  }));
}

TEST(TradingProperty, EveryPlaceOfTheRunningProcessIsAnsweredOnce) {
  EXPECT_TRUE(test::holds("each new place is accepted or rejected, once", [](std::uint64_t seed) {
    EventStream stream({.seed = seed});
    follow(stream, [&](const Step& step) {
      const auto* intent = step.is<Intent>();
      if (intent == nullptr || intent->kind != IntentKind::kPlace) return;
      const Engine& engine = step.before.engines[intent->engine.value];
      const bool fresh = intent->engine_incarnation == engine.incarnation &&
                         intent->intent_number > engine.intents_seen;
      int answers = 0;
      for (const EngineUpdate& update : all_of<EngineUpdate>(step.effects)) {
        const bool answer =
            update.kind == OrderUpdateKind::kAccepted || update.kind == OrderUpdateKind::kRejected;
        answers += update.tag == intent->tag && answer;
      }
      RC_ASSERT(answers == (fresh ? 1 : 0));
    });
  }));
}

TEST(TradingProperty, ASymbolWithAnUnknownOrderSendsNothingNew) {
  EXPECT_TRUE(test::holds("unknown blocks its symbol", [](std::uint64_t seed) {
    EventStream stream({.seed = seed});
    std::uint64_t blocked = 0;
    follow(stream, [&](const Step& step) {
      for (const SendOrder& order : all_of<SendOrder>(step.effects)) {
        for (const auto& [sequence, one] : step.before.orders) {
          RC_ASSERT(one.symbol != order.symbol || one.state != OrderState::kUnknown);
        }
      }
      const auto reason = static_cast<std::size_t>(Refusal::kUnknownPending);
      blocked += step.after.counters.refused[reason] - step.before.counters.refused[reason];
    });
    RC_CLASSIFY(blocked > 0, "something was blocked");
  }));
}

// The position on the order's side if everything open there, `order` included, were filled.
Quantity worst_case(const Step& step, const SendOrder& order) {
  const Quantity position = step.before.instruments[order.symbol.value].position.quantity;
  Quantity worst = order.side == Side::kBuy ? position : -position;
  for (const auto& [sequence, one] : step.after.orders) {
    if (one.symbol != order.symbol || one.side != order.side) continue;
    const Quantity end = is_terminal(one.state) ? one.executed_venue : one.quantity;
    worst += std::max(Quantity{0}, end - one.filled);
  }
  return worst;
}

TEST(TradingProperty, LimitsHoldEvenIfEveryOpenOrderOfASideWereFilled) {
  EXPECT_TRUE(test::holds("limits hold in the worst case", [](std::uint64_t seed) {
    EventStream stream({.seed = seed});
    std::uint64_t reduced = 0;
    follow(stream, [&](const Step& step) {
      for (const SendOrder& order : all_of<SendOrder>(step.effects)) {
        if (order.kind == OrderKind::kNormal) {
          RC_ASSERT(step.after.open_orders <= step.after.limits.open_orders_max);
        }
        const Instrument& instrument = step.before.instruments[order.symbol.value];
        const Quantity worst = worst_case(step, order);
        if (worst.value <= 0) {  // it can only shrink the position
          ++reduced;
          continue;
        }
        RC_ASSERT(step.before.trading == TradingState::kActive);
        const std::uint32_t taken = step.after.occupied_symbols;
        RC_ASSERT(taken == step.before.occupied_symbols ||
                  taken <= step.after.limits.open_positions_max);
        RC_ASSERT(worth(instrument, order.price, worst) <= step.after.limits.position_notional_max);
      }
    });
    RC_CLASSIFY(reduced > 0, "some orders only shrank a position");
  }));
}

TEST(TradingProperty, CountersKeptInPassingEqualTheOnesCountedAnew) {
  EXPECT_TRUE(test::holds("derived state equals rebuilt state", [](std::uint64_t seed) {
    EventStream stream({.seed = seed, .hostile = seed % 2 == 0});
    for (int i = 0; i < kStreamEvents; ++i) {
      stream.next();
      const State& kept = stream.machine().state();
      const auto copy = Machine::deserialize(stream.machine().serialize());
      RC_ASSERT(copy.has_value());
      const State& counted = copy.value().state();
      RC_ASSERT(kept.open_orders == counted.open_orders);
      RC_ASSERT(kept.unknown_orders == counted.unknown_orders);
      RC_ASSERT(kept.unsettled_orders == counted.unsettled_orders);
      RC_ASSERT(kept.open_positions == counted.open_positions);
      RC_ASSERT(kept.occupied_symbols == counted.occupied_symbols);
      RC_ASSERT(kept.trading == counted.trading);
      for (std::size_t s = 0; s < kept.instruments.size(); ++s) {
        const Instrument& a = kept.instruments[s];
        const Instrument& b = counted.instruments[s];
        RC_ASSERT(a.open_orders == b.open_orders);
        RC_ASSERT(a.unknown_orders == b.unknown_orders);
        RC_ASSERT(a.unsettled_orders == b.unsettled_orders);
        RC_ASSERT(a.buy_pending == b.buy_pending);
        RC_ASSERT(a.sell_pending == b.sell_pending);
      }
    }
  }));
}

TEST(TradingProperty, OnceTheVenueHasAnsweredEverythingOurBooksAreTheVenues) {
  EXPECT_TRUE(test::holds("the books agree in the end", [](std::uint64_t seed) {
    EventStream stream({.seed = seed});
    for (int i = 0; i < kStreamEvents; ++i) stream.next();
    stream.settle();
    const State& state = stream.machine().state();
    RC_ASSERT(unsettled(state) == 0u);
    std::uint64_t fills = 0;
    for (const auto& [sequence, order] : stream.venue().orders()) {
      fills += order.trades.size();
      const auto ours = state.orders.find(sequence);
      RC_ASSERT(ours != state.orders.end());
      RC_ASSERT(ours->second.filled == order.executed);
      RC_ASSERT(is_terminal(ours->second.state) == !order.open);
    }
    for (const Instrument& instrument : state.instruments) {
      const SymbolId symbol = instrument.definition.symbol;
      RC_ASSERT(instrument.position.quantity == stream.venue().holding(symbol));
    }
    RC_ASSERT(state.counters.fills == fills);
    RC_CLASSIFY(fills > 10, "more than ten fills");
    RC_CLASSIFY(state.counters.adopted > 0, "orders were adopted");
    RC_CLASSIFY(state.counters.fills_late > 0, "fills came late");
  }));
}

}  // namespace
}  // namespace levi::machine
