// Rows that wait for the database. Private to core/store.
//
// Small and without text where the machine knows the name: 65,536 of them must not cost much
// memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/machine/effect.h"
#include "core/machine/event.h"
#include "core/machine/state.h"

namespace levi::store {

struct Exponents {
  std::int8_t price = 0;
  std::int8_t quantity = 0;
};

struct OrderChange {
  OrderSequence sequence;
  Incarnation incarnation;
  OrderKind kind = OrderKind::kNormal;
  EngineId engine = machine::kNoEngine;
  SymbolId symbol;
  Exponents exponents;
  Side side = Side::kBuy;
  machine::OrderType type = machine::OrderType::kLimit;
  machine::OrderState state = machine::OrderState::kInFlight;
  Price price;
  Quantity quantity, filled, executed_venue;
  VenueOrderId venue_order;
  Instant created, changed;
  std::uint64_t record = 0;
};

struct FillRow {
  std::uint64_t record = 0;
  machine::VenueFill fill;
  Exponents exponents;
  Money notional, realised;
  Instant instant;
};

struct PositionChange {
  machine::Position position;
  Exponents exponents;
  Instant changed;
  std::uint64_t record = 0;
};

struct IntentRow {
  std::uint64_t record = 0;
  EngineId engine;
  SymbolId symbol;
  bool symbol_known = false;
  Exponents exponents;
  machine::IntentKind kind = machine::IntentKind::kPlace;
  Side side = Side::kBuy;
  Price price;
  Quantity quantity;
  std::uint64_t order = 0;  // 0: none was made
  machine::Refusal refusal = machine::Refusal::kNone;
  Instant instant;
};

struct CommandRow {
  std::uint64_t record = 0;
  machine::Command command;
  Instant instant;
};

struct AnswerRow {
  std::uint64_t request = 0;
  const char* outcome = "";
  FixedString<127> text;
};

struct GapRow {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

struct Pending {
  std::map<std::uint64_t, OrderChange> orders;        // the newest change of each
  std::map<std::uint16_t, PositionChange> positions;  // by SymbolId
  std::vector<FillRow> fills;
  std::vector<IntentRow> intents;
  std::vector<CommandRow> commands;
  std::vector<AnswerRow> answers;
  std::vector<GapRow> gaps;

  std::size_t size() const {
    return orders.size() + positions.size() + fills.size() + intents.size() + commands.size() +
           answers.size() + gaps.size();
  }
  bool empty() const { return size() == 0; }
};

}  // namespace levi::store
