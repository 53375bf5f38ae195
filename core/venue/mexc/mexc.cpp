// The MEXC venue: wires clock, REST, gateway, feeds and reconciliation together.
#include <algorithm>
#include <functional>
#include <utility>

#include "core/base/random.h"
#include "core/venue/mexc/gateway.h"
#include "core/venue/mexc/market_feed.h"
#include "core/venue/mexc/private_stream.h"
#include "core/venue/mexc/reconciler.h"
#include "core/venue/mexc/start_up.h"
#include "core/venue/mexc/unknown_fees.h"
#include "core/venue/venue.h"

namespace levi::mexc {
namespace {

constexpr Nanos kRecvWindowMax{60s};  // the venue's

machine::OrderIds order_ids(const venue::GatewayOptions& options) {
  return {options.instance, options.ancestors};
}

RestOptions rest_options(const venue::VenueOptions& options) {
  RestOptions rest;
  rest.endpoint = options.rest;
  rest.host = options.gateway.host;
  rest.key = options.gateway.credentials.key;
  rest.recv_window = options.gateway.recv_window;
  rest.timeout = options.gateway.answer_timeout;
  rest.connections = options.gateway.query_connections;
  // As many as orders have: else a busy venue gives cancels a smaller share than orders, they wait
  // until they time out in our own queue, and each then costs a question as well.
  rest.cancel_connections = std::max(rest.cancel_connections, options.gateway.order_connections);
  return rest;
}

SocketOptions socket_options(const venue::VenueOptions& options) {
  SocketOptions socket;
  socket.endpoint = options.websocket;
  socket.host = options.websocket_host;
  socket.target = options.websocket_path;
  socket.connect_timeout = options.gateway.connect_timeout;
  socket.ping_every = options.ping_every;
  return socket;
}

MarketOptions market_options(const venue::VenueOptions& options) {
  MarketOptions market;
  market.socket = socket_options(options);
  market.book.levels_max = options.depth_levels_max;
  market.book.refresh = options.data_age_max / 4;
  market.book.age_max = options.data_age_max;
  market.book.probe_grace = std::min<Nanos>(market.book.probe_grace, options.data_age_max / 2);
  market.update_speed = options.update_speed;
  market.data_age_max = options.data_age_max;
  market.lag_max = std::max<Nanos>(market.lag_max, 5 * options.data_age_max);
  market.renew_after = options.renew_after;
  market.poll_every = options.poll_every;
  market.use_websocket = options.use_websocket;
  return market;
}

PrivateOptions private_options(const venue::VenueOptions& options,
                               std::function<void(const TradeRecord&)> on_trade) {
  PrivateOptions stream;
  stream.on_trade = std::move(on_trade);
  stream.socket = socket_options(options);
  stream.ids = order_ids(options.gateway);
  stream.data_age_max = options.data_age_max;
  stream.listen_key_extend = options.listen_key_extend;
  stream.renew_after = options.renew_after;
  return stream;
}

QueryOptions query_options(const venue::GatewayOptions& options) {
  return {order_ids(options), options.recv_window, options.query_delay_min,
          options.query_delay_max};
}

Status check(const venue::VenueOptions& options) {
  const auto& gateway = options.gateway;
  if (options.update_speed != "10ms" && options.update_speed != "100ms") {
    return error(ErrorCode::kInvalid,
                 "update_speed '" + options.update_speed + "' is not the venue's",
                 "write 10ms or 100ms");
  }
  if (gateway.credentials.secret.empty())
    return error(ErrorCode::kInvalid, "the venue's secret is empty");
  if (gateway.recv_window < 1ms || gateway.recv_window > kRecvWindowMax) {
    return error(ErrorCode::kInvalid, "recv_window must be between 1 ms and 60 s");
  }
  if (gateway.order_connections == 0 ||
      gateway.order_connections * 2 > venue::OrderSockets::kSlots ||
      gateway.query_connections == 0) {
    return error(ErrorCode::kInvalid, "order_connections must be between 1 and 64");
  }
  return ok();
}

class Mexc final : public venue::Venue {
 public:
  Mexc(os::Loop& loop, latch::Latch& latch, venue::VenueOptions options, Emit emit, Signer signer,
       OrderEncoder encoder)
      : options_(std::move(options)),
        clock_(options_.gateway.wall_now),
        instruments_(options_.journalled),
        unknown_fees_(instruments_),
        rest_(loop, rest_options(options_), std::move(signer), clock_),
        start_up_(options_.gateway, rest_, clock_),
        queries_(loop, rest_, clock_, instruments_, query_options(options_.gateway),
                 learning(emit)),
        trades_(loop, rest_, instruments_),
        gateway_({loop, latch, rest_, clock_, instruments_, queries_, trades_, fee_watch()},
                 options_.gateway, std::move(encoder), derive_seed(options_.jitter_seed, 1), emit),
        market_(loop, rest_, instruments_, market_options(options_), ordinal_,
                derive_seed(options_.jitter_seed, 2), emit),
        private_(loop, rest_, instruments_, private_options(options_, fee_watch()), ordinal_,
                 derive_seed(options_.jitter_seed, 3), emit),
        reconciler_(
            {loop, rest_, clock_, instruments_, queries_, trades_,
             [this](OrderSequence order) { return gateway_.is_outstanding(order); }, fee_watch()},
            order_ids(options_.gateway), learning(emit)) {
    gateway_.on_accepted([this](const ClientOrderIdParts& order, const VenueOrderId& id) {
      private_.learn(id, order);
      private_.expect(order.sequence);
    });
  }

