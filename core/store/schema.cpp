#include "core/store/schema.h"

namespace levi::store {

const char* const kSchemaSql = R"sql(
CREATE TABLE projection (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  schema INTEGER NOT NULL,
  instance TEXT NOT NULL,
  last_sequence INTEGER NOT NULL,
  last_instant_ns INTEGER NOT NULL
);
CREATE TABLE gaps (
  first_sequence INTEGER PRIMARY KEY,
  last_sequence INTEGER NOT NULL
);
CREATE TABLE orders (
  sequence INTEGER PRIMARY KEY,
  client_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  engine TEXT,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  type TEXT NOT NULL,
  state TEXT NOT NULL,
  price TEXT,
  quantity TEXT NOT NULL,
  filled TEXT NOT NULL,
  executed_venue TEXT NOT NULL,
  venue_order TEXT,
  created_ns INTEGER NOT NULL,
  changed_ns INTEGER NOT NULL,
  record INTEGER NOT NULL
);
CREATE TABLE fills (
  record INTEGER PRIMARY KEY,
  symbol TEXT NOT NULL,
  trade TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  side TEXT NOT NULL,
  price TEXT NOT NULL,
  quantity TEXT NOT NULL,
  notional_e8 INTEGER NOT NULL,
  fee_e8 INTEGER NOT NULL,
  realised_e8 INTEGER NOT NULL,
  maker INTEGER NOT NULL,
  instant_ns INTEGER NOT NULL,
  UNIQUE (sequence, trade)
);
CREATE TABLE positions (
  symbol TEXT PRIMARY KEY,
  quantity TEXT NOT NULL,
  average_price TEXT,
  cost_e8 INTEGER NOT NULL,
  realised_e8 INTEGER NOT NULL,
  fees_e8 INTEGER NOT NULL,
  changed_ns INTEGER NOT NULL,
  record INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE signals (
  record INTEGER PRIMARY KEY,
  instant_ns INTEGER NOT NULL,
  engine TEXT,
  symbol TEXT,
  kind TEXT NOT NULL,
  side TEXT NOT NULL,
  price TEXT,
  quantity TEXT,
  order_sequence INTEGER,
  outcome TEXT NOT NULL
);
CREATE TABLE commands (
  record INTEGER PRIMARY KEY,
  instant_ns INTEGER NOT NULL,
  request INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  holder TEXT,
  engine TEXT,
  symbol TEXT,
  epoch INTEGER NOT NULL,
  outcome TEXT,
  answer TEXT
);
CREATE INDEX commands_by_request ON commands (request);
)sql";

const char* const kRowCountsSql =
    "CREATE TABLE row_counts (signals INTEGER NOT NULL);"
    "INSERT INTO row_counts SELECT count(*) FROM signals";

}  // namespace levi::store
