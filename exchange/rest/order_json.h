// An order and a trade as the venue shows them.
#pragma once

#include "exchange/json/json_writer.h"
#include "exchange/matching/engine.h"

namespace levi::exchange {

void write_new_order(JsonWriter& json, const Order& order, const SymbolSpec& spec);  // POST /order
void write_order(JsonWriter& json, const Order& order, const SymbolSpec& spec);      // GET
void write_canceled(JsonWriter& json, const Order& order, const SymbolSpec& spec,
                    std::string_view asked_client_id);
void write_fill(JsonWriter& json, const Fill& fill, const SymbolSpec& spec);

}  // namespace levi::exchange
