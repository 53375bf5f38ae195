// The quoter's rules, judged by a venue's own book-keeping.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "core/engine/quoter.h"
#include "tests/engine/toy_venue.h"
#include "tests/support/property.h"

namespace levi::engine::test {
namespace {

TEST(Quoter, KeepsItsRulesUnderAnyCourseOfEvents) {
  EXPECT_TRUE(
      levi::test::holds("limits, no self-trade, silence while halted", [](std::uint64_t seed) {
        Random random(seed);
        ToyVenue venue(seed);
        const bool flow = random.below(2) == 0;
        auto made = make_strategy("quoter",
                                  std::string("levels=4;spread_bps=3;quantity=10;position_max=70") +
                                      (flow ? ";refresh_after=0ms" : ""),
                                  {});
        RC_ASSERT(made);
        const Strategy& strategy = *made.value();
        std::vector<std::byte> image(kImageBytesMax);
        strategy.reset(image.data());
        auto out = std::make_unique<Intents>();
        std::uint64_t intent_last = 0;
        std::uint8_t trading = kTakesAll;
        Instant now{1'000'000'000};
        std::uint64_t number = 0;
        const auto run = [&](Tick tick) {
          tick.number = ++number;
          tick.instant = now;
          out->begin(intent_last, tick.number, now);
          if (tick.kind == TickKind::kUpdate)
            strategy.on_update(image.data(), tick, *out);
          else
            strategy.on_tick(image.data(), tick, *out);
          for (const IntentRecord& intent : out->records()) {
            RC_ASSERT(intent.number == ++intent_last);
            if (intent.kind == IntentKind::kPlace) {
              RC_ASSERT(trading != kTakesNone);
              for (const ToyOrder& order : venue.orders) {
                RC_ASSERT(order.tag != intent.tag);
                if (order.side == intent.side) continue;
                const bool apart = intent.side == Side::kBuy ? intent.price < order.price
                                                             : intent.price > order.price;
                RC_ASSERT(apart);
              }
            }
            venue.take(intent);
          }
          RC_ASSERT(venue.reach(Side::kBuy).value <= 70);
          RC_ASSERT(venue.reach(Side::kSell).value <= 70);
          RC_ASSERT(strategy.image_bytes(image.data()) <= kImageBytesMax);
        };
        Tick first;
        first.kind = TickKind::kSeed;
        first.code = 1;
        run(first);
        venue.say_position();
        for (int i = 0; i < 400; ++i) {
          now += Nanos{static_cast<std::int64_t>(random.below(5'000'000))};
          const auto what = random.below(20);
          if (what < 4)
            run(venue.top());
          else if (what < 11)
            venue.advance();
          else if (what < 19) {
            if (const auto update = venue.next_update()) run(*update);
          } else if (random.below(3) == 0) {
            trading = static_cast<std::uint8_t>(random.below(3));
            Tick tick;
            tick.kind = TickKind::kTrading;
            tick.code = trading;
            run(tick);
          }
        }
      }));
}

}  // namespace
}  // namespace levi::engine::test
