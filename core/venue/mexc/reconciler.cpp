#include "core/venue/mexc/reconciler.h"

#include <algorithm>
#include <utility>

#include "core/base/sabotage.h"
#include "core/venue/mexc/events.h"

namespace levi::mexc {
namespace {

constexpr Nanos kDelayMin{50ms};
constexpr Nanos kDelayMax{2s};
constexpr std::int64_t kAhead_ms = 60'000;  // a trade may be stamped after our idea of now

bool has_orders(const machine::Instrument& instrument) {
  return instrument.open_orders > 0 || instrument.unsettled_orders > 0;
}

bool is_active(const machine::Instrument& instrument) {
  return has_orders(instrument) || instrument.position.quantity.value != 0;
}

}  // namespace

Reconciler::Reconciler(Parts parts, machine::OrderIds ids, Emit emit)
    : parts_(std::move(parts)), ids_(std::move(ids)), emit_(std::move(emit)) {}

Reconciler::~Reconciler() { parts_.loop.cancel(timer_); }

void Reconciler::start(const machine::State& state, Instant since) {
  ++generation_;
  running_ = true;
  state_ = &state;
  since_ = since;
  delay_ = Nanos{0};
  parts_.loop.cancel(timer_);
  timer_ = parts_.loop.after(Nanos{0}, [this] { begin(); });  // No event from inside this call.
}

void Reconciler::begin() {
  timer_ = 0;
  questions_open_ = orders_checked_ = fills_added_ = unsettled_ = 0;
  symbols_.clear();
  look_at_window();
  std::vector<SymbolId> active;
  if (!sabotaged(Defence::kReconcile)) {
    for (const Instrument& instrument : parts_.instruments.traded()) {
      const SymbolId symbol = instrument.definition.symbol;
      const bool known = symbol.value < state_->instruments.size();
      const bool first = known && is_active(state_->instruments[symbol.value]);
      (first ? active : symbols_).push_back(symbol);
    }
    // Symbols that are no longer configured: only where something of ours is left.
    for (std::uint16_t i = 0; i < state_->instruments.size(); ++i) {
      const SymbolId symbol{i};
      const bool dropped = parts_.instruments.find_traded(symbol) == nullptr;
      if (dropped && parts_.queries.knows(symbol) && is_active(state_->instruments[i]))
        active.push_back(symbol);
    }
    for (const auto& [sequence, order] : state_->orders) {
      const bool settled = machine::is_settled(order);
      unsettled_ += settled || parts_.queries.knows(order.symbol) ? 0 : 1;
    }
  }
  symbols_.insert(symbols_.end(), active.rbegin(), active.rend());
  emit_(machine::ReconcileStarted{since_});
  next_symbol();
}

// What happened before it nobody can be asked for: counted as unsettled once, so that the start is
// sealed and somebody looks; not again, or no later reconciliation would let it be released.
void Reconciler::look_at_window() {
  const bool is_cut = parts_.clock.ms(since_) < parts_.clock.now_ms() - kTradesKept_ms;
  if (!is_cut || !trouble_.empty()) return;
  trouble_ =
      "trades from before the last 29 days can't be asked for: compare the positions by hand";
  ++unsettled_;
}

void Reconciler::next_symbol() {
  open_.clear();
  foreign_.clear();
  listed_.clear();
  refusals_ = 0;
  if (symbols_.empty()) return finish_if_done();
  const SymbolId symbol = symbols_.back();
  symbols_.pop_back();
  ++questions_open_;
  ask_open(symbol);
}

void Reconciler::again(std::function<void()> step, Nanos least) {
  delay_ = std::clamp(delay_ * 2, kDelayMin, kDelayMax);
  timer_ = parts_.loop.after(std::max(delay_, least), [this, step = std::move(step)] {
    timer_ = 0;
    step();
  });
}

void Reconciler::ask_open(SymbolId symbol) {
  parts_.rest.signed_call("GET", "/api/v3/openOrders",
                          "symbol=" + parts_.instruments.find(symbol)->name,
                          [this, symbol, generation = generation_](const Answer& answer) {
                            if (generation == generation_) on_open(symbol, answer);
                          });
}

void Reconciler::on_open(SymbolId symbol, const Answer& answer) {
  // The venue has given it up: nobody will ever say what became of its orders. One that we trade
  // may come back in a moment.
  const bool is_dropped = parts_.instruments.find_traded(symbol) == nullptr;
  if (is_refusal(answer.verdict) && (is_dropped || ++refusals_ >= kRefusalsMax)) {
    unsettled_ += is_dropped && !has_orders(state_->instruments[symbol.value]) ? 0 : 1;
    --questions_open_;
    return next_symbol();
  }
  if (answer.verdict != Verdict::kDone || !answer.body.is_array()) {
    return again([this, symbol] { ask_open(symbol); }, answer.retry_after);
  }
  delay_ = Nanos{0};
  const Instrument& instrument = *parts_.instruments.find(symbol);
  for (const auto& line : answer.body) {
    const auto record = read_order(line, instrument);
    if (!record) {
      take_unreadable(symbol, line);
      continue;
    }
    const auto parts = ids_.own_order(record.value().client_id);
    if (parts) {
      listed_.insert(parts->sequence.value);
      open_.push_back(to_order_state(record.value(), *parts));
    } else {
      foreign_.push_back(to_foreign(record.value()));
    }
  }
  ask_trades(symbol);
}

// Whose it is decides: what a stranger has standing is an alarm, and no gap in our own book.
void Reconciler::take_unreadable(SymbolId symbol, const nlohmann::json& line) {
  std::string client = text_field(line, "origClientOrderId");
  if (client.empty()) client = text_field(line, "clientOrderId");
  const std::string order = text_field(line, "orderId");
  if (is_ours(client, order)) {
    ++unsettled_;
  } else if (VenueOrderId::fits(order)) {
    foreign_.push_back({symbol, std::string_view(order), std::string_view(client)});
  }
}

// By the venue's id where a line bears no client id. What bears neither may be anybody's: ours,
// too.
bool Reconciler::is_ours(const std::string& client_id, const std::string& venue_order) const {
  if (!client_id.empty()) return ids_.own_order(client_id).has_value();
  if (venue_order.empty()) return true;
  return std::any_of(state_->orders.begin(), state_->orders.end(), [&](const auto& entry) {
    return entry.second.venue_order.view() == venue_order;
  });
}

void Reconciler::ask_trades(SymbolId symbol) {
  TradePages::Request request;
  request.symbol = symbol;
  request.window = {std::max(parts_.clock.ms(since_), parts_.clock.now_ms() - kTradesKept_ms),
                    parts_.clock.now_ms() + kAhead_ms};
  request.is_ours = [this](const std::string& client_id, const std::string& venue_order) {
    return is_ours(client_id, venue_order);
  };
  parts_.trades.fetch(
      std::move(request),
      [this, generation = generation_](const TradeRecord& trade) {
        if (generation == generation_) on_trade(trade);
      },
      [this, symbol, generation = generation_](const Status& status) {
        if (generation != generation_) return;
        if (!status) ++unsettled_;
        report(symbol);
      });
}

std::optional<ClientOrderIdParts> Reconciler::owner_of(const TradeRecord& trade) const {
  if (!trade.client_id.empty()) return ids_.own_order(trade.client_id);
  for (const auto& [sequence, order] : state_->orders) {
    if (order.venue_order == trade.venue_order)
      return ClientOrderIdParts{order.kind, {}, order.incarnation, order.sequence};
  }
  return std::nullopt;
}

void Reconciler::on_trade(const TradeRecord& trade) {
  const auto parts = owner_of(trade);
  if (!parts) return;
  const auto order = state_->orders.find(parts->sequence.value);
  const bool is_known =
      order != state_->orders.end() &&
      std::count(order->second.trades.begin(), order->second.trades.end(), trade.trade) > 0;
  fills_added_ += is_known ? 0 : 1;
  if (parts_.on_trade) parts_.on_trade(trade);
  emit_(to_fill(trade, *parts));
}

void Reconciler::report(SymbolId symbol) {
  for (const auto& state : open_) emit_(state);
  for (const auto& order : foreign_) emit_(order);
  orders_checked_ += static_cast<std::uint32_t>(open_.size());
  ask_missing(symbol);
  --questions_open_;
  next_symbol();
}

void Reconciler::ask_missing(SymbolId symbol) {
  std::vector<machine::QueryOrder> missing;
  for (const auto& [sequence, order] : state_->orders) {
    const bool is_done = machine::is_terminal(order.state) || listed_.count(sequence) > 0;
    if (order.symbol != symbol || is_done || parts_.is_outstanding(order.sequence)) continue;
    missing.push_back({order.sequence, order.symbol, order.incarnation, order.kind});
  }
  for (const machine::QueryOrder& order : missing) {
    ++orders_checked_;
    ++questions_open_;
    parts_.queries.query(order, [this, generation = generation_](bool certain) {
      if (generation != generation_) return;
      unsettled_ += certain ? 0 : 1;
      --questions_open_;
      finish_if_done();
    });
  }
}

void Reconciler::finish_if_done() {
  if (!running_ || questions_open_ > 0 || !symbols_.empty()) return;
  running_ = false;
  machine::ReconcileDone done;
  done.orders_checked = orders_checked_;
  done.fills_added = fills_added_;
  done.unsettled = unsettled_;
  emit_(done);
}

}  // namespace levi::mexc
