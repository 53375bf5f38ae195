// Orders, fills, positions from the replica; trades and signals from the store.
#include <algorithm>

#include "core/api/api.h"
#include "core/api/event_json.h"
#include "core/machine/order_ids.h"
#include "core/os/clock.h"

namespace levi::api::books {
namespace {

constexpr std::uint64_t kPageDefault = 100;
constexpr std::uint64_t kPageMax = 5000;

double as_number(Money money) {
  return static_cast<double>(money.value) / 1e8;
}  // for eyes and jq, never for sums

std::string client_id(const Api& api, const machine::Order& order) {
  return machine::client_order_id(api.state(), order.kind, order.incarnation, order.sequence).str();
}

Json describe(const Api& api, const machine::Order& order) {
  const machine::State& state = api.state();
  const bool market = order.type == machine::OrderType::kMarket;
  const std::string engine = engine_text(state, order.engine);
  return {
      {"sequence", order.sequence.value},
      {"client_id", client_id(api, order)},
      {"venue_order_id", order.venue_order.empty() ? Json(nullptr) : Json(order.venue_order.str())},
      {"symbol", symbol_text(state, order.symbol)},
      {"side", to_string(order.side)},
      {"type", to_string(order.type)},
      {"state", to_string(order.state)},
      {"price", market ? Json(nullptr) : Json(price_text(state, order.symbol, order.price))},
      {"quantity", quantity_text(state, order.symbol, order.quantity)},
      {"filled", quantity_text(state, order.symbol, order.filled)},
      {"executed_venue", quantity_text(state, order.symbol, order.executed_venue)},
      {"incarnation", order.incarnation.value},
      {"created", os::format_utc(order.created)},
      {"engine", engine.empty() ? Json(nullptr) : Json(engine)},
      {"kind", to_string(order.kind)}};
}

// `rows=true`: short lists instead of objects, for who follows full order flow.
bool wants_rows(const Call& call) { return call.parameter("rows").value_or("") == "true"; }

Json row_of(const Api& api, const PastOrder& order) {
  const std::string id =
      machine::client_order_id(api.state(), order.kind, order.incarnation, order.sequence).str();
  return Json::array({order.sequence.value, id, to_string(order.state)});
}

// The orders behind `after` as rows, those that the machine let go of among them.
Json rows_after(const Api& api, std::uint64_t after, std::uint64_t limit) {
  const auto& past = api.replica().past_orders().orders();
  const auto& present = api.state().orders;
  auto gone =
      std::upper_bound(past.begin(), past.end(), after,
                       [](std::uint64_t n, const PastOrder& o) { return n < o.sequence.value; });
  auto held = present.upper_bound(after);
  Json list = Json::array();
  while (list.size() < limit && (gone != past.end() || held != present.end())) {
    const bool take_gone =
        held == present.end() || (gone != past.end() && gone->sequence.value < held->first);
    list.push_back(row_of(api, take_gone ? *gone++ : past_order((held++)->second)));
  }
  return list;
}

Json row_of(const KeptFill& kept) {
  return Json::array({kept.number, kept.fill.sequence.value, kept.fill.trade.str(),
                      format_decimal(kept.fill.price.value, kept.price_exponent),
                      format_decimal(kept.fill.quantity.value, kept.quantity_exponent)});
}

struct Page {
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> after;
};

// Answers itself and gives nothing where the query is not understood.
std::optional<Page> read_page(Call& call, std::uint64_t most = kPageMax) {
  Page page;
  page.limit = call.number("limit", std::min(kPageDefault, most), most);
  page.after = call.number("after", UINT64_MAX, UINT64_MAX);
  if (page.limit && page.after) {
    if (*page.after == UINT64_MAX) page.after.reset();
    return page;
  }
  call.problem(400, page.limit ? "after is no number" : "limit is no number");
  return std::nullopt;
}

void answer_store_error(Call& call, const Error& error) {
  if (error.code == ErrorCode::kNotFound)
    return call.problem(503, "there is no store yet: " + error.message);
  call.problem(503, "the store can't be read now: " + error.message);
}

}  // namespace

void orders(Api& api, const CallPtr& call) {
  api.catch_up();
  const auto page = read_page(*call);
  if (!page) return;
  const bool open_only = call->parameter("open").value_or("") == "true";
  const auto& all = api.state().orders;
  const std::uint64_t last = api.state().sequence_last.value;
  if (wants_rows(*call) && page->after && !open_only) {
    return call->answer(Json{{"orders", rows_after(api, *page->after, *page->limit)},
                             {"oldest", api.replica().past_orders().oldest()},
                             {"sequence_last", last}});
  }
  const auto wanted = [&](const machine::Order& order) {
    return !open_only || !is_terminal(order.state);
  };
  std::vector<const machine::Order*> chosen;
  if (page->after) {
    for (auto it = all.upper_bound(*page->after); it != all.end() && chosen.size() < *page->limit;
         ++it) {
      if (wanted(it->second)) chosen.push_back(&it->second);
    }
  } else {
    for (auto it = all.rbegin(); it != all.rend() && chosen.size() < *page->limit; ++it) {
      if (wanted(it->second)) chosen.push_back(&it->second);
    }
    std::reverse(chosen.begin(), chosen.end());
  }
  Json list = Json::array();
  const bool rows = wants_rows(*call);
  for (const machine::Order* order : chosen)
    list.push_back(rows ? row_of(api, past_order(*order)) : describe(api, *order));
  call->answer(Json{{"orders", std::move(list)},
                    {"total", open_only ? api.state().open_orders : all.size()},
                    {"oldest", all.empty() ? last + 1 : all.begin()->first},
                    {"sequence_last", last}});
}

void fills(Api& api, const CallPtr& call) {
  api.catch_up();
  const auto page = read_page(*call);
  if (!page) return;
  const auto& kept = api.replica().fills();
  const std::uint64_t last = api.state().counters.fills;
  const std::uint64_t after = page->after.value_or(last > *page->limit ? last - *page->limit : 0);
  const auto begin =
      std::lower_bound(kept.begin(), kept.end(), after + 1,
                       [](const KeptFill& fill, std::uint64_t n) { return fill.number < n; });
  Json list = Json::array();
  const bool rows = wants_rows(*call);
  std::uint64_t next = after;
  for (auto it = begin; it != kept.end() && list.size() < *page->limit; ++it) {
    const machine::VenueFill& fill = it->fill;
    const auto order = api.state().orders.find(fill.sequence.value);
    next = it->number;
    if (rows) {
      list.push_back(row_of(*it));
      continue;
    }
    list.push_back(
        {{"number", it->number},
         {"sequence", fill.sequence.value},
         {"client_id",
          order == api.state().orders.end() ? Json(nullptr) : Json(client_id(api, order->second))},
         {"symbol", symbol_text(api.state(), fill.symbol)},
         {"trade_id", fill.trade.str()},
         {"side", to_string(fill.side)},
         {"price", format_decimal(fill.price.value, it->price_exponent)},
         {"quantity", format_decimal(fill.quantity.value, it->quantity_exponent)},
         {"fee", money_text(fill.fee)},
         {"maker", fill.maker}});
  }
  call->answer(Json{{"fills", std::move(list)},
                    {"next", next},
                    {"oldest", kept.empty() ? last + 1 : kept.front().number},
                    {"total", last}});
}

void positions(Api& api, const CallPtr& call) {
  api.catch_up();
  const machine::State& state = api.state();
  const bool flat_too = call->parameter("all").value_or("") == "true";
  Json list = Json::array();
  std::size_t open = 0;
  for (const machine::Instrument& instrument : state.instruments) {
    if (!instrument.defined) continue;
    const machine::Position& position = instrument.position;
    if (position.quantity.value != 0) ++open;
    if (position.quantity.value == 0 && !flat_too) continue;
    const SymbolId symbol = instrument.definition.symbol;
    list.push_back({{"symbol", instrument.definition.name.str()},
                    {"quantity", quantity_text(state, symbol, position.quantity)},
                    {"average_price", price_text(state, symbol, position.average_price)},
                    {"realised", money_text(position.realised)},
                    {"unrealised", money_text(position.unrealised)},
                    {"pnl_usd", as_number(position.realised + position.unrealised)}});
  }
  call->answer(Json{{"ok", true}, {"positions", std::move(list)}, {"count", open}});
}

void trades(Api& api, const CallPtr& call) {
  const auto page = read_page(*call, store::kReadRowsMax);
  if (!page) return;
  const auto rows = api.store().trades(static_cast<std::uint32_t>(*page->limit));
  if (!rows) return answer_store_error(*call, rows.error());
  Json list = Json::array();
  for (const store::TradeRow& row : rows.value()) {
    list.push_back({{"ts", os::format_utc(row.instant)},
                    {"symbol", row.symbol},
                    {"side", row.side},
                    {"price", row.price},
                    {"quantity", row.quantity},
                    {"notional", money_text(row.notional)},
                    {"fee", money_text(row.fee)},
                    {"realised", money_text(row.realised)},
                    {"maker", row.maker},
                    {"trade_id", row.trade},
                    {"client_id", row.client_id.empty() ? Json(nullptr) : Json(row.client_id)},
                    {"engine", row.engine.empty() ? Json(nullptr) : Json(row.engine)},
                    {"record", row.record}});
  }
  call->answer(
      Json{{"ok", true}, {"trades", std::move(list)}, {"total", api.state().counters.fills}});
}

void signals(Api& api, const CallPtr& call) {
  const auto page = read_page(*call, store::kReadRowsMax);
  if (!page) return;
  const auto rows = api.store().recent_signals(static_cast<std::uint32_t>(*page->limit));
  if (!rows) return answer_store_error(*call, rows.error());
  Json list = Json::array();
  for (const store::SignalRow& row : rows.value()) {
    list.push_back({{"ts", os::format_utc(row.instant)},
                    {"symbol", row.symbol},
                    {"side", row.side},
                    {"prob_up", nullptr},
                    {"confidence", nullptr},
                    {"source", row.engine},
                    {"price", row.price.empty() ? Json(nullptr) : Json(row.price)},
                    {"features", Json::object()},
                    {"kind", row.kind},
                    {"quantity", row.quantity},
                    {"outcome", row.outcome},
                    {"order", row.order ? Json(*row.order) : Json(nullptr)}});
  }
  const std::size_t total = list.size();
  call->answer(Json{{"items", std::move(list)}, {"total", total}});
}

void state(Api& api, const CallPtr& call) {
  api.catch_up();
  const machine::State& state = api.state();
  const auto head = api.scribe().head();
  Json body = {{"sequence", api.replica().at().value},
               {"state_hash", api.replica().machine().state_hash()},
               {"trading_state", to_string(state.trading)},
               {"reconciling", state.reconciling},
               {"latch_word", state.latch_word},
               {"sequence_last", state.sequence_last.value},
               {"unsettled", machine::unsettled(state)}};
  if (head)
    body["audit"] = {
        {"n", head->number}, {"hash", head->hash.str()}, {"trouble", head->trouble.str()}};
  if (!api.replica().trouble().empty()) body["replica_trouble"] = api.replica().trouble();
  call->answer(body);
}

}  // namespace levi::api::books
