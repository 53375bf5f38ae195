// A machine that trades: two symbols, an engine for each, reconciled, the latch open, fresh books.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/machine/machine.h"

namespace levi::machine {

inline constexpr SymbolId kBtc{0};
inline constexpr SymbolId kEth{1};
inline constexpr EngineId kBtcEngine{0};
inline constexpr EngineId kEthEngine{1};
inline constexpr std::uint64_t kOpenWord = std::uint64_t{1} << latch::kHolderBits;

inline std::uint64_t sealed_word(latch::Holder holder, std::uint64_t epoch) {
  return epoch << latch::kHolderBits | std::uint64_t{1} << static_cast<unsigned>(holder);
}

class MachineTest : public testing::Test {
 protected:
  void SetUp() override {
    start(1);
    reconcile();
    private_feed(true);
    for (const EngineId engine : {kBtcEngine, kEthEngine}) engine_up(engine);
    for (const SymbolId symbol : {kBtc, kEth}) top(symbol, 50'000'00, 50'001'00);
  }

  void step(const Event& event, Nanos after = 1ms) {
    ASSERT_TRUE(check(event)) << check(event).error().text();
    effects_.clear();
    now_ += after;
    machine_.step(event, now_, effects_);
  }

  // What a start of levid journals. `word` is the latch's.
  void start(std::uint32_t incarnation, std::uint64_t word = kOpenWord) {
    Started started;
    started.incarnation = {incarnation};
    started.instance = "abcdefg";
    started.latch_word = word;
    step(started);
    start_effects_ = effects_;
    step(limits_);
    for (const SymbolId symbol : {kBtc, kEth}) {
      InstrumentDefined definition;
      definition.symbol = symbol;
      definition.name = symbol == kBtc ? "BTCUSDT" : "ETHUSDT";
      definition.price_exponent = 2;
      definition.quantity_exponent = 6;
      definition.quantity_min = {10};
      step(definition);
    }
    for (const EngineId engine : {kBtcEngine, kEthEngine}) {
      EngineDefined definition;
      definition.engine = engine;
      definition.symbol = {engine.value};
      definition.name = engine == kBtcEngine ? "mm-btc" : "mm-eth";
      definition.strategy = "quoter";
      step(definition);
      start_effects_.insert(start_effects_.end(), effects_.begin(), effects_.end());
    }
  }
  void reconcile(std::uint32_t unsettled = 0) {
    step(ReconcileStarted{});
    ReconcileDone done;
    done.unsettled = unsettled;
    step(done);
  }
  void private_feed(bool up) {
    if (!up) return step(FeedDown{.source = kPrivateSource});
    step(FeedUp{.source = kPrivateSource});
  }
  void engine_up(EngineId engine, bool image = false) {
    EngineUp up;
    up.engine = engine;
    up.engine_incarnation = engine_of(engine).incarnation;
    up.pid = 100 + engine.value;
    up.image = image;
    step(up);
  }
  void engine_down(EngineId engine, EngineDownWhy why = EngineDownWhy::kSignalled,
                   Nanos after = 1ms) {
    EngineDown down;
    down.engine = engine;
    down.engine_incarnation = engine_of(engine).incarnation;
    down.why = why;
    step(down, after);
  }
  void top(SymbolId symbol, std::int64_t bid, std::int64_t ask) {
    TopOfBook top;
    top.symbol = symbol;
    top.version = ++version_;
    top.bid_price = {bid};
    top.ask_price = {ask};
    top.bid_quantity = top.ask_quantity = {1'000'000};
    step(top);
  }

  Intent intent(Side side, std::int64_t price, std::int64_t quantity,
                EngineId engine = kBtcEngine) {
    Intent intent;
    intent.engine = engine;
    intent.engine_incarnation = engine_of(engine).incarnation;
    intent.intent_number = engine_of(engine).intents_seen + 1;
    intent.tag = static_cast<std::uint32_t>(intent.intent_number);
    intent.side = side;
    intent.price = {price};
    intent.quantity = {quantity};
    intent.tick_instant = now_;
    return intent;
  }
  // Sends one and returns its sequence; 0 where it was refused.
  OrderSequence place(Side side, std::int64_t price = 50'000'00, std::int64_t quantity = 1000,
                      EngineId engine = kBtcEngine) {
    step(intent(side, price, quantity, engine));
    const auto sent = emitted<SendOrder>();
    return sent.empty() ? OrderSequence{} : sent[0].sequence;
  }
  OrderSequence open(Side side, std::int64_t price = 50'000'00, std::int64_t quantity = 1000,
                     EngineId engine = kBtcEngine) {
    const OrderSequence sequence = place(side, price, quantity, engine);
    step(VenueAck{sequence, "V" + std::to_string(sequence.value)});
    return sequence;
  }
  VenueFill fill_of(OrderSequence sequence, std::int64_t quantity, const std::string& trade) {
    VenueFill fill;
    const Order& order = order_of(sequence);
    fill.sequence = sequence;
    fill.symbol = order.symbol;
    fill.side = order.side;
    fill.price = order.price;
    fill.quantity = {quantity};
    fill.trade = trade;
    fill.incarnation = order.incarnation;
    return fill;
  }
  void fill(OrderSequence sequence, std::int64_t quantity, const std::string& trade) {
    step(fill_of(sequence, quantity, trade));
  }
  void seal(latch::Holder holder, std::uint64_t epoch) {
    LatchSeen seen;
    seen.word = sealed_word(holder, epoch);
    seen.sequence_last = state().sequence_last.value;
    seen.holders_new = 1u << static_cast<unsigned>(holder);
    seen.actor = "chaos:7";
    step(seen);
  }
  void unseal(std::uint64_t epoch) {
    LatchSeen seen;
    seen.word = epoch << latch::kHolderBits;
    step(seen);
  }
  Command command(CommandKind kind) {
    Command command;
    command.request = 42;
    command.kind = kind;
    command.actor = "ops";
    command.reason = "a test";
    return command;
  }
  void second() { step(Timer{}, 1s); }

  template <class T>
  std::vector<T> emitted() const {
    return picked<T>(effects_);
  }
  template <class T>
  static std::vector<T> picked(const Effects& effects) {
    std::vector<T> found;
    for (const Effect& effect : effects) {
      if (const auto* one = std::get_if<T>(&effect)) found.push_back(*one);
    }
    return found;
  }
  AnswerCode answered() const {
    const auto answers = emitted<Answer>();
    EXPECT_EQ(answers.size(), 1u);
    return answers.empty() ? AnswerCode{} : answers[0].code;
  }
  // Why the last intent was refused.
  std::uint64_t refusals(Refusal refusal) const {
    return state().counters.refused[static_cast<std::size_t>(refusal)];
  }

  const State& state() const { return machine_.state(); }
  const Order& order_of(OrderSequence sequence) const { return state().orders.at(sequence.value); }
  const Engine& engine_of(EngineId engine) const { return state().engines.at(engine.value); }
  const Position& position(SymbolId symbol) const {
    return state().instruments.at(symbol.value).position;
  }

  Machine machine_;
  Effects effects_;
  Effects start_effects_;
  Limits limits_;
  Instant now_{1'790'000'000'000'000'000};
  std::uint64_t version_ = 0;
};

}  // namespace levi::machine
