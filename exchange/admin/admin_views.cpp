// The admin calls that only look: ledger pages, summaries, connections, state.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "exchange/admin/admin_api.h"
#include "exchange/ledger/ledger_json.h"

namespace levi::exchange {
namespace {

// Connections and faults have no client id: they count whatever the prefix.
bool is_counted(const LedgerEntry& entry, std::string_view prefix) {
  const bool order = entry.kind == EntryKind::kOrder || entry.kind == EntryKind::kCancel ||
                     entry.kind == EntryKind::kFill;
  return !order || entry.client_id.view().starts_with(prefix);
}

// "order,fill": one of them, whole.
bool is_listed(std::string_view list, std::string_view word) {
  for (std::size_t at = list.find(word); at != std::string_view::npos;
       at = list.find(word, at + 1)) {
    const bool begins = at == 0 || list[at - 1] == ',';
    const std::size_t end = at + word.size();
    if (begins && (end == list.size() || list[end] == ',')) return true;
  }
  return false;
}

void count(const LedgerEntry& entry, LedgerCounts& counts) {
  ++counts.kinds[static_cast<std::size_t>(entry.kind)];
  if (entry.kind == EntryKind::kOrder)
    ++counts.order_outcomes[static_cast<std::size_t>(entry.status)];
  if (entry.kind != EntryKind::kFill) return;
  LedgerCounts::Fills& fills = counts.fills[entry.symbol.value];
  (entry.side == Side::kBuy ? fills.bought : fills.sold) += entry.fill_quantity;
  ++fills.count;
}

std::uint64_t count_open(const MatchingEngine& engine, const Account& account,
                         std::string_view prefix) {
  std::uint64_t open = 0;
  for (Slot slot = account.first_open(); slot != kNoSlot; slot = engine.pool().at(slot).open.next) {
    open += engine.pool().order(slot).client_id.view().starts_with(prefix) ? 1 : 0;
  }
  return open;
}

}  // namespace

// What an earlier call with this prefix counted is kept: judges ask many times a second, and a
// ledger of millions of entries read each time would stop the exchange meanwhile.
LedgerCounts AdminApi::counts_of(const std::string& prefix, Arrival after) {
  const Ledger& ledger = venue_.ledger();
  LedgerCounts fresh;
  fresh.fills.resize(venue_.engine().symbols().size());
  fresh.until = after;
  LedgerCounts* counts = &fresh;
  if (after.value == 0) {
    if (counted_.size() >= kPrefixesMax && !counted_.contains(prefix)) counted_.clear();
    counts = &counted_.try_emplace(prefix, fresh).first->second;
  }
  for (std::size_t i = ledger.index_after(counts->until); i < ledger.entries().size(); ++i) {
    if (is_counted(ledger.entries()[i], prefix)) count(ledger.entries()[i], *counts);
  }
  counts->until = ledger.last();
  return *counts;
}

// `kinds` keeps only those; `rows=true` writes an entry as a short list: for who reads on at full
// order flow.
void AdminApi::ledger(AdminAnswer& answer) {
  const Ledger& ledger = venue_.ledger();
  const std::int64_t after = std::max<std::int64_t>(parameters_.integer("after").value_or(0), 0);
  const std::string_view kinds = parameters_.text("kinds");
  const bool rows = parameters_.text("rows") == "true";
  std::size_t i = ledger.index_after(Arrival{static_cast<std::uint64_t>(after)});
  std::uint64_t next = static_cast<std::uint64_t>(after);
  JsonWriter json(answer.body);
  json.open('{').field("boot_id", boot_id_).field("mono_now_ns", venue_.origin().mono.ns);
  json.field("truncated_before", ledger.truncated_before().value);
  json.key("entries").open('[');
  bool first = true;
  const std::size_t scan_end = std::min(ledger.entries().size(), i + kScanMax);
  for (std::size_t left = page_limit(); left > 0 && i < scan_end; ++i) {
    const LedgerEntry& entry = ledger.entries()[i];
    next = entry.arrival.value;
    if (!kinds.empty() && !is_listed(kinds, to_string(entry.kind))) continue;
    if (!std::exchange(first, false)) answer.body += ',';
    if (rows) {
      append_row(answer.body, entry, venue_.engine());
    } else {
      append_entry(answer.body, entry, venue_.engine());
    }
    --left;
  }
  json.close(']').field("next", next).field("last", ledger.last().value).close('}');
}

void AdminApi::summary(AdminAnswer& answer) {
  const std::string_view prefix = parameters_.text("prefix");
  const Ledger& ledger = venue_.ledger();
  const MatchingEngine& engine = venue_.engine();
  const std::int64_t after = std::max<std::int64_t>(parameters_.integer("after").value_or(0), 0);
  const LedgerCounts counts =
      counts_of(std::string(prefix), Arrival{static_cast<std::uint64_t>(after)});
  std::uint64_t open = 0;
  for (const Account& account : engine.accounts()) {
    if (venue_.is_client(account.id())) open += count_open(engine, account, prefix);
  }
  JsonWriter json(answer.body);
  json.open('{').field("boot_id", boot_id_).field("mono_now_ns", venue_.origin().mono.ns);
  json.field("prefix", prefix).field("last_arrival", ledger.last().value);
  json.field("truncated_before", ledger.truncated_before().value).key("counts").open('{');
  for (std::size_t i = 0; i < kEntryKindCount; ++i)
    json.field(to_string(static_cast<EntryKind>(i)), counts.kinds[i]);
  json.close('}');
  const auto outcome = [&](EntryStatus status) {
    return counts.order_outcomes[static_cast<std::size_t>(status)];
  };
  json.field("accepted", outcome(EntryStatus::kAccepted))
      .field("rejected", outcome(EntryStatus::kRejected));
  json.field("duplicates", outcome(EntryStatus::kDuplicate)).field("open_orders", open);
  json.key("fills").open('{');
  for (std::size_t i = 0; i < counts.fills.size(); ++i) {
    const SymbolSpec& spec = engine.symbols()[i];
    json.key(spec.name.view())
        .open('{')
        .field("bought", counts.fills[i].bought.value, spec.quantity_exponent);
    json.field("sold", counts.fills[i].sold.value, spec.quantity_exponent)
        .field("count", counts.fills[i].count)
        .close('}');
  }
  json.close('}').close('}');
}

void AdminApi::write_order(JsonWriter& json, const Order& order, Quantity filled) const {
  const MatchingEngine& engine = venue_.engine();
  const SymbolSpec& spec = engine.symbol(order.symbol);
  json.open('{')
      .field("account", engine.account(order.account).name())
      .field("symbol", spec.name.view());
  json.field("client_id", order.client_id.view()).field("order_id", format_order_id(order.id));
  json.field("side", side_word(order.side)).field("type", to_string(order.type));
  json.field("price", order.price.value, spec.price_exponent);
  json.field("quantity", order.quantity.value, spec.quantity_exponent)
      .field("status", to_string(order.status));
  json.field("executed", order.executed.value, spec.quantity_exponent);
  json.field("fills", filled.value, spec.quantity_exponent)
      .field("trades", order.trades)
      .close('}');
}

void AdminApi::orders(AdminAnswer& answer) {
  const std::string_view prefix = parameters_.text("client_prefix");
  const OrderId after = parse_order_id(parameters_.text("after"));
  const MatchingEngine& engine = venue_.engine();
  JsonWriter json(answer.body);
  json.open('{').field("boot_id", boot_id_).key("orders").open('[');
  std::vector<const Order*> chosen;
  std::unordered_map<std::uint64_t, Quantity>
      filled;  // from the fills themselves, not from what the order says
  for (const Account& account : engine.accounts()) {
    for (const Slot slot : account.orders()) {
      const Order& order = engine.pool().order(slot);
      if (order.id > after && order.client_id.view().starts_with(prefix)) chosen.push_back(&order);
    }
    for (const Fill& fill : account.fills()) {
      if (fill.order > after) filled[fill.order.value] += fill.quantity;
    }
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const Order* a, const Order* b) { return a->id < b->id; });
  const bool more = chosen.size() > page_limit();
  if (more) chosen.resize(page_limit());
  for (const Order* order : chosen) write_order(json, *order, filled[order->id.value]);
  json.close(']').key("next");
  if (more) {
    json.text(format_order_id(chosen.back()->id));
  } else {
    json.null();
  }
  json.close('}');
}

