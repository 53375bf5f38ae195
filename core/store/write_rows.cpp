// The statements of the projection, and rows bound to them.
#include <algorithm>

#include "core/base/check.h"
#include "core/latch/latch.h"
#include "core/machine/order_ids.h"
#include "core/store/database.h"

namespace levi::store {
namespace {

using machine::State;

enum Sql : std::size_t {
  kOrder,
  kFill,
  kPosition,
  kSignal,
  kCommand,
  kAnswer,
  kGap,
  kProgress,
  kDropSignals,
  kCountSignals,
  kDropOrders
};

// Indexed by Sql.
constexpr const char* kSql[] = {
    "INSERT INTO orders VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (sequence) DO UPDATE "
    "SET type = excluded.type, state = excluded.state, price = excluded.price, quantity = "
    "excluded.quantity, filled = excluded.filled, executed_venue = excluded.executed_venue, "
    "venue_order = excluded.venue_order, changed_ns = excluded.changed_ns, record = "
    "excluded.record",
    "INSERT INTO fills VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
    "INSERT OR REPLACE INTO positions VALUES (?,?,?,?,?,?,?,?)",
    "INSERT INTO signals VALUES (?,?,?,?,?,?,?,?,?,?)",
    "INSERT INTO commands VALUES (?,?,?,?,?,?,?,?,?,?,NULL,NULL)",
    "UPDATE commands SET outcome = ?, answer = ? WHERE record = (SELECT max(record) FROM commands "
    "WHERE request = ?)",
    "INSERT OR REPLACE INTO gaps VALUES (?,?)",
    "UPDATE projection SET last_sequence = ?, last_instant_ns = ?, instance = ? WHERE id = 1 AND "
    "last_sequence = ?",
    "DELETE FROM signals WHERE record IN (SELECT record FROM signals ORDER BY record LIMIT ?)",
    "UPDATE row_counts SET signals = ?",
    "DELETE FROM orders WHERE sequence IN (SELECT sequence FROM orders WHERE sequence <= ? AND "
    "state "
    "IN ('filled', 'canceled', 'rejected', 'unsent') ORDER BY sequence LIMIT ?)",
};

// Rows dropped by one transaction beyond as many as it wrote: where a limit was lowered, or the
// database comes from a build that had none, the rest goes little by little.
constexpr std::uint64_t kDropMore = 4096;

std::string_view symbol_of(const State& names, SymbolId symbol) {
  if (symbol.value >= names.instruments.size()) return {};
  return names.instruments[symbol.value].definition.name.view();
}

std::string_view engine_of(const State& names, EngineId engine) {
  if (engine.value >= names.engines.size()) return {};
  return names.engines[engine.value].definition.name.view();
}

std::string_view holder_of(std::uint32_t holder) {
  if (holder >= static_cast<std::uint32_t>(latch::Holder::kCount)) return {};
  return latch::to_string(static_cast<latch::Holder>(holder));
}

// Decimal text that lives until the statement has run.
class Decimal {
 public:
  Decimal(std::int64_t value, int exponent) : size_(format_decimal(value, exponent, text_)) {}
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[40];
  std::size_t size_;
};

}  // namespace

Status Database::prepare() {
  statements_.clear();
  for (const char* sql : kSql) {
    LEVI_TRY(statement, Statement::prepare(connection_, sql));
    statements_.push_back(std::move(statement));
  }
  return ok();
}

Status Database::write_rows(const Pending& pending, const State& names) {
  LEVI_TRY_STATUS(write_orders(pending, names));
  LEVI_TRY_STATUS(write_fills(pending, names));
  LEVI_TRY_STATUS(write_positions(pending, names));
  LEVI_TRY_STATUS(write_intents(pending, names));
  LEVI_TRY_STATUS(write_commands(pending, names));
  for (const GapRow& gap : pending.gaps) {
    LEVI_TRY_STATUS(statements_[kGap].bind(gap.first).bind(gap.last).run());
  }
  return ok();
}

Status Database::write_orders(const Pending& pending, const State& names) {
  Statement& row = statements_[kOrder];
  for (const auto& [sequence, order] : pending.orders) {
    const ClientOrderId id =
        machine::client_order_id(names, order.kind, order.incarnation, order.sequence);
    const bool market = order.type == machine::OrderType::kMarket;
    const Decimal price(order.price.value, order.exponents.price);
    const Decimal quantity(order.quantity.value, order.exponents.quantity);
    const Decimal filled(order.filled.value, order.exponents.quantity);
    const Decimal executed(order.executed_venue.value, order.exponents.quantity);
    row.bind(sequence)
        .bind(id.view())
        .bind(to_string(order.kind))
        .bind_or_null(engine_of(names, order.engine))
        .bind(symbol_of(names, order.symbol))
        .bind(to_string(order.side))
        .bind(to_string(order.type))
        .bind(machine::to_string(order.state))
        .bind_or_null(market ? std::string_view{} : price.view())
        .bind(quantity.view())
        .bind(filled.view())
        .bind(executed.view())
        .bind_or_null(order.venue_order.view())
        .bind(order.created.ns)
        .bind(order.changed.ns)
        .bind(order.record);
    LEVI_TRY_STATUS(row.run());
  }
  return ok();
}

Status Database::write_fills(const Pending& pending, const State& names) {
  Statement& row = statements_[kFill];
  for (const FillRow& fill : pending.fills) {
    const Decimal price(fill.fill.price.value, fill.exponents.price);
    const Decimal quantity(fill.fill.quantity.value, fill.exponents.quantity);
    row.bind(fill.record)
        .bind(symbol_of(names, fill.fill.symbol))
        .bind(fill.fill.trade.view())
        .bind(fill.fill.sequence.value)
        .bind(to_string(fill.fill.side))
        .bind(price.view())
        .bind(quantity.view())
        .bind(fill.notional.value)
        .bind(fill.fill.fee.value)
        .bind(fill.realised.value)
        .bind(std::int64_t{fill.fill.maker})
        .bind(fill.instant.ns);
    LEVI_TRY_STATUS(row.run());
  }
  return ok();
}

Status Database::write_positions(const Pending& pending, const State& names) {
  Statement& row = statements_[kPosition];
  for (const auto& [symbol, change] : pending.positions) {
    const machine::Position& position = change.position;
    const Decimal quantity(position.quantity.value, change.exponents.quantity);
    const Decimal average(position.average_price.value, change.exponents.price);
    row.bind(symbol_of(names, SymbolId{symbol}))
        .bind(quantity.view())
        .bind_or_null(position.quantity.value != 0 ? average.view() : std::string_view{})
        .bind(position.cost.value)
        .bind(position.realised.value)
        .bind(position.fees.value)
        .bind(change.changed.ns)
        .bind(change.record);
    LEVI_TRY_STATUS(row.run());
  }
  return ok();
}

Status Database::write_intents(const Pending& pending, const State& names) {
  Statement& row = statements_[kSignal];
  for (const IntentRow& intent : pending.intents) {
    const Decimal price(intent.price.value, intent.exponents.price);
    const Decimal quantity(intent.quantity.value, intent.exponents.quantity);
    const bool accepted = intent.refusal == machine::Refusal::kNone;
    row.bind(intent.record)
        .bind(intent.instant.ns)
        .bind_or_null(engine_of(names, intent.engine))
        .bind_or_null(intent.symbol_known ? symbol_of(names, intent.symbol) : std::string_view{})
        .bind(intent.kind == machine::IntentKind::kSignal ? "signal" : "place")
        .bind(to_string(intent.side))
        .bind_or_null(intent.price.value != 0 ? price.view() : std::string_view{})
        .bind_or_null(intent.quantity.value != 0 ? quantity.view() : std::string_view{});
    if (intent.order != 0) {
      row.bind(intent.order);
    } else {
      row.bind_null();
    }
    row.bind(accepted ? "accepted" : machine::to_string(intent.refusal));
    LEVI_TRY_STATUS(row.run());
  }
  return ok();
}

Status Database::write_commands(const Pending& pending, const State& names) {
  Statement& row = statements_[kCommand];
  for (const CommandRow& entry : pending.commands) {
    const machine::Command& command = entry.command;
    const bool resume = command.kind == machine::CommandKind::kResume;
    const bool engine = command.kind == machine::CommandKind::kEngineStart ||
                        command.kind == machine::CommandKind::kEngineStop ||
                        command.kind == machine::CommandKind::kEngineRestart;
    const bool symbol = command.kind == machine::CommandKind::kFlatten && !command.all_symbols;
    row.bind(entry.record)
        .bind(entry.instant.ns)
        .bind(command.request)
        .bind(to_string(command.kind))
        .bind(command.actor.view())
        .bind(command.reason.view())
        .bind_or_null(resume ? holder_of(command.holder) : std::string_view{})
        .bind_or_null(engine ? engine_of(names, command.engine) : std::string_view{})
        .bind_or_null(symbol ? symbol_of(names, command.symbol) : std::string_view{})
        .bind(command.epoch);
    LEVI_TRY_STATUS(row.run());
  }
  for (const AnswerRow& answer : pending.answers) {
    LEVI_TRY_STATUS(statements_[kAnswer]
                        .bind(answer.outcome)
                        .bind_or_null(answer.text.view())
                        .bind(answer.request)
                        .run());
  }
  return ok();
}

Status Database::drop_old_signals(const Pending& pending, std::uint64_t& signals) {
  const std::uint64_t written = pending.intents.size();
  if (written == 0 && signals <= kept_.signals) return ok();
  signals += written;
  if (signals > kept_.signals) {
    const std::uint64_t most = std::min(signals - kept_.signals, written + kDropMore);
    LEVI_TRY_STATUS(statements_[kDropSignals].bind(most).run());
    signals -= static_cast<std::uint64_t>(sqlite3_changes(connection_.get()));
  }
  return statements_[kCountSignals].bind(signals).run();
}

// Sequences have no holes worth counting: the newest `kept_.orders` of them, and what is not over.
Status Database::drop_old_orders(const Pending& pending, const State& state) {
  const std::uint64_t last = state.sequence_last.value;
  if (last <= kept_.orders) return ok();
  return statements_[kDropOrders]
      .bind(last - kept_.orders)
      .bind(pending.orders.size() + kDropMore)
      .run();
}

Status Database::write_progress(const Progress& up_to) {
  Statement& row = statements_[kProgress];
  row.bind(up_to.sequence.value).bind(up_to.instant.ns).bind(instance_).bind(committed_.value);
  LEVI_TRY_STATUS(row.run());
  if (sqlite3_changes(connection_.get()) == 1) return ok();
  return error(ErrorCode::kConflict,
               "database " + connection_.path() + ": somebody else moved the projection");
}

}  // namespace levi::store
