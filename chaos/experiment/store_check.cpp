#include "chaos/experiment/store_check.h"

#include <sqlite3.h>

#include <functional>
#include <memory>

namespace levi::chaos {
namespace {

constexpr int kBusyTimeoutMs = 50;
constexpr std::size_t kStoreDetailsMax = 10;

using Database = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;
using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

Error sql_error(int code, const std::string& what) {
  const bool busy = code == SQLITE_BUSY || code == SQLITE_LOCKED;
  return error(busy ? ErrorCode::kBusy : ErrorCode::kIo, what + ": " + sqlite3_errstr(code));
}

std::string text_at_column(sqlite3_stmt* row, int column) {
  const unsigned char* text = sqlite3_column_text(row, column);
  return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
}

Status for_each_row(sqlite3* database, const char* sql, std::uint64_t sequence,
                    const std::function<void(sqlite3_stmt*)>& take) {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(database, sql, -1, &raw, nullptr);
  const Statement statement(raw, &sqlite3_finalize);
  if (code == SQLITE_OK) code = sqlite3_bind_int64(raw, 1, static_cast<sqlite3_int64>(sequence));
  if (code != SQLITE_OK) return sql_error(code, "cannot ask the store");
  while ((code = sqlite3_step(raw)) == SQLITE_ROW) take(raw);
  return code == SQLITE_DONE ? ok() : Status(sql_error(code, "cannot read the store"));
}

}  // namespace

Result<StoreRows> read_store(const std::string& data_folder, std::uint64_t sequence) {
  const std::string path = data_folder + "/levi.db";
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr);
  const Database database(raw, &sqlite3_close);
  if (code != SQLITE_OK) return sql_error(code, "cannot open " + path);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  StoreRows rows;
  LEVI_TRY_STATUS(for_each_row(
      raw, "SELECT client_id, price, quantity FROM orders WHERE sequence > ?", sequence,
      [&](sqlite3_stmt* row) {
        rows.orders.insert(order_key(text_at_column(row, 0), plain_number(text_at_column(row, 1)),
                                     plain_number(text_at_column(row, 2))));
      }));
  LEVI_TRY_STATUS(for_each_row(
      raw, "SELECT sequence, trade, price, quantity FROM fills WHERE sequence > ?", sequence,
      [&](sqlite3_stmt* row) {
        rows.fills.insert(fill_key(static_cast<std::uint64_t>(sqlite3_column_int64(row, 0)),
                                   text_at_column(row, 1), plain_number(text_at_column(row, 2)),
                                   plain_number(text_at_column(row, 3))));
      }));
  return rows;
}

std::vector<std::string> compare_store(const std::vector<VenueEntry>& venue, const StoreRows& store,
                                       const StoreScope& scope) {
  std::vector<std::string> differ;
  const auto tell = [&](const std::string& text) {
    if (differ.size() < kStoreDetailsMax) differ.push_back(text);
  };
  std::set<std::string> at_venue;
  for (const auto& entry : venue) {
    const bool ours = entry.ours && entry.ours->instance.view() == scope.instance &&
                      entry.ours->sequence.value > scope.sequence;
    if (!ours) continue;
    const bool due = entry.arrival <= scope.arrival;
    const std::string order = order_key(entry.client_id, entry.price, entry.quantity);
    if (entry.kind == VenueKind::kOrder && entry.accepted && due && !store.orders.contains(order))
      tell("the store does not have " + order);
    if (entry.kind != VenueKind::kFill) continue;
    const std::string key =
        fill_key(entry.ours->sequence.value, entry.trade_id, entry.price, entry.quantity);
    at_venue.insert(key);
    if (due && !store.fills.contains(key)) tell("the store does not have " + key);
  }
  for (const auto& key : store.fills) {
    if (!at_venue.contains(key)) tell("the venue does not have " + key + ", which is in the store");
  }
  return differ;
}

}  // namespace levi::chaos
