// The engine against a model so plain that it can be believed: one list of resting orders, searched
// from end to end.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "tests/exchange/recorder.h"

namespace levi::exchange {
namespace {

constexpr std::uint16_t kAccounts = 3;

struct Command {
  bool cancel = false;
  std::size_t which = 0;  // of the orders placed so far
  NewOrder order;
};

struct Match {
  std::uint64_t maker;
  std::uint64_t taker;
  std::int64_t price;
  std::int64_t quantity;
  friend bool operator==(const Match&, const Match&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Match& m) {
    return out << m.maker << " by " << m.taker << " " << m.quantity << " @ " << m.price;
  }
};

Command random_command() {
  Command command;
  command.cancel = *rc::gen::inRange(0, 100) < 20;
  command.which = *rc::gen::inRange<std::size_t>(0, 1000);
  NewOrder& order = command.order;
  order.account = AccountId{*rc::gen::inRange<std::uint16_t>(0, kAccounts)};
  order.side = *rc::gen::element(Side::kBuy, Side::kSell);
  order.type = *rc::gen::weightedElement<OrderType>({{6, OrderType::kLimit},
                                                     {1, OrderType::kLimitMaker},
                                                     {1, OrderType::kMarket},
                                                     {1, OrderType::kFillOrKill},
                                                     {1, OrderType::kImmediateOrCancel}});
  order.price = Price{*rc::gen::inRange<std::int64_t>(990, 1011) * 100};
  order.quantity = Quantity{*rc::gen::inRange<std::int64_t>(0, 400'000)};
  if (order.type == OrderType::kMarket && *rc::gen::inRange(0, 2) == 1) {
    order.quantity = {};
    order.quote_quantity = Money{*rc::gen::inRange<std::int64_t>(0, 1000 * kUnit)};
  }
  return command;
}

// Price-time priority by definition: of all resting orders that cross, the best price, then the
// lowest id.
class Model {
 public:
  std::vector<Match> place(const Order& accepted) {
    std::vector<Match> matches;
    std::int64_t left = accepted.quantity.value;
    if (accepted.type == OrderType::kLimitMaker && best(accepted)) return {};
    if (accepted.type == OrderType::kFillOrKill && crossing(accepted) < left) return {};
    while (left > 0) {
      const auto found = best(accepted);
      if (!found) break;
      const std::int64_t quantity = std::min(left, (*found)->second.left);
      matches.push_back({(*found)->first, accepted.id.value, (*found)->second.price, quantity});
      left -= quantity;
      if (((*found)->second.left -= quantity) == 0) resting_.erase(*found);
    }
    const bool rests =
        accepted.type == OrderType::kLimit || accepted.type == OrderType::kLimitMaker;
    if (left > 0 && rests)
      resting_[accepted.id.value] = {accepted.side, accepted.price.value, left};
    return matches;
  }
  bool cancel(OrderId id) { return resting_.erase(id.value) == 1; }
  std::int64_t total(Side side, std::int64_t price) const {
    std::int64_t sum = 0;
    for (const auto& [id, order] : resting_) {
      if (order.side == side && order.price == price) sum += order.left;
    }
    return sum;
  }
  std::size_t levels(Side side) const {
    std::map<std::int64_t, int> prices;
    for (const auto& [id, order] : resting_) prices[order.price] += order.side == side ? 1 : 0;
    return static_cast<std::size_t>(std::count_if(
        prices.begin(), prices.end(), [](const auto& entry) { return entry.second > 0; }));
  }

 private:
  struct Resting {
    Side side;
    std::int64_t price;
    std::int64_t left;
  };
  using Orders = std::map<std::uint64_t, Resting>;

  static bool crosses(const Order& taker, const Resting& resting) {
    if (resting.side == taker.side) return false;
    if (taker.type == OrderType::kMarket) return true;
    return taker.side == Side::kBuy ? resting.price <= taker.price.value
                                    : resting.price >= taker.price.value;
  }
  std::optional<Orders::iterator> best(const Order& taker) {
    std::optional<Orders::iterator> found;
    for (auto order = resting_.begin(); order != resting_.end(); ++order) {
      if (!crosses(taker, order->second)) continue;
      const bool better =
          !found || (taker.side == Side::kBuy ? order->second.price < (*found)->second.price
                                              : order->second.price > (*found)->second.price);
      if (better) found = order;
    }
    return found;
  }
  std::int64_t crossing(const Order& taker) const {
    std::int64_t sum = 0;
    for (const auto& [id, order] : resting_) sum += crosses(taker, order) ? order.left : 0;
    return sum;
  }

  Orders resting_;
};

struct World {
  World() {
    for (int i = 0; i < kAccounts; ++i) {
      const AccountId id = engine.open_account("a", i == 0 ? 0 : 50);  // one without a memory
      engine.deposit(id, engine.base_of(kSymbol), Money{3 * kUnit});
      engine.deposit(id, engine.quote_of(kSymbol), Money{3000 * kUnit});
    }
  }

  void run(const Command& command) {
    const std::size_t fills_before = recorder.fills.size();
    if (command.cancel) {
      if (placed.empty()) return;
      const auto [account, id] = placed[command.which % placed.size()];
      const bool done = engine.cancel(account, id, Instant{}).reject == Reject::kNone;
      RC_ASSERT(done == model.cancel(id));
      return;
    }
    const auto outcome = engine.place(command.order, Instant{});
    if (outcome.reject != Reject::kNone) return;
    placed.emplace_back(command.order.account, outcome.order.id);
    std::vector<Match> matches;
    for (std::size_t i = fills_before; i < recorder.fills.size(); i += 2) {
      const Fill& maker = recorder.fills[i];
      matches.push_back({maker.order.value, recorder.fills[i + 1].order.value, maker.price.value,
                         maker.quantity.value});
    }
    RC_ASSERT(matches == model.place(recorder.accepted.back()));
  }

  void check() const {
    const Book& book = engine.book(kSymbol);
    const auto bid = book.best_price(Side::kBuy);
    const auto ask = book.best_price(Side::kSell);
    RC_ASSERT(!bid || !ask || *bid < *ask);
    for (const Side side : {Side::kBuy, Side::kSell}) {
      RC_ASSERT(book.levels(side).size() == model.levels(side));
      for (const auto& [rank, level] : book.levels(side)) {
        RC_ASSERT(level.total.value == model.total(side, Book::price_of(side, rank).value));
      }
    }
    check_money();
  }

  void check_money() const {
    for (std::uint16_t asset = 0; asset < engine.assets().size(); ++asset) {
      Money sum = engine.house_fees(AssetId{asset});
      Money told = engine.house_fees(AssetId{asset});
      for (const Account& account : engine.accounts()) {
        const Balance& balance = account.balance(AssetId{asset});
        RC_ASSERT(balance.free.value >= 0);
        RC_ASSERT(balance.locked.value >= 0);
        sum += balance.free + balance.locked;
        Money locked;
        for (const Order& order : engine.open_orders(account.id())) {
          const bool here = (order.side == Side::kBuy ? engine.quote_of(kSymbol)
                                                      : engine.base_of(kSymbol)) == AssetId{asset};
          if (here) locked += order.locked;
        }
        RC_ASSERT(locked == balance.locked);
      }
      const std::int64_t start = asset == engine.base_of(kSymbol).value ? 3 : 3000;
      RC_ASSERT(sum.value == start * kUnit * kAccounts);
      if (asset < recorder.totals.size()) told += recorder.totals[asset];
      RC_ASSERT(told.value == 0);  // What was told adds up to what went to the house.
    }
  }

  Recorder recorder;
  MatchingEngine engine{{test_symbol()}, {}, recorder};
  Model model;
  std::vector<std::pair<AccountId, OrderId>> placed;
};

RC_GTEST_PROP(BookProperty, TradesAreThoseOfThePlainModelAndMoneyIsConserved, ()) {
  World world;
  const int commands = 200;
  for (int i = 0; i < commands; ++i) {
    world.run(random_command());
    world.check();
  }
}

RC_GTEST_PROP(BookProperty, VersionsRiseByOneForEachLevelChange, ()) {
  World world;
  for (int i = 0; i < 100; ++i) world.run(random_command());
  const auto& levels = world.recorder.levels;
  for (std::size_t i = 0; i < levels.size(); ++i) RC_ASSERT(levels[i].version.value == i + 1);
  RC_ASSERT(world.engine.version(kSymbol).value == levels.size());
}

RC_GTEST_PROP(BookProperty, TheSameCommandsGiveTheSameTrades, ()) {
  std::vector<Command> commands;
  for (int i = 0; i < 100; ++i) commands.push_back(random_command());
  World one, other;
  for (const Command& command : commands) {
    one.run(command);
    other.run(command);
  }
  RC_ASSERT(one.recorder.fills.size() == other.recorder.fills.size());
  for (std::size_t i = 0; i < one.recorder.fills.size(); ++i) {
    RC_ASSERT(one.recorder.fills[i].price == other.recorder.fills[i].price);
    RC_ASSERT(one.recorder.fills[i].order == other.recorder.fills[i].order);
  }
}

}  // namespace
}  // namespace levi::exchange
