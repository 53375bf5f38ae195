#include "tests/store/support.h"

namespace levi::test {
namespace {

using machine::State;

std::string text(std::int64_t value, int exponent) { return format_decimal(value, exponent); }

std::string order_difference(Sql& database, const State& state, const machine::Order& order) {
  const auto& definition = state.instruments[order.symbol.value].definition;
  const std::string where = " FROM orders WHERE sequence = " + std::to_string(order.sequence.value);
  const std::string expected = std::string(machine::to_string(order.state)) + " " +
                               text(order.filled.value, definition.quantity_exponent) + " " +
                               text(order.executed_venue.value, definition.quantity_exponent) +
                               " " + (order.venue_order.empty() ? "-" : order.venue_order.str()) +
                               " " + definition.name.str() + " " + to_string(order.side) + " " +
                               machine::to_string(order.type) + " " + to_string(order.kind) + " " +
                               (order.type == machine::OrderType::kMarket
                                    ? "-"
                                    : text(order.price.value, definition.price_exponent));
  const std::string found = database.ask(
      "SELECT state || ' ' || filled || ' ' || executed_venue || ' ' || ifnull(venue_order, '-') "
      "|| "
      "' ' || symbol || ' ' || side || ' ' || type || ' ' || kind || ' ' || ifnull(price, '-')" +
      where);
  if (found == expected) return {};
  return "order " + std::to_string(order.sequence.value) + ": '" + found + "', not '" + expected +
         "'";
}

std::string position_difference(Sql& database, const machine::Instrument& instrument) {
  const machine::Position& position = instrument.position;
  const bool traded = position.realised.value != 0 || position.quantity.value != 0;
  if (!traded) return {};
  const std::string expected =
      text(position.quantity.value, instrument.definition.quantity_exponent) + " " +
      std::to_string(position.realised.value) + " " + std::to_string(position.cost.value);
  const std::string name = instrument.definition.name.str();
  const std::string found = database.ask(
      "SELECT quantity || ' ' || realised_e8 || ' ' || cost_e8 FROM positions WHERE symbol = '" +
      name + "'");
  return found == expected ? "" : name + ": '" + found + "', not '" + expected + "'";
}

}  // namespace

std::string difference(Sql& database, const State& state) {
  for (const auto& [sequence, order] : state.orders) {
    std::string found = order_difference(database, state, order);
    if (!found.empty()) return found;
  }
  std::int64_t realised = 0;
  for (const machine::Instrument& instrument : state.instruments) {
    std::string found = position_difference(database, instrument);
    if (!found.empty()) return found;
    realised += instrument.position.realised.value;
  }
  if (database.number("SELECT count(*) FROM gaps") != 0) return {};  // fills are missing, rightly
  const auto fills = static_cast<std::int64_t>(state.counters.fills);
  if (database.number("SELECT count(*) FROM fills") != fills) return "the number of fills";
  if (database.number("SELECT ifnull(sum(realised_e8), 0) FROM fills") != realised) {
    return "the sum of what fills realised";
  }
  if (database.number("SELECT count(*) FROM orders") <
      static_cast<std::int64_t>(state.counters.orders_sent)) {
    return "the number of orders";
  }
  return {};
}

}  // namespace levi::test