void AdminApi::rate(AdminAnswer& answer) {
  constexpr std::int64_t kWindowMaxMs = 3'600'000;
  const std::int64_t window =
      std::clamp<std::int64_t>(parameters_.integer("window_ms").value_or(20), 1, kWindowMaxMs);
  const MonoTime until{parameters_.integer("until_mono_ns").value_or(venue_.origin().mono.ns)};
  const MonoTime from{until.ns < window * 1'000'000 ? 0 : until.ns - window * 1'000'000};
  const std::uint64_t orders = venue_.ledger().orders_between(from, until);
  JsonWriter json(answer.body);
  json.open('{')
      .field("window_ms", window)
      .field("until_mono_ns", until.ns)
      .field("orders", orders);
  json.field("orders_per_second", orders * 1000 / static_cast<std::uint64_t>(window)).close('}');
}

void AdminApi::connections(AdminAnswer& answer) {
  JsonWriter json(answer.body);
  json.open('[');
  for (const ConnectionInfo& info : host_.connections()) {
    json.open('{').field("connection", info.connection.value).field("kind", to_string(info.kind));
    json.field("peer", info.peer).field("opened_mono_ns", info.opened.ns);
    json.field("last_rx_mono_ns", info.last_received.ns).field("orders", info.orders);
    json.key("subscriptions").open('[');
    if (const Session* session = hub_.find(info.connection)) {
      for (const std::string& channel : session->subscriptions) json.text(channel);
    }
    json.close(']').field("frozen", info.frozen).close('}');
  }
  json.close(']');
}

