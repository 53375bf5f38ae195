// MexcGateway: orders, cancels and questions to MEXC spot v3 (contract: core/venue/gateway.h).
//
// Orders leave over an OrderPool; everything else over Rest. Owned by the venue.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/latch/latch.h"
#include "core/machine/order_ids.h"
#include "core/os/loop.h"
#include "core/venue/gateway.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/order_encoder.h"
#include "core/venue/mexc/order_queries.h"
#include "core/venue/mexc/rest.h"
#include "core/venue/mexc/trade_pages.h"
#include "core/venue/order_pool.h"

namespace levi::mexc {

inline constexpr std::size_t kCancelAllSymbolsMax = 5;  // a call

class MexcGateway final : public venue::Gateway {
 public:
  struct Parts {
    os::Loop& loop;
    latch::Latch& latch;
    Rest& rest;
    VenueClock& clock;
    const Instruments& instruments;
    OrderQueries& queries;
    TradePages& trades;
    std::function<void(const TradeRecord&)> on_trade = {};  // each of ours
  };
  MexcGateway(Parts parts, const venue::GatewayOptions& options, OrderEncoder encoder,
              std::uint64_t jitter_seed, Emit emit);
  ~MexcGateway() override;

  // The venue accepted this order: the private stream must show it soon.
  using Accepted = std::function<void(const ClientOrderIdParts&, const VenueOrderId&)>;
  void on_accepted(Accepted handler) { accepted_ = std::move(handler); }
  bool is_outstanding(OrderSequence sequence) const { return pool_.is_outstanding(sequence); }

  void send(const machine::SendOrder& order, std::uint64_t flatten_epoch) override;
  void cancel(const machine::CancelOrder& order) override;
  void cancel_all(const std::vector<SymbolId>& symbols) override;
  void query(const machine::QueryOrder& order) override { queries_.query(order); }
  void query_trades(const machine::QueryTrades& order) override;
  void fetch_open_orders(SymbolId symbol, std::function<void(Status)> done) override;
  void close_order_connections() override;
  void open_order_connections() override;
  unsigned order_connections_open() const override { return pool_.open_count(); }
  venue::GatewayStatus status() const override;
  void abort_order_sockets() override { pool_.abort_all(); }

 private:
  struct Waiting {  // a flatten order without a connection yet
    machine::SendOrder order;
    std::uint64_t flatten_epoch = 0;
    MonoTime deadline;
  };

  void send_one(const machine::SendOrder& order, std::uint64_t flatten_epoch);
  bool may_send(const machine::SendOrder& order) const;
  void on_order_answer(const venue::OrderTicket& ticket, const os::HttpResponse& response);
  void on_order_unknown(const venue::OrderTicket& ticket, machine::UnknownWhy why);
  void reject(OrderSequence sequence, const Answer& answer);
  void on_canceled(const machine::CancelOrder& order, const Answer& answer);
  void cancel_open(std::vector<std::string> symbols);
  void on_all_canceled(const std::vector<std::string>& symbols, const Answer& answer);
  void emit_canceled(const OrderRecord& record, const ClientOrderIdParts& parts);
  void trades_of(const machine::QueryTrades& order, std::string venue_order);
  void send_waiting();
  void give_up_waiting(bool all, bool sealed);
  void watch_flatten();
  void check_clock();
  void later(const machine::Event& event);

  os::Loop& loop_;
  Rest& rest_;
  VenueClock& clock_;
  const Instruments& instruments_;
  OrderQueries& queries_;
  TradePages& trades_;
  const std::function<void(const TradeRecord&)> on_trade_;
  const venue::GatewayOptions options_;
  const machine::OrderIds ids_;
  OrderEncoder encoder_;
  const Emit emit_;
  Accepted accepted_;

  OrderSequence last_written_;  // orders leave in the order of their numbers, or not at all
  std::uint64_t orders_sent_ = 0;
  std::uint64_t short_sends_ = 0;
  std::deque<Waiting> waiting_;
  bool opened_for_flatten_ = false;
  MonoTime flatten_last_;
  std::set<std::uint64_t> trades_asked_;  // orders whose trades are being fetched
  std::vector<machine::Event> later_;     // what must not be emitted from inside a call
  os::Loop::TimerId later_timer_ = 0;
  os::Loop::TimerId clock_timer_ = 0;
  os::Loop::TimerId flatten_timer_ = 0;
  venue::OrderPool pool_;  // last: its handlers use the rest
};

}  // namespace levi::mexc
