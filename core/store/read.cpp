#include "core/store/read.h"

#include <algorithm>

#include "core/os/file.h"
#include "core/store/sqlite.h"

namespace levi::store {

struct StoreReader::Impl {
  std::string path;

  // Opened for each call and closed after it: a database that was moved aside is not read on.
  Result<Connection> open() const {
    if (!os::exists(path)) {
      return error(ErrorCode::kNotFound, "there is no database at " + path + " yet");
    }
    LEVI_TRY(opened, Connection::open(path, true));
    opened.set_busy_timeout(kReadTimeout);
    return opened;
  }
};

namespace {

std::int64_t bounded(std::uint32_t limit) { return std::min(limit, kReadRowsMax); }

SignalRow signal_of(const Statement& row) {
  SignalRow signal;
  signal.record = static_cast<std::uint64_t>(row.integer(0));
  signal.instant = {row.integer(1)};
  signal.engine = row.text(2);
  signal.symbol = row.text(3);
  signal.kind = row.text(4);
  signal.side = row.text(5);
  signal.price = row.text(6);
  signal.quantity = row.text(7);
  signal.outcome = row.text(8);
  if (!row.is_null(9)) signal.order = static_cast<std::uint64_t>(row.integer(9));
  return signal;
}

TradeRow trade_of(const Statement& row) {
  TradeRow trade;
  trade.record = static_cast<std::uint64_t>(row.integer(0));
  trade.instant = {row.integer(1)};
  trade.symbol = row.text(2);
  trade.trade = row.text(3);
  trade.order = static_cast<std::uint64_t>(row.integer(4));
  trade.client_id = row.text(5);
  trade.engine = row.text(6);
  trade.side = row.text(7);
  trade.price = row.text(8);
  trade.quantity = row.text(9);
  trade.notional = {row.integer(10)};
  trade.fee = {row.integer(11)};
  trade.realised = {row.integer(12)};
  trade.maker = row.integer(13) != 0;
  return trade;
}

template <class Row>
Result<std::vector<Row>> read_rows(Statement& query, Row (*row_of)(const Statement&)) {
  std::vector<Row> rows;
  for (;;) {
    LEVI_TRY(more, query.next());
    if (!more) return rows;
    rows.push_back(row_of(query));
  }
}

}  // namespace

StoreReader::StoreReader(std::string path) : impl_(std::make_unique<Impl>()) {
  impl_->path = std::move(path);
}
StoreReader::StoreReader(StoreReader&&) noexcept = default;
StoreReader& StoreReader::operator=(StoreReader&&) noexcept = default;
StoreReader::~StoreReader() = default;

Result<std::vector<SignalRow>> StoreReader::recent_signals(std::uint32_t limit) {
  LEVI_TRY(connection, impl_->open());
  LEVI_TRY(query,
           Statement::prepare(connection,
                              "SELECT record, instant_ns, engine, symbol, kind, side, price, "
                              "quantity, outcome, order_sequence FROM signals ORDER BY "
                              "record DESC LIMIT ?"));
  query.bind(bounded(limit));
  return read_rows(query, signal_of);
}

Result<std::vector<TradeRow>> StoreReader::trades(std::uint32_t limit) {
  LEVI_TRY(connection, impl_->open());
  LEVI_TRY(query,
           Statement::prepare(
               connection,
               "SELECT f.record, f.instant_ns, f.symbol, f.trade, f.sequence, o.client_id, "
               "o.engine, f.side, f.price, f.quantity, f.notional_e8, f.fee_e8, f.realised_e8, "
               "f.maker FROM fills f LEFT JOIN orders o ON o.sequence = f.sequence ORDER BY "
               "f.record DESC LIMIT ?"));
  query.bind(bounded(limit));
  return read_rows(query, trade_of);
}

Result<ProjectionRow> StoreReader::projection() {
  LEVI_TRY(connection, impl_->open());
  LEVI_TRY(query, Statement::prepare(connection,
                                     "SELECT instance, last_sequence, last_instant_ns, (SELECT "
                                     "count(*) FROM gaps) FROM projection"));
  LEVI_TRY(found, query.next());
  if (!found) return error(ErrorCode::kCorrupt, "database " + impl_->path + ": no projection row");
  ProjectionRow row;
  row.instance = query.text(0);
  row.last_sequence = static_cast<std::uint64_t>(query.integer(1));
  row.last_instant = {query.integer(2)};
  row.gaps = static_cast<std::uint64_t>(query.integer(3));
  return row;
}

}  // namespace levi::store
