// PrivateStream: the account's order and deal pushes as VenueAck, VenueFill and VenueCanceled.
//
// Owned by the venue, on the trading thread. Keeps a listen key (asked for, extended, closed),
// reopens by policy/reconnect, renews its socket before the venue's 24 h end, with an overlap: what
// is in transit on the old one when the new one is confirmed would come on neither. FeedUp when
// both channels are confirmed; what happened while it was down must be asked for
// (Venue::reconcile).
//
// An account that does not trade pushes nothing, so silence alone proves nothing. But an order that
// the venue accepted must be pushed: when none comes for `data_age_max` after an acceptance, the
// stream is dead, whatever its socket says.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/machine/order_ids.h"
#include "core/os/loop.h"
#include "core/policy/reconnect.h"
#include "core/policy/staleness.h"
#include "core/venue/feed.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/missing_deals.h"
#include "core/venue/mexc/rest.h"
#include "core/venue/mexc/socket.h"

namespace levi::mexc {

struct PrivateOptions {
  SocketOptions socket;  // its target without the listen key
  machine::OrderIds ids;
  Nanos data_age_max{1s};
  Nanos listen_key_extend{20min};
  Nanos renew_after{23h};
  std::function<void(const TradeRecord&)> on_trade = {};  // each of ours; none: nobody looks
  Nanos overlap{2s};  // so long a socket that was replaced is read on
};

class PrivateStream final : public venue::Feed {
 public:
  PrivateStream(os::Loop& loop, Rest& rest, const Instruments& instruments, PrivateOptions options,
                std::uint64_t& ordinal, std::uint64_t jitter_seed, Emit emit);
  ~PrivateStream() override;

  // The gateway had this order accepted: a push of it is due.
  void expect(OrderSequence sequence);
  // Whose the venue's id is: a deal may bear no other.
  void learn(const VenueOrderId& venue_order, const ClientOrderIdParts& order);

  void start() override;
  void stop() override;  // closes its own listen key too
  void resync(SymbolId) override {}
  void set_polling(SourceId, bool) override {}
  venue::FeedStatus status() const override;

 private:
  void connect();
  void ask_key();
  void on_key(const Answer& answer);
  void take_over_key();
  void use_key(const std::string& key, bool is_own);
  void extend_key();
  std::unique_ptr<MexcSocket> open_socket();
  void renew();
  void on_confirmed(std::uint64_t ordinal);
  void on_invalid_key();
  void go_up();
  void on_push(std::size_t channel, const pb::PushDataV3ApiWrapper& push);
  bool on_order(const pb::PushDataV3ApiWrapper& push);
  bool on_deal(const pb::PushDataV3ApiWrapper& push);
  std::optional<ClientOrderIdParts> owner_of(const TradeRecord& trade) const;
  void emit_order(const OrderRecord& order, const ClientOrderIdParts& parts);
  void saw(OrderSequence sequence);
  void on_closed(std::uint64_t ordinal, machine::FeedDownWhy why, const std::string& text);
  void lose(machine::FeedDownWhy why, const std::string& text);
  void reconnect_later();
  void leave(std::unique_ptr<MexcSocket> socket);
  void retire(std::unique_ptr<MexcSocket> socket);
  bool is_new_trade(const TradeId& trade);
  void look();

  os::Loop& loop_;
  Rest& rest_;
  const Instruments& instruments_;
  const PrivateOptions options_;
  std::uint64_t& ordinal_;
  const Emit emit_;
  policy::ReconnectPolicy reconnect_;
  policy::StalenessWatch watch_;
  Random random_;
  MissingDeals missing_;

  bool running_ = false;
  bool up_ = false;
  bool was_up_ = false;  // ever
  std::string listen_key_;
  bool key_is_own_ = true;  // asked for by us, not taken over
  std::unique_ptr<MexcSocket> socket_;
  std::unique_ptr<MexcSocket> next_;     // while the first is being replaced
  std::unique_ptr<MexcSocket> leaving_;  // was replaced, and is read on for a moment
  std::vector<std::unique_ptr<MexcSocket>> retired_;
  MonoTime down_since_;
  std::uint64_t reconnects_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t nonsense_ = 0;
  std::string detail_ = "not started";

  // Hashes of the last trades: two sockets push the same ones during an overlap.
  std::array<std::size_t, 256> trades_seen_{};
  std::size_t trades_next_ = 0;
  struct Named {
    VenueOrderId venue_order;
    ClientOrderIdParts order;
  };
  static constexpr std::size_t kNamedMax = 4096;
  std::vector<Named> named_;  // the last orders by the venue's ids, the oldest replaced first
  std::size_t named_next_ = 0;
  std::uint64_t deals_unattributed_ = 0;
  bool push_awaited_ = false;
  std::array<std::uint64_t, 4096>
      pushed_{};  // sequence mod size: pushes may outrun the REST answer

  os::Loop::TimerId connect_timer_ = 0;
  os::Loop::TimerId extend_timer_ = 0;
  os::Loop::TimerId renew_timer_ = 0;
  os::Loop::TimerId look_timer_ = 0;
  os::Loop::TimerId leave_timer_ = 0;
  os::Loop::TimerId retire_timer_ = 0;
};

}  // namespace levi::mexc
