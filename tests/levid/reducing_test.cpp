// What is left to do on a day whose loss has reached its limit: the engines close what they hold.
#include "tests/levid/trading_rig.h"

namespace levi::levid {
namespace {

using latch::Holder;

// Long 0.002, bought by an earlier incarnation, at a fee that is more than a day may lose.
void lose_a_day(test::TradingRig& rig) {
  const auto spec = exchange::make_symbol("BTCUSDT").value();
  machine::Started started;
  started.incarnation = {2};
  started.instance = rig.startup->identity.instance;
  machine::InstrumentDefined symbol;
  symbol.name = "BTCUSDT";
  symbol.price_exponent = static_cast<std::int8_t>(spec.price_exponent);
  symbol.quantity_exponent = static_cast<std::int8_t>(spec.quantity_exponent);
  symbol.quantity_min = {1};
  machine::VenueOrderState order;
  order.sequence = {5};
  order.incarnation = {1};
  order.venue_order = "C02__5";
  order.price = spec.price_start;
  order.quantity = {2000};
  machine::VenueFill fill;
  fill.sequence = order.sequence;
  fill.trade = "t1";
  fill.price = order.price;
  fill.quantity = order.quantity;
  fill.fee = Money{15'00000000};
  const Instant now = os::wall_now();
  for (const machine::Event& event : {machine::Event(started), machine::Event(symbol),
                                      machine::Event(order), machine::Event(fill)}) {
    rig.journal(event, now);
  }
  rig.startup->identity.incarnation = {3};
}

TEST(Reducing, EnginesCloseTheirPositionOnceADailyLossWasResumed) {
  const exchange::Stage stage;
  test::TradingRig rig(&stage,
                       "limits: {max_daily_loss: 10}\nengines:\n  - {name: e, symbol: BTCUSDT, "
                       "parameters: {spread_bps: 20, quantity: 0.001, position_max: 0.01}}\n");
  ASSERT_NO_FATAL_FAILURE(lose_a_day(rig));
  ASSERT_EQ(rig.state().instruments.at(0).position.quantity, Quantity{2000});
  ASSERT_NO_FATAL_FAILURE(rig.start());
  ASSERT_TRUE(rig.wait_running());
  ASSERT_TRUE(rig.word().held_by(Holder::kDailyLoss));
  for (const Holder holder : {Holder::kNewInstance, Holder::kDailyLoss}) {
    if (rig.word().held_by(holder)) rig.resume(holder);
  }
  ASSERT_FALSE(rig.word().sealed());
  ASSERT_TRUE(rig.wait([&] { return rig.state().trading == machine::TradingState::kReducing; }));
  std::size_t opening = 0;
  EXPECT_TRUE(rig.wait([&] {
    std::size_t closing = 0;
    for (const auto& [sequence, order] : rig.state().orders) {
      if (order.engine != EngineId{0}) continue;
      ++(order.side == Side::kSell ? closing : opening);
    }
    return closing > 0;
  }));
  EXPECT_EQ(opening, 0u);
}

}  // namespace
}  // namespace levi::levid
