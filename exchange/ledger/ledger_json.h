// The ledger as JSON: one object per entry, fields that do not apply absent (docs/exchange.md has
// the table).
#pragma once

#include <string>

#include "exchange/ledger/ledger.h"
#include "exchange/matching/engine.h"

namespace levi::exchange {

// "C02__505979017439121408": how an order id looks outside.
std::string format_order_id(OrderId id);
void append_order_id(std::string& out, OrderId id);
// {0} where the text is no such id.
OrderId parse_order_id(std::string_view text);

void append_entry(std::string& out, const LedgerEntry& entry, const MatchingEngine& engine);

// The same as [arrival,kind,connection,mono_ns], for an order and a cancel with
// client_id,status,price,quantity behind, for a fill with client_id,trade_id,price,quantity.
void append_row(std::string& out, const LedgerEntry& entry, const MatchingEngine& engine);

}  // namespace levi::exchange
