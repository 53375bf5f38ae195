// Rig: the adaptor's parts against a FakeVenue on one loop. BTCUSDT is symbol 0, ETHUSDT 1, and so
// on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/venue/mexc/gateway.h"
#include "core/venue/mexc/market_feed.h"
#include "core/venue/mexc/private_stream.h"
#include "core/venue/mexc/reconciler.h"
#include "core/venue/mexc/records.h"
#include "tests/venue/fake_venue.h"
#include "tests/venue/support.h"

namespace levi::test {

inline mexc::Instruments instruments_of(const std::vector<std::string>& symbols) {
  std::vector<mexc::Instrument> all;
  for (const std::string& symbol : symbols) {
    auto instrument = mexc::read_symbol(nlohmann::json::parse(symbol_json(symbol)));
    LEVI_CHECK(instrument);
    instrument.value().definition.symbol = {static_cast<std::uint16_t>(all.size())};
    all.push_back(std::move(instrument.value()));
  }
  mexc::Instruments instruments;
  instruments.assign(std::move(all));
  return instruments;
}

inline machine::SendOrder an_order(std::uint64_t sequence) {
  machine::SendOrder order;
  order.sequence = {sequence};
  order.price = {10000};
  order.quantity = {10000};
  return order;
}

// Whose orders of these incarnations and sequences a rig has taken over.
inline const machine::Ancestor kAncestor{"ancestr", {3}, {20}};

struct Rig {
  explicit Rig(std::vector<std::string> symbols = {"BTCUSDT", "ETHUSDT"})
      : fake(loop),
        options(options_for(fake, symbols)),
        instruments(instruments_of(symbols)),
        clock([this] { return wall ? *wall : os::wall_now(); }),
        rest(loop,
             {options.rest, kKey, options.gateway.recv_window, options.gateway.answer_timeout},
             std::move(mexc::Signer::create(kSecret).value()), clock),
        queries(loop, rest, clock, instruments,
                {{options.gateway.instance, {kAncestor}}, 200ms, 1ms, 20ms}, recorder.emit()),
        trades(loop, rest, instruments) {}

  void make_gateway() {
    options.gateway.ancestors = {kAncestor};
    auto encoder =
        mexc::OrderEncoder::create({venue::host_of(options.gateway), kKey, kSecret,
                                    options.gateway.instance, options.gateway.incarnation, 200ms});
    LEVI_CHECK(encoder);
    gateway = std::make_unique<mexc::MexcGateway>(
        mexc::MexcGateway::Parts{loop, *latch, rest, clock, instruments, queries, trades},
        options.gateway, std::move(encoder.value()), 1, recorder.emit());
  }
  void open_gateway() {
    make_gateway();
    gateway->open_order_connections();
    LEVI_CHECK(run_until(loop, [this] {
      return gateway->order_connections_open() == options.gateway.order_connections;
    }));
  }
  mexc::SocketOptions socket_options() const {
    mexc::SocketOptions made;
    made.endpoint = options.websocket;
    made.connect_timeout = made.ping_every = made.confirm_max = kWaitMax;
    return made;
  }
  mexc::MarketOptions market_options() const {
    mexc::MarketOptions made;
    made.socket = socket_options();
    made.data_age_max = options.data_age_max;
    made.book.levels_max = options.depth_levels_max;
    made.book.refresh = made.data_age_max / 4;
    made.book.age_max = made.data_age_max;
    made.lag_max = kWaitMax;
    return made;
  }
  void start_market(const mexc::MarketOptions& with) {
    market = std::make_unique<mexc::MarketFeed>(loop, rest, instruments, with, ordinal, 1,
                                                recorder.emit());
    market->start();
  }
  void start_private(mexc::PrivateOptions private_options = {}) {
    private_options.socket = socket_options();
    private_options.ids = {options.gateway.instance, {kAncestor}};
    stream = std::make_unique<mexc::PrivateStream>(loop, rest, instruments, private_options,
                                                   ordinal, 1, recorder.emit());
    stream->start();
  }
  // As after a start whose configuration no longer names it: the journal alone does.
  void drop(const std::string& symbol) {
    std::vector<machine::InstrumentDefined> journalled;
    std::vector<mexc::Instrument> left = instruments.traded();
    for (const auto& instrument : left) journalled.push_back(instrument.definition);
    std::erase_if(left, [&](const auto& instrument) { return instrument.name == symbol; });
    instruments = mexc::Instruments(journalled);
    instruments.assign(std::move(left));
  }
  std::string client_id(std::uint64_t sequence, std::uint32_t incarnation = 7) const {
    return format_client_order_id(
               {OrderKind::kNormal, options.gateway.instance, {incarnation}, {sequence}})
        .str();
  }
  machine::QueryOrder question(std::uint64_t sequence) const {
    return {{sequence}, {0}, options.gateway.incarnation, OrderKind::kNormal};
  }
  bool wait(const std::function<bool()>& so) { return run_until(loop, so); }

  os::Loop loop;
  OpenLatch latch;
  Recorder recorder;
  FakeVenue fake;
  venue::VenueOptions options;
  mexc::Instruments instruments;
  std::optional<Instant> wall;  // instead of the wall clock
  std::uint64_t ordinal = 0;
  mexc::VenueClock clock;
  mexc::Rest rest;
  mexc::OrderQueries queries;
  mexc::TradePages trades;
  std::unique_ptr<mexc::MexcGateway> gateway;
  std::unique_ptr<mexc::MarketFeed> market;
  std::unique_ptr<mexc::PrivateStream> stream;
};

}  // namespace levi::test
