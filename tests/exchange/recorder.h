// A listener that remembers everything, for the tests of the engine.
#pragma once

#include <vector>

#include "exchange/matching/engine.h"

namespace levi::exchange {

inline constexpr SymbolId kSymbol{0};
inline constexpr Instant kNow{1'700'000'000'000'000'000};
inline constexpr std::int64_t kUnit = 100'000'000;  // one whole coin in Money

class Recorder : public MatchListener {
 public:
  struct Level {
    SymbolId symbol;
    Side side;
    Price price;
    BookVersion version;
  };

  void on_accepted(const Order& order) override { accepted.push_back(order); }
  void on_fill(const Fill& fill, const Order& /*after*/) override { fills.push_back(fill); }
  void on_changed(const Order& order) override { changed.push_back(order); }
  void on_level(SymbolId symbol, Side side, Price price, BookVersion version) override {
    levels.push_back({symbol, side, price, version});
  }
  void on_balance(AccountId, AssetId asset, const Balance& change, BalanceCause) override {
    if (totals.size() <= asset.value) totals.resize(asset.value + 1u);
    totals[asset.value] += change.free + change.locked;
  }

  std::vector<Order> accepted;
  std::vector<Fill> fills;
  std::vector<Order> changed;
  std::vector<Level> levels;
  std::vector<Money> totals;  // sum of the changes that were told, per asset
};

inline SymbolSpec test_symbol(const char* name = "BTCUSDT") { return make_symbol(name).value(); }

}  // namespace levi::exchange
