// PushHub: the venue's WebSocket side. Who subscribed to what, and what they are sent.
//
// One thread. It listens to the venue and collects; `tick` sends what the cadence of each channel
// says, and `flush_private` the private pushes of a round, so that an order's answer leaves before
// its push. A depth push carries every level that changed since the previous one of its channel, as
// absolute totals, and the versions it covers: fromVersion is always the previous toVersion + 1. A
// new subscriber gets, after its confirmation, the present state (depth: the newest change, the
// best levels, from = to = the present version), once everyone else on the channel has been brought
// up to that version. Deals and private channels are events, not states: they begin with the next
// one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exchange/stream/control.h"
#include "exchange/stream/encode.h"
#include "exchange/stream/session.h"

namespace levi::exchange {

// What the faults say to a push. The admin side answers.
class PushFaults {
 public:
  virtual ~PushFaults() = default;
  virtual bool silenced(std::string_view channel) = 0;
  virtual bool skips_depth(SymbolId symbol, BookVersion from,
                           BookVersion to) = 0;  // asked once per push
};

struct HubOptions {
  bool limits = false;  // frames per second
};

class PushHub : public MatchListener {
 public:
  static constexpr std::size_t kSubscriptionsMax = 30;
  static constexpr int kFramesPerSecond = 100;
  static constexpr Nanos kUnsubscribedMax{30'000'000'000};
  static constexpr Nanos kIdleMax{60'000'000'000};
  static constexpr Nanos kLifeMax{86'400'000'000'000};
  static constexpr Nanos kTick{10'000'000};

  PushHub(const Venue& venue, PushFaults& faults, HubOptions options)
      : venue_(venue),
        faults_(faults),
        options_(options),
        by_symbol_(venue.engine().symbols().size()),
        last_change_(venue.engine().symbols().size()) {}

  void open(ConnectionOrdinal connection, AccountId account, PushSocket& socket, MonoTime now);
  void closed(ConnectionOrdinal connection);  // may come from inside any call of ours to the socket
  void message(ConnectionOrdinal connection, bool binary, std::string_view payload, MonoTime now);
  void tick(MonoTime now);  // every kTick
  void flush_private(MonoTime now);

  void freeze(ConnectionOrdinal connection,
              bool frozen);  // thawed after missing a push, it is reset
  const Session* find(ConnectionOrdinal connection) const;

  void on_accepted(const Order&) override {}
  void on_fill(const Fill& fill, const Order& after) override;
  void on_changed(const Order& order) override;
  void on_level(SymbolId symbol, Side side, Price price, BookVersion version) override;
  void on_balance(AccountId account, AssetId asset, const Balance& change,
                  BalanceCause cause) override;

 private:
  struct Group {
    std::string name;
    mexc::Channel channel;
    SymbolId symbol = kNoSymbol;
    int period = 1;  // in ticks
    bool dirty = false;
    BookVersion sent;                  // depth: everything up to here has been pushed
    std::vector<LevelChange> changes;  // depth
    std::vector<PublicTrade> trades;   // deals
    std::vector<Session*> subscribers;
  };

  Session* live(ConnectionOrdinal connection);
  void sweep();  // forgets the sessions whose sockets are gone
  void handle_subscribe(Session& session, const ControlFrame& frame, MonoTime now);
  void handle_unsubscribe(Session& session, const ControlFrame& frame, MonoTime now);
  bool subscribe(Session& session, const std::string& name, std::vector<Group*>& greeted);
  void unsubscribe(Session& session, const std::string& name);
  void leave(Group& group, const Session& session);
  Group& group_of(const std::string& name, const mexc::Channel& channel, SymbolId symbol);
  bool over_limit(Session& session, MonoTime now) const;
  void expire(Session& session, MonoTime now);

  void flush(Group& group, MonoTime now);
  void greet(Group& group, Session& session, MonoTime now);
  void encode(Group& group, BookVersion from);
  void encode_levels(Group& group, BookVersion from);
  void encode_statistics(const Group& group);
  void begin_push(std::string_view channel, SymbolId symbol);
  void send(Session& session, bool binary, std::string_view payload, MonoTime now);
  bool begin_private(AccountId account, mexc::ChannelKind kind, SymbolId symbol);
  void end_private(AccountId account, mexc::ChannelKind kind);

  const Venue& venue_;
  PushFaults& faults_;
  HubOptions options_;
  std::map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::map<std::string, std::unique_ptr<Group>> groups_;
  std::vector<std::vector<Group*>> by_symbol_;
  std::vector<LevelChange> last_change_;  // per symbol
  std::vector<Session*> private_;         // sessions with a listen key
  bool any_closed_ = false;
  bool any_pending_ = false;
  std::uint64_t ticks_ = 0;
  struct RecentFill {
    OrderId order;
    LastDeal deal;
  };
  RecentFill last_maker_;
  RecentFill last_taker_;
  pb::PushDataV3ApiWrapper push_;
  std::string bytes_;
};

}  // namespace levi::exchange
