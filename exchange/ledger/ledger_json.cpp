#include "exchange/ledger/ledger_json.h"

#include <charconv>

#include "exchange/json/json_writer.h"

namespace levi::exchange {
namespace {

constexpr std::string_view kOrderIdPrefix = "C02__";

void write_order(JsonWriter& json, const LedgerEntry& entry, const SymbolSpec& spec) {
  // A refused request may never have been understood that far.
  if (entry.order.value == 0 && entry.price.value == 0 && entry.quantity.value == 0) return;
  json.field("side", side_word(entry.side)).field("type", to_string(entry.type));
  json.field("price", entry.price.value, spec.price_exponent);
  json.field("quantity", entry.quantity.value, spec.quantity_exponent);
}

void write_fill(JsonWriter& json, const LedgerEntry& entry, const SymbolSpec& spec) {
  json.field("trade_id", std::to_string(entry.trade.value));
  json.field("fill_price", entry.fill_price.value, spec.price_exponent);
  json.field("fill_quantity", entry.fill_quantity.value, spec.quantity_exponent);
  json.field("maker", entry.maker);
}

}  // namespace

void append_order_id(std::string& out, OrderId id) {
  char digits[20];
  out += kOrderIdPrefix;
  out.append(digits, std::to_chars(digits, digits + sizeof digits, id.value).ptr);
}

std::string format_order_id(OrderId id) {
  std::string text;
  append_order_id(text, id);
  return text;
}

OrderId parse_order_id(std::string_view text) {
  if (!text.starts_with(kOrderIdPrefix)) return {};
  text.remove_prefix(kOrderIdPrefix.size());
  OrderId id;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  return problem == std::errc{} && end == text.data() + text.size() ? id : OrderId{};
}

void append_entry(std::string& out, const LedgerEntry& entry, const MatchingEngine& engine) {
  JsonWriter json(out);
  json.open('{').field("arrival", entry.arrival.value).field("kind", to_string(entry.kind));
  json.field("connection", entry.origin.connection.value).field("mono_ns", entry.origin.mono.ns);
  json.field("wall_ms", entry.origin.wall.ns / 1'000'000);
  if (entry.account != kNoAccount) json.field("account", engine.account(entry.account).name());
  if (entry.kind == EntryKind::kFault) {
    json.field("fault", to_string(entry.fault)).field("tag", entry.client_id.view());
  } else if (!entry.client_id.empty()) {
    json.field("client_id", entry.client_id.view());
  }
  if (entry.order.value != 0) json.field("order_id", format_order_id(entry.order));
  if (entry.status != EntryStatus::kNone) json.field("status", to_string(entry.status));
  if (entry.code != 0) json.field("code", entry.code);
  if (entry.symbol != kNoSymbol) {
    const SymbolSpec& spec = engine.symbol(entry.symbol);
    json.field("symbol", spec.name.view());
    if (entry.kind != EntryKind::kFault) write_order(json, entry, spec);
    if (entry.kind == EntryKind::kFill) write_fill(json, entry, spec);
    if (entry.order.value != 0)
      json.field("remaining", entry.remaining.value, spec.quantity_exponent);
  }
  json.close('}');
}

void append_row(std::string& out, const LedgerEntry& entry, const MatchingEngine& engine) {
  JsonWriter json(out);
  json.open('[').number(entry.arrival.value).text(to_string(entry.kind));
  json.number(entry.origin.connection.value).number(entry.origin.mono.ns);
  const bool fill = entry.kind == EntryKind::kFill;
  if (fill || entry.kind == EntryKind::kOrder || entry.kind == EntryKind::kCancel) {
    json.text(entry.client_id.view());
    json.text(fill ? std::to_string(entry.trade.value) : std::string(to_string(entry.status)));
    // A refused request may name a symbol that nobody knows.
    const SymbolSpec* spec = entry.symbol == kNoSymbol ? nullptr : &engine.symbol(entry.symbol);
    const int price_exponent = spec == nullptr ? 0 : spec->price_exponent;
    const int quantity_exponent = spec == nullptr ? 0 : spec->quantity_exponent;
    json.decimal((fill ? entry.fill_price : entry.price).value, price_exponent);
    json.decimal((fill ? entry.fill_quantity : entry.quantity).value, quantity_exponent);
  }
  json.close(']');
}

}  // namespace levi::exchange
