// What the hub sends: public pushes by channel, private ones by account.
#include <algorithm>

#include "core/base/check.h"
#include "exchange/stream/push_hub.h"

namespace levi::exchange {
namespace {

using mexc::ChannelKind;

std::string private_name(ChannelKind kind) {
  mexc::Channel channel;
  channel.kind = kind;
  return mexc::format_channel(channel);
}

// "spot@public.aggre.depth.v3.api.pb@100ms": the channel without its symbol.
std::string event_type(const std::string& name) { return name.substr(0, name.rfind('@')); }

}  // namespace

void PushHub::on_level(SymbolId symbol, Side side, Price price, BookVersion) {
  last_change_[symbol.value] = {side, price};
  for (Group* group : by_symbol_[symbol.value]) {
    switch (group->channel.kind) {
      case ChannelKind::kAggreDepth:
        group->changes.push_back({side, price});
        [[fallthrough]];
      case ChannelKind::kAggreBookTicker:
      case ChannelKind::kLimitDepth:
      case ChannelKind::kBookTickerBatch:
        group->dirty = true;
        break;
      default:
        break;
    }
  }
}

void PushHub::flush(Group& group, MonoTime now) {
  group.dirty = false;
  const BookVersion from{group.sent.value + 1};
  if (group.symbol != kNoSymbol) group.sent = venue_.engine().version(group.symbol);
  const bool depth = group.channel.kind == ChannelKind::kAggreDepth;
  const bool dropped = group.subscribers.empty() || faults_.silenced(group.name) ||
                       (depth && faults_.skips_depth(group.symbol, from, group.sent));
  if (!dropped) {
    std::sort(group.changes.begin(), group.changes.end());
    group.changes.erase(std::unique(group.changes.begin(), group.changes.end()),
                        group.changes.end());
    encode(group, from);
    for (Session* session : group.subscribers) send(*session, true, bytes_, now);
  }
  group.changes.clear();
  group.trades.clear();
}

void PushHub::greet(Group& group, Session& session, MonoTime now) {
  if (group.dirty) {
    // Everyone else first: then all of the channel stand at one version. The newcomer has no use
    // for this push.
    std::erase(group.subscribers, &session);
    flush(group, now);
    group.subscribers.push_back(&session);
  }
  if (faults_.silenced(group.name)) return;
  if (group.channel.kind == ChannelKind::kAggreDepth) {
    if (group.sent.value > 0) group.changes.push_back(last_change_[group.symbol.value]);
    for (const Side side : {Side::kBuy, Side::kSell}) {
      const auto best = venue_.engine().book(group.symbol).best_price(side);
      if (best) group.changes.push_back({side, *best});
    }
    std::sort(group.changes.begin(), group.changes.end());
    group.changes.erase(std::unique(group.changes.begin(), group.changes.end()),
                        group.changes.end());
  }
  encode(group, group.sent);
  group.changes.clear();
  send(session, true, bytes_, now);
}

void PushHub::encode(Group& group, BookVersion from) {
  begin_push(group.name, group.symbol);
  switch (group.channel.kind) {
    case ChannelKind::kAggreDepth:
    case ChannelKind::kLimitDepth:
      encode_levels(group, from);
      break;
    case ChannelKind::kAggreDeals: {
      auto& body = *push_.mutable_publicaggredeals();
      body.set_eventtype(event_type(group.name));
      encode_deals(venue_.engine().symbol(group.symbol), group.trades, body);
      break;
    }
    case ChannelKind::kAggreBookTicker:
      encode_book_ticker(venue_.engine(), group.symbol, *push_.mutable_publicaggrebookticker());
      break;
    case ChannelKind::kBookTickerBatch:
      encode_book_ticker_batch(venue_.engine(), group.symbol,
                               *push_.mutable_publicbooktickerbatch());
      break;
    default:
      encode_statistics(group);
  }
  push_.SerializeToString(&bytes_);
}

void PushHub::encode_levels(Group& group, BookVersion from) {
  const MatchingEngine& engine = venue_.engine();
  if (group.channel.kind == ChannelKind::kAggreDepth) {
    auto& body = *push_.mutable_publicaggredepths();
    body.set_eventtype(event_type(group.name));
    encode_depth(engine, group.symbol, group.changes, from, group.sent, body);
  } else {
    auto& body = *push_.mutable_publiclimitdepths();
    body.set_eventtype("spot@public.limit.depth.v3.api.pb");
    encode_limit_depth(engine, group.symbol, group.channel.levels, body);
  }
}

void PushHub::encode_statistics(const Group& group) {
  const MatchingEngine& engine = venue_.engine();
  const auto ticker = [&](SymbolId symbol, auto& item) {
    encode_mini_ticker(engine.symbol(symbol), venue_.market(symbol).day(venue_.now()), item);
  };
  switch (group.channel.kind) {
    case ChannelKind::kKline: {
      const auto& candles = venue_.market(group.symbol).candles(group.channel.interval);
      const Candle candle = candles.empty() ? Candle{} : candles.back();
      encode_kline(engine.symbol(group.symbol), group.channel.interval, candle,
                   *push_.mutable_publicspotkline());
      break;
    }
    case ChannelKind::kMiniTicker:
      ticker(group.symbol, *push_.mutable_publicminiticker());
      break;
    case ChannelKind::kMiniTickers:
      for (std::uint16_t i = 0; i < engine.symbols().size(); ++i)
        ticker(SymbolId{i}, *push_.mutable_publicminitickers()->add_items());
      break;
    default:
      LEVI_UNREACHABLE();  // Private channels have no group.
  }
}

void PushHub::begin_push(std::string_view channel, SymbolId symbol) {
  push_.Clear();
  push_.set_channel(std::string(channel));
  if (symbol != kNoSymbol) push_.set_symbol(venue_.engine().symbol(symbol).name.str());
  push_.set_sendtime(venue_.now().ns / 1'000'000);
}

void PushHub::on_fill(const Fill& fill, const Order&) {
  (fill.maker ? last_maker_ : last_taker_) = {fill.order, {fill.quantity, fill.maker}};
  if (!fill.maker) {
    const PublicTrade trade{fill.trade,  fill.price, fill.quantity,
                            fill.amount, fill.time,  fill.side == Side::kSell};
    for (Group* group : by_symbol_[fill.symbol.value]) {
      const ChannelKind kind = group->channel.kind;
      if (kind == ChannelKind::kAggreDeals) group->trades.push_back(trade);
      group->dirty = group->dirty || kind == ChannelKind::kAggreDeals ||
                     kind == ChannelKind::kKline || kind == ChannelKind::kMiniTicker;
    }
  }
  if (!begin_private(fill.account, ChannelKind::kPrivateDeals, fill.symbol)) return;
  encode_fill(venue_.engine().symbol(fill.symbol), fill, *push_.mutable_privatedeals());
  end_private(fill.account, ChannelKind::kPrivateDeals);
}

void PushHub::on_changed(const Order& order) {
  if (!begin_private(order.account, ChannelKind::kPrivateOrders, order.symbol)) return;
  const LastDeal last = last_maker_.order == order.id   ? last_maker_.deal
                        : last_taker_.order == order.id ? last_taker_.deal
                                                        : LastDeal{};
  encode_order(venue_.engine().symbol(order.symbol), order, last, *push_.mutable_privateorders());
  end_private(order.account, ChannelKind::kPrivateOrders);
}

void PushHub::on_balance(AccountId account, AssetId asset, const Balance& change,
                         BalanceCause cause) {
  if (!begin_private(account, ChannelKind::kPrivateAccount, kNoSymbol)) return;
  const MatchingEngine& engine = venue_.engine();
  encode_balance(engine.assets()[asset.value], engine.account(account).balance(asset), change,
                 cause, venue_.now(), *push_.mutable_privateaccount());
  end_private(account, ChannelKind::kPrivateAccount);
}

// False where nobody is there to hear it.
bool PushHub::begin_private(AccountId account, ChannelKind kind, SymbolId symbol) {
  const bool heard = std::any_of(private_.begin(), private_.end(), [&](const Session* session) {
    return session->account == account && (session->private_channels & bit_of(kind)) != 0;
  });
  if (!heard) return false;
  begin_push(private_name(kind), symbol);
  push_.set_createtime(push_.sendtime());
  return true;
}

void PushHub::end_private(AccountId account, ChannelKind kind) {
  if (faults_.silenced(push_.channel())) return;
  push_.SerializeToString(&bytes_);
  for (Session* session : private_) {
    if (session->account != account || (session->private_channels & bit_of(kind)) == 0) continue;
    session->pending.push_back(bytes_);
    any_pending_ = true;
  }
}

void PushHub::flush_private(MonoTime now) {
  if (!any_pending_) return;
  any_pending_ = false;
  for (Session* session : private_) {
    for (const std::string& push : session->pending) send(*session, true, push, now);
    session->pending.clear();
  }
}

}  // namespace levi::exchange