  void load_instruments(Loaded done) override {
    start_up_.load(options_.symbols, [this, done = std::move(done)](auto loaded) {
      if (!loaded) return done(loaded.error());
      loaded_ = std::move(loaded).value();
      std::vector<machine::InstrumentDefined> definitions;
      for (const Instrument& instrument : loaded_) definitions.push_back(instrument.definition);
      done(std::move(definitions));
    });
  }
  void set_instruments(const std::vector<machine::InstrumentDefined>& instruments) override {
    renumber(loaded_, instruments);
    instruments_.assign(loaded_);
  }
  venue::Gateway& gateway() override { return gateway_; }
  venue::Feed& market() override { return market_; }
  venue::Feed& private_stream() override { return private_; }
  void reconcile(const machine::State& state, Instant since) override {
    reconciler_.start(state, since);
  }
  bool reconciling() const override { return reconciler_.running(); }
  Nanos clock_offset() const override { return clock_.offset(); }
  std::string trouble() const override {
    std::string all = start_up_.missing();
    for (const std::string& one : {reconciler_.trouble(), unknown_fees_.trouble()}) {
      if (!one.empty()) all += (all.empty() ? "" : "; ") + one;
    }
    return all;
  }
  std::uint64_t fees_unknown() const override { return unknown_fees_.count(); }

 private:
  // Orders that stand since before this start are known by the answers about them alone.
  Emit learning(Emit emit) {
    return [this, emit = std::move(emit)](const machine::Event& event) {
      if (const auto* order = std::get_if<machine::VenueOrderState>(&event))
        private_.learn(order->venue_order, {order->kind, {}, order->incarnation, order->sequence});
      emit(event);
    };
  }

  std::function<void(const TradeRecord&)> fee_watch() {
    return [this](const TradeRecord& trade) { unknown_fees_.look_at(trade); };
  }

  const venue::VenueOptions options_;
  VenueClock clock_;
  Instruments instruments_;
  UnknownFees unknown_fees_;
  std::uint64_t ordinal_ = 0;  // of the last feed connection
  Rest rest_;
  StartUp start_up_;
  std::vector<Instrument> loaded_;  // until levid has numbered them
  OrderQueries queries_;
  TradePages trades_;
  MexcGateway gateway_;
  MarketFeed market_;
  PrivateStream private_;
  Reconciler reconciler_;
};

}  // namespace
}  // namespace levi::mexc

namespace levi::venue {

Result<std::unique_ptr<Venue>> make_mexc(os::Loop& loop, latch::Latch& latch, VenueOptions options,
                                         Venue::Emit emit) {
  LEVI_TRY_STATUS(mexc::check(options));
  const GatewayOptions& gateway = options.gateway;
  LEVI_TRY(encoder, mexc::OrderEncoder::create({venue::host_of(gateway), gateway.credentials.key,
                                                gateway.credentials.secret, gateway.instance,
                                                gateway.incarnation, gateway.recv_window}));
  LEVI_TRY(signer, mexc::Signer::create(gateway.credentials.secret));
  return std::unique_ptr<Venue>(std::make_unique<mexc::Mexc>(
      loop, latch, std::move(options), std::move(emit), std::move(signer), std::move(encoder)));
}

}  // namespace levi::venue