void AdminApi::state(AdminAnswer& answer) {
  const MatchingEngine& engine = venue_.engine();
  JsonWriter json(answer.body);
  json.open('{')
      .field("boot_id", boot_id_)
      .field("mono_now_ns", venue_.origin().mono.ns)
      .key("symbols")
      .open('[');
  for (std::uint16_t i = 0; i < engine.symbols().size(); ++i) {
    const SymbolSpec& spec = engine.symbols()[i];
    const Book& book = engine.book(SymbolId{i});
    json.open('{')
        .field("symbol", spec.name.view())
        .field("version", engine.version(SymbolId{i}).value);
    json.field("bid", book.best_price(Side::kBuy).value_or(Price{}).value, spec.price_exponent);
    json.field("ask", book.best_price(Side::kSell).value_or(Price{}).value, spec.price_exponent);
    json.field("trades", venue_.market(SymbolId{i}).trade_count()).close('}');
  }
  json.close(']').key("accounts").open('[');
  for (const Account& account : engine.accounts()) {
    json.open('{').field("account", account.name()).field("client", venue_.is_client(account.id()));
    json.field("open_orders", account.open_count()).key("balances").open('{');
    for (std::uint16_t i = 0; i < engine.assets().size(); ++i) {
      const Balance& balance = account.balance(AssetId{i});
      json.key(engine.assets()[i].view())
          .open('{')
          .field("free", balance.free.value, kMoneyExponent);
      json.field("locked", balance.locked.value, kMoneyExponent).close('}');
    }
    json.close('}').close('}');
  }
  json.close(']').close('}');
}

}  // namespace levi::exchange
