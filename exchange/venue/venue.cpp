#include "exchange/venue/venue.h"

namespace levi::exchange {
namespace {

LedgerEntry entry_of(const Order& order, EntryKind kind, EntryStatus status) {
  LedgerEntry entry;
  entry.kind = kind;
  entry.status = status;
  entry.side = order.side;
  entry.type = order.type;
  entry.account = order.account;
  entry.symbol = order.symbol;
  entry.order = order.id;
  entry.price = order.price;
  entry.quantity = order.quantity;
  entry.remaining = order.remaining();
  entry.client_id = order.client_id;
  return entry;
}

}  // namespace

Venue::Venue(VenueOptions options)
    : orders_max_(options.orders_max),
      ledger_(options.ledger_entries_max),
      markets_(options.symbols.size()),
      engine_(std::move(options.symbols), options.engine, *this),
      flow_(engine_, options.seed) {}

AccountId Venue::open_account(std::string name) {
  return engine_.open_account(std::move(name), orders_max_);
}

void Venue::deposit(AccountId account, const AssetName& asset, Money amount) {
  for (std::size_t i = 0; i < engine_.assets().size(); ++i) {
    if (engine_.assets()[i] == asset) {
      engine_.deposit(account, AssetId{static_cast<std::uint16_t>(i)}, amount);
    }
  }
}

MatchingEngine::Placed Venue::place(const NewOrder& request) {
  const auto placed = engine_.place(request, now());
  if (placed.reject != Reject::kNone) return placed;
  if (!is_open(placed.order.status) && placed.order.remaining().value > 0)
    record_canceled(placed.order);
  flow_.replenish(request.symbol, now());
  return placed;
}

MatchingEngine::Placed Venue::cancel(AccountId account, OrderId order) {
  const auto canceled = engine_.cancel(account, order, now());
  if (canceled.reject != Reject::kNone) return canceled;
  record_canceled(canceled.order);
  flow_.replenish(canceled.order.symbol, now());
  return canceled;
}

void Venue::record_refused(const NewOrder& request, EntryStatus status, int code) {
  LedgerEntry entry;
  entry.kind = EntryKind::kOrder;
  entry.status = status;
  entry.side = request.side;
  entry.type = request.type;
  entry.account = request.account;
  entry.symbol = request.symbol;
  entry.price = request.price;
  entry.quantity = request.quantity;
  entry.code = code;
  entry.client_id = request.client_id;
  record(entry);
}

void Venue::record_refused_cancel(AccountId account, const ClientOrderId& client_id, OrderId order,
                                  int code) {
  LedgerEntry entry;
  entry.kind = EntryKind::kCancel;
  entry.status = EntryStatus::kRejected;
  entry.account = account;
  entry.order = order;
  entry.code = code;
  entry.client_id = client_id;
  record(entry);
}

void Venue::record_canceled(const Order& order) {
  record(entry_of(
      order, EntryKind::kCancel,
      order.executed.value > 0 ? EntryStatus::kPartiallyCanceled : EntryStatus::kCanceled));
}

void Venue::record(LedgerEntry entry) {
  entry.origin = origin_;
  entry.arrival = ledger_.append(entry);
  if (recorded_) recorded_(entry);
}

SymbolId Venue::find_symbol(std::string_view name) const {
  const auto& symbols = engine_.symbols();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (symbols[i].name.view() == name) return SymbolId{static_cast<std::uint16_t>(i)};
  }
  return kNoSymbol;
}

void Venue::on_accepted(const Order& order) {
  if (is_client(order.account)) record(entry_of(order, EntryKind::kOrder, EntryStatus::kAccepted));
  if (observer_ != nullptr) observer_->on_accepted(order);
}

void Venue::on_fill(const Fill& fill, const Order& after) {
  if (is_client(fill.account)) {
    LedgerEntry entry = entry_of(after, EntryKind::kFill, EntryStatus::kNone);
    entry.maker = fill.maker;
    entry.trade = fill.trade;
    entry.fill_price = fill.price;
    entry.fill_quantity = fill.quantity;
    record(entry);
  }
  if (!fill.maker) {  // Each trade once, as the taker saw it.
    markets_[fill.symbol.value].add(
        {fill.trade, fill.price, fill.quantity, fill.amount, fill.time, fill.side == Side::kSell});
  }
  if (observer_ != nullptr) observer_->on_fill(fill, after);
}

void Venue::on_changed(const Order& order) {
  if (observer_ != nullptr) observer_->on_changed(order);
}

void Venue::on_level(SymbolId symbol, Side side, Price price, BookVersion version) {
  if (observer_ != nullptr) observer_->on_level(symbol, side, price, version);
}

void Venue::on_balance(AccountId account, AssetId asset, const Balance& change,
                       BalanceCause cause) {
  if (observer_ != nullptr) observer_->on_balance(account, asset, change, cause);
}

}  // namespace levi::exchange
