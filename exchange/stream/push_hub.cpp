#include "exchange/stream/push_hub.h"

#include <algorithm>

#include "core/base/check.h"

namespace levi::exchange {
namespace {

using mexc::Channel;
using mexc::ChannelKind;

constexpr int kPushTicksPerSecond = 100;

// In ticks of 10 ms. Kinds without a cadence in their name have the venue's usual one.
int period_of(const Channel& channel) {
  switch (channel.kind) {
    case ChannelKind::kAggreDeals:
    case ChannelKind::kAggreDepth:
    case ChannelKind::kAggreBookTicker:
      return channel.cadence_ms / 10;
    case ChannelKind::kLimitDepth:
    case ChannelKind::kBookTickerBatch:
      return 10;
    default:
      return kPushTicksPerSecond;
  }
}

bool begins_with_state(ChannelKind kind) { return kind != ChannelKind::kAggreDeals; }

}  // namespace

void PushHub::open(ConnectionOrdinal connection, AccountId account, PushSocket& socket,
                   MonoTime now) {
  sweep();
  auto session = std::make_unique<Session>();
  session->connection = connection;
  session->account = account;
  session->socket = &socket;
  session->opened = session->last_alive = session->last_subscribed = now;
  if (account != kNoAccount) private_.push_back(session.get());
  sessions_[connection.value] = std::move(session);
}

Session* PushHub::live(ConnectionOrdinal connection) {
  const auto found = sessions_.find(connection.value);
  return found == sessions_.end() || found->second->closing ? nullptr : found->second.get();
}

const Session* PushHub::find(ConnectionOrdinal connection) const {
  return const_cast<PushHub*>(this)->live(connection);  // NOLINT: live() changes nothing
}

void PushHub::closed(ConnectionOrdinal connection) {
  Session* session = live(connection);
  if (session == nullptr) return;
  session->closing = true;
  session->socket = nullptr;
  any_closed_ = true;
}

void PushHub::sweep() {
  if (!any_closed_) return;
  any_closed_ = false;
  for (auto entry = sessions_.begin(); entry != sessions_.end();) {
    Session& session = *entry->second;
    if (!session.closing) {
      ++entry;
      continue;
    }
    while (!session.subscriptions.empty())
      unsubscribe(session, std::string(session.subscriptions.back()));
    std::erase(private_, &session);
    entry = sessions_.erase(entry);
  }
}

void PushHub::message(ConnectionOrdinal connection, bool binary, std::string_view payload,
                      MonoTime now) {
  sweep();
  Session* session = live(connection);
  if (session == nullptr || session->frozen) return;
  if (options_.limits && over_limit(*session, now)) {
    session->socket->close(1008, "too many messages");
    return;
  }
  const ControlFrame frame = binary ? ControlFrame{} : parse_control(payload);
  switch (frame.method) {
    case ControlFrame::Method::kSubscribe:
      handle_subscribe(*session, frame, now);
      break;
    case ControlFrame::Method::kUnsubscribe:
      handle_unsubscribe(*session, frame, now);
      break;
    case ControlFrame::Method::kPing:
      send(*session, false, control_answer(frame.id, "PONG"), now);
      break;
    case ControlFrame::Method::kInvalid:
      send(*session, false, control_answer(frame.id, "msg format invalid"), now);
      break;
  }
}

bool PushHub::over_limit(Session& session, MonoTime now) const {
  if (now - session.second_start >= 1s) {
    session.second_start = now;
    session.frames_this_second = 0;
  }
  return ++session.frames_this_second > kFramesPerSecond;
}

void PushHub::handle_subscribe(Session& session, const ControlFrame& frame, MonoTime now) {
  std::vector<std::string> refused;
  std::vector<Group*> greeted;
  std::string taken;
  for (const std::string& name : frame.channels) {
    if (subscribe(session, name, greeted)) {
      taken += (taken.empty() ? "" : ",") + name;
    } else {
      refused.push_back(name);
    }
  }
  if (!session.subscriptions.empty()) session.last_subscribed = now;
  const bool all = refused.empty() && !taken.empty();
  send(session, false, control_answer(frame.id, all ? taken : not_subscribed(refused, "Blocked")),
       now);
  for (Group* group : greeted) greet(*group, session, now);
}

bool PushHub::subscribe(Session& session, const std::string& name, std::vector<Group*>& greeted) {
  auto& names = session.subscriptions;
  if (std::find(names.begin(), names.end(), name) != names.end()) return true;
  if (names.size() >= kSubscriptionsMax) return false;
  const auto channel = mexc::parse_channel(name);
  if (!channel) return false;
  if (channel.value().is_private()) {
    if (session.account == kNoAccount) return false;
    session.private_channels |= bit_of(channel.value().kind);
    names.push_back(name);
    return true;
  }
  SymbolId symbol = kNoSymbol;
  if (!channel.value().symbol.empty()) {
    symbol = venue_.find_symbol(channel.value().symbol.view());
    if (symbol == kNoSymbol) return false;
  }
  Group& group = group_of(name, channel.value(), symbol);
  group.subscribers.push_back(&session);
  names.push_back(name);
  if (begins_with_state(group.channel.kind)) greeted.push_back(&group);
  return true;
}

PushHub::Group& PushHub::group_of(const std::string& name, const Channel& channel,
                                  SymbolId symbol) {
  std::unique_ptr<Group>& group = groups_[name];
  if (!group) {
    group = std::make_unique<Group>();
    group->name = name;
    group->channel = channel;
    group->symbol = symbol;
    group->period = period_of(channel);
    if (symbol != kNoSymbol) {
      group->sent = venue_.engine().version(symbol);
      by_symbol_[symbol.value].push_back(group.get());
    }
  }
  return *group;
}

void PushHub::handle_unsubscribe(Session& session, const ControlFrame& frame, MonoTime now) {
  std::string left;
  for (const std::string& name : frame.channels) {
    unsubscribe(session, name);
    left += (left.empty() ? "" : ",") + name;
  }
  send(session, false, control_answer(frame.id, left), now);
}

void PushHub::unsubscribe(Session& session, const std::string& name) {
  if (std::erase(session.subscriptions, name) == 0) return;
  const auto found = groups_.find(name);
  if (found != groups_.end()) {
    leave(*found->second, session);
    return;
  }
  const auto channel = mexc::parse_channel(name);
  if (channel) session.private_channels &= ~bit_of(channel.value().kind);
}

void PushHub::leave(Group& group, const Session& session) {
  std::erase(group.subscribers, &session);
  if (!group.subscribers.empty()) return;
  if (group.symbol != kNoSymbol) std::erase(by_symbol_[group.symbol.value], &group);
  groups_.erase(std::string(group.name));
}

void PushHub::tick(MonoTime now) {
  sweep();
  ++ticks_;
  for (const auto& [name, group] : groups_) {
    if (ticks_ % static_cast<std::uint64_t>(group->period) != 0) continue;
    if (group->channel.kind == ChannelKind::kMiniTickers) group->dirty = true;
    if (group->dirty) flush(*group, now);
  }
  if (ticks_ % kPushTicksPerSecond != 0) return;
  for (const auto& [connection, session] : sessions_) expire(*session, now);
}

void PushHub::expire(Session& session, MonoTime now) {
  if (session.closing || session.frozen) return;
  if (!session.subscriptions.empty()) session.last_subscribed = now;
  const char* why = nullptr;
  if (now - session.last_subscribed >= kUnsubscribedMax) why = "no valid subscription";
  if (now - session.last_alive >= kIdleMax) why = "no data and no ping";
  if (now - session.opened >= kLifeMax) why = "open for 24 hours";
  if (why != nullptr) session.socket->close(1000, why);
}

void PushHub::freeze(ConnectionOrdinal connection, bool frozen) {
  Session* session = live(connection);
  if (session == nullptr) return;
  session->frozen = frozen;
  // What was missed can't be sent any more, and a private event that is lost in silence would be a
  // lie.
  if (!frozen && session->missed) session->socket->reset();
}

void PushHub::send(Session& session, bool binary, std::string_view payload, MonoTime now) {
  if (session.closing) return;
  if (session.frozen) {
    session.missed = true;
    return;
  }
  session.last_alive = now;
  session.socket->send(binary, payload);  // A socket that can't is closed by itself, and says so.
}

}  // namespace levi::exchange
