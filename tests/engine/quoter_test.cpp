#include "core/engine/quoter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/engine/toy_venue.h"

namespace levi::engine::test {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view kPlain =
    "levels=2;spread_bps=20;quantity=10;position_max=100;requote_bps=5";

// A quoter and its image, driven by hand. Prices around 100000: one basis point is ten steps.
class Desk {
 public:
  explicit Desk(std::string_view parameters, bool ready = true)
      : image_(kImageBytesMax), out_(std::make_unique<Intents>()) {
    auto made = make_strategy("quoter", parameters, {});
    LEVI_CHECK(made);
    strategy_ = std::move(made.value());
    strategy_->reset(image_.data());
    if (!ready) return;
    seed(true);
    position(0);
  }

  void seed(bool trading) { tick(TickKind::kSeed, trading); }
  void trading(std::uint8_t code) { tick(TickKind::kTrading, code); }
  void top(std::int64_t bid, std::int64_t ask) {
    Tick tick;
    tick.kind = TickKind::kTop;
    tick.price = Price{bid};
    tick.ask_price = Price{ask};
    run(tick);
  }
  void position(std::int64_t quantity) {
    position_ = Quantity{quantity};
    update(OrderUpdateKind::kPosition, 0, 0);
  }
  void update(OrderUpdateKind kind, std::uint32_t tag, std::int64_t quantity = 0) {
    Tick tick;
    tick.kind = TickKind::kUpdate;
    tick.code = static_cast<std::uint8_t>(kind);
    tick.tag = tag;
    tick.quantity = Quantity{quantity};
    tick.position = position_;
    run(tick);
  }
  void filled(const IntentRecord& order, std::int64_t quantity) {
    position_ += order.side == Side::kBuy ? Quantity{quantity} : Quantity{-quantity};
    update(OrderUpdateKind::kFilled, order.tag, quantity);
  }
  void open(const std::vector<IntentRecord>& orders) {
    for (const IntentRecord& order : orders) {
      update(OrderUpdateKind::kAccepted, order.tag);
      update(OrderUpdateKind::kOpen, order.tag);
    }
  }
  void wait(Nanos time) { now_ += time; }

  // What the last tick led to.
  std::vector<IntentRecord> placed() const { return of(IntentKind::kPlace); }
  std::vector<IntentRecord> canceled() const { return of(IntentKind::kCancel); }
  std::vector<IntentRecord> of(IntentKind kind) const {
    std::vector<IntentRecord> found;
    std::copy_if(last_.begin(), last_.end(), std::back_inserter(found),
                 [&](const IntentRecord& r) { return r.kind == kind; });
    return found;
  }
  std::vector<std::int64_t> prices(Side side) const {
    std::vector<std::int64_t> found;
    for (const IntentRecord& record : placed()) {
      if (record.side == side) found.push_back(record.price.value);
    }
    return found;
  }
  Instant now() const { return now_; }

 private:
  void tick(TickKind kind, std::uint8_t code) {
    Tick tick;
    tick.kind = kind;
    tick.code = code;
    run(tick);
  }
  void run(Tick tick) {
    tick.number = ++number_;
    tick.instant = now_;
    out_->begin(intent_last_, tick.number, tick.instant);
    if (tick.kind == TickKind::kUpdate) {
      strategy_->on_update(image_.data(), tick, *out_);
    } else {
      strategy_->on_tick(image_.data(), tick, *out_);
    }
    intent_last_ = out_->last();
    last_.assign(out_->records().begin(), out_->records().end());
  }

