// MarketConnection: the market data of up to ten symbols: one source, one WebSocket at a time.
//
// Owned by MarketFeed, on the trading thread. Subscribes depth, book ticker and deals of each
// symbol; FeedUp at the first book-building frame (or snapshot) of a connection, FeedDown when it
// is lost. Reconnects by policy/reconnect. Liveness is per subscription, by application frames:
//   depth        silent for half of `data_age_max`: SymbolBook probes; dead: the socket is
//   replaced. ticker, deals  not book-building, and silent for good reasons: silent for 30 s, the
//   subscription is
//                made anew on the same socket; a missing confirmation ends the socket.
// Pushes that are older than `data_age_max` when they arrive, by the venue's own stamp, build the
// books and are not emitted (SymbolBook); a stream that lags for `lag_max` is replaced as well.
// Before the venue's 24 h end a second socket is opened; the first is closed when the second one's
// pushes have joined up with every book, so nothing is missed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/machine/event.h"
#include "core/os/loop.h"
#include "core/policy/rate.h"
#include "core/policy/reconnect.h"
#include "core/policy/staleness.h"
#include "core/venue/feed.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/lag_watch.h"
#include "core/venue/mexc/rest.h"
#include "core/venue/mexc/socket.h"
#include "core/venue/mexc/symbol_book.h"

namespace levi::mexc {

inline constexpr std::size_t kChannelsPerSymbol = 3;
inline constexpr std::size_t kSymbolsPerConnection = kSubscriptionsMax / kChannelsPerSymbol;

struct MarketOptions {
  SocketOptions socket;
  BookOptions book;
  std::string update_speed = "10ms";
  Nanos data_age_max{1s};
  Nanos lag_max{
      5s};  // so long, in one piece: another socket may be faster, and costs all the books
  Nanos renew_after{23h};
  Nanos poll_every{250ms};
  bool use_websocket = true;
};

class MarketConnection {
 public:
  using Emit = std::function<void(const machine::Event&)>;
  struct Parts {
    os::Loop& loop;
    Rest& rest;
    policy::RateWindow& probe_budget;
    std::uint64_t& ordinal;  // of the process's last feed connection
    std::uint64_t jitter_seed;
  };
  MarketConnection(Parts parts, MarketOptions options, SourceId source,
                   std::vector<const Instrument*> instruments, Emit emit);
  ~MarketConnection();
  MarketConnection(const MarketConnection&) = delete;
  MarketConnection& operator=(const MarketConnection&) = delete;

  void start();
  void stop();
  void set_polling(bool on);
  SourceId source() const { return source_; }
  void resync(SymbolId symbol);  // of another connection, or while the socket is down: nothing
  void add_to(venue::FeedStatus& status) const;

 private:
  struct Counts {
    std::uint64_t frames = 0;
    std::uint64_t decode_errors = 0;
  };

  std::unique_ptr<MexcSocket> open_socket();
  std::vector<std::string> make_channel_names() const;
  void connect();
  void on_confirmed(std::uint64_t ordinal, std::size_t channel);
  void on_push(std::uint64_t ordinal, std::size_t channel, const pb::PushDataV3ApiWrapper& push);
  void on_closed(std::uint64_t ordinal, machine::FeedDownWhy why, const std::string& text);
  void on_building();
  bool handle(std::size_t channel, const pb::PushDataV3ApiWrapper& push);
  void feed_by_socket(std::size_t symbol);
  void build_from(std::size_t symbol);
  void adopt_next();
  void lose(machine::FeedDownWhy why, const std::string& text);
  void reconnect_later();
  void retire(std::unique_ptr<MexcSocket> socket);
  void renew();
  void join(std::size_t symbol);
  void finish_renewal();
  void look();
  bool is_silent(MonoTime now);
  Nanos lag() const;
  void start_polling();
  void poll_next();
  void on_polled(bool usable);
  bool polls() const { return running_ && polling_wanted_ && !up_; }

  os::Loop& loop_;
  std::uint64_t& ordinal_;
  const MarketOptions options_;
  const SourceId source_;
  const Emit emit_;
  std::vector<std::unique_ptr<SymbolBook>> books_;
  std::vector<std::string> channel_names_;
  policy::StalenessWatch watch_;  // one subject per channel: symbol * 3 + {depth, ticker, deals}
  LagWatch lag_watch_;
  policy::ReconnectPolicy reconnect_;
  Random random_;

  bool running_ = false;
  std::unique_ptr<MexcSocket> socket_;
  std::unique_ptr<MexcSocket> next_;  // while the first is being replaced
  std::vector<bool> joined_;          // by symbol: the next socket's pushes continue the book
  std::vector<bool> fed_;  // by symbol: the book holds what this socket gave, not polling
  std::vector<std::unique_ptr<MexcSocket>> retired_;  // their handlers may still be on the stack
  Counts past_;                                       // of sockets that are gone
  std::uint64_t nonsense_ = 0;                        // pushes that decode, and make no sense
  bool up_ = false;
  bool was_up_ = false;  // ever
  bool polling_wanted_ = false;
  bool polling_up_ = false;
  unsigned polls_failed_ = 0;
  std::size_t poll_symbol_ = 0;
  MonoTime down_since_;
  std::uint64_t reconnects_ = 0;
  std::string detail_ = "not started";
  os::Loop::TimerId connect_timer_ = 0;
  os::Loop::TimerId look_timer_ = 0;
  os::Loop::TimerId renew_timer_ = 0;
  os::Loop::TimerId poll_timer_ = 0;
  os::Loop::TimerId retire_timer_ = 0;
  os::Loop::TimerId finish_timer_ = 0;
};

}  // namespace levi::mexc
