// What the tests of questions and of reconciliation share: a clock that stands, and trades.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/venue/rig.h"

namespace levi::test {

inline constexpr const char* kNotFound = R"({"code":-2013,"msg":"no such order"})";
inline constexpr std::int64_t kSigned_ms = 1'736'412'092'433;

// Ours and the venue's clock stand still until a test moves them.
struct HeldClock {
  explicit HeldClock(Rig& rig) : rig_(rig) { set(kSigned_ms); }
  void set(std::int64_t ms, std::int64_t venue_ahead_ms = 0) {
    rig_.fake.clock_held_ms = ms + venue_ahead_ms;
    rig_.wall = Instant{ms * 1'000'000};
  }
  Rig& rig_;
};

inline nlohmann::json trade_json(const std::string& id, const std::string& client_id,
                                 std::int64_t time_ms) {
  return {
      {"symbol", "BTCUSDT"}, {"id", id},          {"orderId", "C02__9"},       {"price", "100.00"},
      {"qty", "0.0001"},     {"commission", "0"}, {"commissionAsset", "USDT"}, {"time", time_ms},
      {"isBuyer", true},     {"isMaker", false},  {"clientOrderId", client_id}};
}

// Answers as the venue: at most 100, of the window asked for, in an order of its own.
inline void serve_trades(Rig& rig, const std::vector<nlohmann::json>& trades) {
  rig.fake.on("GET /myTrades", [trades](const os::HttpRequest& request, const auto& reply) {
    const std::int64_t from = std::stoll(*request.parameter("startTime"));
    const std::int64_t to = std::stoll(*request.parameter("endTime"));
    nlohmann::json page = nlohmann::json::array();
    for (auto trade = trades.rbegin(); trade != trades.rend() && page.size() < 100; ++trade) {
      const std::int64_t time = (*trade)["time"];
      if (time >= from && time <= to) page.push_back(*trade);
    }
    test::FakeVenue::send(reply, 200, page.dump());
  });
}

}  // namespace levi::test