  std::unique_ptr<Strategy> strategy_;
  std::vector<std::byte> image_;
  std::unique_ptr<Intents> out_;
  std::vector<IntentRecord> last_;
  std::uint64_t number_ = 0;
  std::uint64_t intent_last_ = 0;
  Quantity position_;
  Instant now_{1'000'000'000'000};
};

TEST(Quoter, QuotesBothSidesAroundTheMiddlePostOnly) {
  Desk desk(kPlain);
  desk.top(99'990, 100'010);
  EXPECT_EQ(desk.prices(Side::kBuy), (std::vector<std::int64_t>{99'900, 99'800}));
  EXPECT_EQ(desk.prices(Side::kSell), (std::vector<std::int64_t>{100'100, 100'200}));
  for (const IntentRecord& order : desk.placed()) {
    EXPECT_EQ(order.type, machine::OrderType::kLimitMaker);
    EXPECT_EQ(order.quantity.value, 10);
    EXPECT_EQ(order.tag, order.number);
  }
  desk.top(99'990, 100'010);
  EXPECT_TRUE(desk.placed().empty()) << "they are on their way";
}

TEST(Quoter, NeverLetsAQuoteTouchTheOtherSideOfTheMarket) {
  Desk desk("spread_bps=0.01;quantity=10;position_max=100;levels=3");
  desk.top(100'000, 100'001);
  EXPECT_EQ(desk.prices(Side::kBuy), (std::vector<std::int64_t>{100'000, 99'999, 99'998}));
  EXPECT_EQ(desk.prices(Side::kSell), (std::vector<std::int64_t>{100'001, 100'002, 100'003}));
}

TEST(Quoter, QuotesNothingBeforeItKnowsItsPositionAndABookWithTwoSides) {
  Desk desk(kPlain, false);
  desk.seed(true);
  desk.top(99'990, 100'010);
  EXPECT_TRUE(desk.placed().empty());
  desk.position(0);
  EXPECT_EQ(desk.placed().size(), 4u);

  Desk other(kPlain);
  other.top(0, 100'010);
  EXPECT_TRUE(other.placed().empty());
  other.top(100'010, 100'010);
  EXPECT_TRUE(other.placed().empty());
}

TEST(Quoter, ReplacesWhatIsFilled) {
  Desk desk(kPlain);
  desk.top(99'990, 100'010);
  const auto orders = desk.placed();
  desk.open(orders);
  desk.filled(orders[0], 4);
  EXPECT_TRUE(desk.placed().empty()) << "the rest still stands";
  desk.filled(orders[0], 6);
  ASSERT_EQ(desk.placed().size(), 1u);
  EXPECT_EQ(desk.placed()[0].side, Side::kBuy);
  EXPECT_NE(desk.placed()[0].tag, orders[0].tag);
}

TEST(Quoter, LeansAgainstItsInventoryAndSignalsTheLean) {
  Desk desk(kPlain);
  desk.position(50);  // half of what it may hold: half of half a spread lower
  desk.top(99'990, 100'010);
  EXPECT_EQ(desk.prices(Side::kBuy), (std::vector<std::int64_t>{99'850, 99'750}));
  EXPECT_EQ(desk.prices(Side::kSell), (std::vector<std::int64_t>{100'050, 100'150}));
  const auto signals = desk.of(IntentKind::kSignal);
  ASSERT_EQ(signals.size(), 1u);
  EXPECT_EQ(signals[0].side, Side::kSell);
  EXPECT_EQ(signals[0].price.value, 99'950);
  desk.top(99'990, 100'010);
  EXPECT_TRUE(desk.of(IntentKind::kSignal).empty()) << "said once";
}

TEST(Quoter, MovesAQuoteThatIsFartherOffThanItMayBe) {
  Desk desk(kPlain);
  desk.top(99'990, 100'010);
  const auto orders = desk.placed();
  desk.open(orders);
  desk.top(100'020, 100'040);  // 3 basis points
  EXPECT_TRUE(desk.canceled().empty());
  desk.top(100'060, 100'080);  // 7
  EXPECT_EQ(desk.canceled().size(), 4u);
  EXPECT_EQ(desk.prices(Side::kBuy), (std::vector<std::int64_t>{99'970, 99'870}));
  desk.top(100'060, 100'080);
  EXPECT_TRUE(desk.canceled().empty()) << "asked once";
}

TEST(Quoter, DoesNotQuoteAcrossItsOwnOrderUntilThatIsGone) {
  Desk desk(kPlain);
  desk.top(99'990, 100'010);
  const auto orders = desk.placed();
  desk.open(orders);
  desk.top(100'290, 100'310);  // its asks at 100100 and 100200 are below the bids that it wants now
  EXPECT_EQ(desk.canceled().size(), 4u);
  EXPECT_EQ(desk.prices(Side::kSell), (std::vector<std::int64_t>{100'400, 100'500}));
  EXPECT_TRUE(desk.prices(Side::kBuy).empty());
  for (const IntentRecord& order : orders) {
    if (order.side == Side::kSell) desk.update(OrderUpdateKind::kCanceled, order.tag);
  }  // asked for: no pause
  EXPECT_FALSE(desk.prices(Side::kBuy).empty());
}

TEST(Quoter, NeverCancelsWhatIsNotConfirmed) {
  Desk desk(kPlain);
  desk.top(99'990, 100'010);
  const auto orders = desk.placed();
  desk.top(100'290, 100'310);
  EXPECT_TRUE(desk.canceled().empty());
  for (const IntentRecord& order : orders) desk.update(OrderUpdateKind::kUnknown, order.tag);
  desk.top(100'590, 100'610);
  EXPECT_TRUE(desk.canceled().empty());
  EXPECT_TRUE(desk.placed().empty());
  desk.update(OrderUpdateKind::kOpen, orders[0].tag);
  EXPECT_EQ(desk.canceled().size(), 1u);
}

TEST(Quoter, CountsOrdersThatAreBeingCanceledAgainstItsLimit) {
  Desk desk("spread_bps=20;quantity=10;position_max=15;requote_bps=5");
  desk.top(99'990, 100'010);
  const auto orders = desk.placed();
  ASSERT_EQ(orders.size(), 2u);
  desk.open(orders);
  desk.top(100'060, 100'080);
  EXPECT_EQ(desk.canceled().size(), 2u);
  EXPECT_TRUE(desk.placed().empty()) << "10 may still be bought, 10 more would be 20";
  desk.filled(orders[0], 10);
  EXPECT_TRUE(desk.prices(Side::kBuy).empty()) << "full";
  EXPECT_EQ(desk.prices(Side::kSell).size(), 1u) << "what was bought may be sold";
}

TEST(Quoter, RefreshesAQuoteOnceItHasBeenOpenThatLong) {
  Desk desk("spread_bps=20;quantity=10;position_max=100;refresh_after=5s");
  desk.top(99'990, 100'010);
  desk.wait(10s);
  desk.top(99'990, 100'010);
  EXPECT_TRUE(desk.canceled().empty()) << "not confirmed: its age does not run";
  desk.top(99'990, 100'010);
  Desk other("spread_bps=20;quantity=10;position_max=100;refresh_after=5s");
  other.top(99'990, 100'010);
  other.open(other.placed());
  other.wait(4999ms);
  other.top(99'990, 100'010);
  EXPECT_TRUE(other.canceled().empty());
  other.wait(1ms);
  other.top(99'990, 100'010);
  EXPECT_EQ(other.canceled().size(), 2u);
  EXPECT_EQ(other.placed().size(), 2u);
}

TEST(Quoter, FlowsWithoutAPauseWhenAskedToRefreshAtOnce) {
  Desk desk("spread_bps=20;quantity=10;position_max=1000;refresh_after=0ms");
  desk.top(99'990, 100'010);
  IntentRecord order = desk.placed()[0];
  for (int i = 0; i < 1000; ++i) {
    desk.update(OrderUpdateKind::kOpen, order.tag);
    ASSERT_EQ(desk.canceled().size(), 1u);
    ASSERT_EQ(desk.placed().size(), 1u);
    const IntentRecord next = desk.placed()[0];
    desk.update(OrderUpdateKind::kCanceled, order.tag);
    ASSERT_TRUE(desk.placed().empty());
    order = next;
  }
}

TEST(Quoter, PausesASideThatIsRefusedLongerEachTime) {
  Desk desk("spread_bps=20;quantity=10;position_max=100");
  desk.top(99'990, 100'010);
  auto orders = desk.placed();
  desk.open({orders[1]});
  Nanos pause = 10ms;
  for (int i = 0; i < 12; ++i) {
    desk.update(OrderUpdateKind::kRejected, orders[0].tag, 10);
    ASSERT_TRUE(desk.placed().empty()) << "a refusal is no reason to try again at once";
    desk.wait(pause - 1ns);
    desk.top(99'990, 100'010);
    ASSERT_TRUE(desk.placed().empty());
    desk.wait(1ns);
    desk.top(99'990, 100'010);
    orders = desk.placed();
    ASSERT_EQ(orders.size(), 1u);
    ASSERT_EQ(orders[0].side, Side::kBuy);
    pause = std::min<Nanos>(pause * 2, 1s);
  }
  desk.open(orders);
  desk.filled(orders[0], 10);
  ASSERT_EQ(desk.placed().size(), 1u) << "a confirmed order ends the pauses";
}

TEST(Quoter, PausesASideWhoseOrderIsCanceledUnasked) {
  Desk desk("spread_bps=20;quantity=10;position_max=100");
  desk.top(99'990, 100'010);
  const auto orders = desk.placed();
  desk.open(orders);
  desk.update(OrderUpdateKind::kCanceled, orders[0].tag);
  EXPECT_TRUE(desk.placed().empty()) << "a post-only order on a stale book would come back at once";
  desk.wait(10ms);
  desk.top(99'990, 100'010);
  EXPECT_EQ(desk.placed().size(), 1u);
}

TEST(Quoter, StandsStillWhileLevidDoesNotTradeAndGoesOnAfterwards) {
  Desk desk(kPlain);
  desk.top(99'990, 100'010);
  const auto orders = desk.placed();
  desk.open(orders);
  desk.trading(kTakesNone);
  for (const IntentRecord& order : orders) {
    desk.update(OrderUpdateKind::kCanceled, order.tag);
    ASSERT_TRUE(desk.placed().empty());
  }
  desk.wait(10ms);  // they were cancelled unasked
  desk.top(100'090, 100'110);
  EXPECT_TRUE(desk.placed().empty());
  EXPECT_TRUE(desk.canceled().empty());
  desk.trading(kTakesAll);
  EXPECT_EQ(desk.placed().size(), 4u);
  EXPECT_EQ(desk.placed()[0].price.value, 100'000);
}

TEST(Quoter, ClosesItsPositionAndNoMoreWhileOnlyThatIsTaken) {
  Desk desk("levels=3;spread_bps=10;quantity=10;position_max=100");
  desk.position(15);
  desk.trading(kTakesReducing);
  desk.top(100'000, 100'100);
  EXPECT_TRUE(desk.prices(Side::kBuy).empty());
  auto placed = desk.placed();
  ASSERT_EQ(placed.size(), 2u);
  EXPECT_EQ(placed[0].quantity, Quantity{10});
  EXPECT_EQ(placed[1].quantity, Quantity{5}) << "the rest: more would be refused";
  desk.open(placed);
  desk.filled(placed[0], 10);
  EXPECT_TRUE(desk.placed().empty()) << "the other quote closes what is left";
  desk.filled(placed[1], 5);
  desk.top(100'000, 100'100);
  EXPECT_TRUE(desk.placed().empty()) << "nothing is held";
  desk.position(-4);
  placed = desk.placed();
  ASSERT_EQ(placed.size(), 1u);
  EXPECT_EQ(placed[0].side, Side::kBuy);
  EXPECT_EQ(placed[0].quantity, Quantity{4});
  desk.trading(kTakesAll);
  EXPECT_FALSE(desk.prices(Side::kSell).empty()) << "both sides again";
}

TEST(Quoter, AsksAgainForACancelThatHadNoEffect) {
  Desk desk(kPlain);
  desk.top(99'990, 100'010);
  desk.open(desk.placed());
  desk.top(100'090, 100'110);
  ASSERT_EQ(desk.canceled().size(), 4u);
  desk.wait(999ms);
  desk.top(100'090, 100'110);
  EXPECT_TRUE(desk.canceled().empty());
  desk.wait(1ms);
  desk.top(100'090, 100'110);
  EXPECT_EQ(desk.canceled().size(), 4u);
}

TEST(Quoter, NamesTheTopOfBookThatItDecidedOnNotTheUpdateThatWokeIt) {
  Desk desk(kPlain);
  desk.top(99'990, 100'010);
  const Instant then = desk.now();
  const auto orders = desk.placed();
  desk.open(orders);
  desk.wait(300ms);
  desk.filled(orders[0], 10);
  ASSERT_EQ(desk.placed().size(), 1u);
  EXPECT_EQ(desk.placed()[0].tick_instant, then);
  EXPECT_EQ(desk.placed()[0].set_off, desk.now()) << "the fill led to it";
  EXPECT_EQ(desk.placed()[0].tick, orders[0].tick);
}

TEST(Quoter, IgnoresUpdatesOfOrdersThatItDoesNotKnow) {
  Desk desk(kPlain);
  desk.top(99'990, 100'010);
  desk.open(desk.placed());
  for (const auto kind :
       {OrderUpdateKind::kOpen, OrderUpdateKind::kFilled, OrderUpdateKind::kCanceled,
        OrderUpdateKind::kRejected, OrderUpdateKind::kUnknown}) {
    desk.update(kind, 4711, 10);
    EXPECT_TRUE(desk.placed().empty());
    EXPECT_TRUE(desk.canceled().empty());
  }
}

}  // namespace
}  // namespace levi::engine::test
