// Books against a core and an exchange that are only their ledgers, on the same loop.
#include "chaos/experiment/books.h"

#include <gtest/gtest.h>

#include "core/base/check.h"
#include "core/os/loop.h"
#include "tests/chaos/samples.h"

namespace levi::chaos {
namespace {

class BooksTest : public testing::Test {
 protected:
  BooksTest()
      : core_(loop_, {}, [this](const os::HttpRequest& request, const auto& reply) {
          reply->send({200, "application/json", {}, answer(request).dump()});
        }) {
    LEVI_CHECK(core_.listen({"127.0.0.1", 0, {}}).has_value());
    TargetSpec spec;
    spec.api = spec.exchange_admin = "127.0.0.1:" + std::to_string(core_.port());
    caller_ = std::move(Caller::make(pump_, spec)).value();
  }
  Json answer(const os::HttpRequest& request) const {
    const auto after = std::strtoull(request.parameter("after").value_or("0").c_str(), nullptr, 10);
    if (request.path() == "/live/kill") return {{"sequence", 10}};
    if (request.path() == "/fills") return {{"fills", Json::array()}, {"oldest", 0}, {"next", 0}};
    if (request.path() == "/ledger") {
      Json entries = Json::array();
      for (const Json& row : ledger_) {
        if (row[0].get<std::uint64_t>() > after) entries.push_back(row);
      }
      return {{"entries", entries}, {"next", ledger_.size()}, {"last", ledger_.size()}};
    }
    Json orders = Json::array();
    for (const auto& [sequence, state] : orders_) {
      if (sequence > after) orders.push_back({sequence, client_id(sequence), state});
    }
    return {{"orders", orders}, {"oldest", oldest_}, {"sequence_last", orders_.rbegin()->first}};
  }
  void order(std::uint64_t sequence, const char* state) {
    orders_[sequence] = state;
    ledger_.push_back(
        {ledger_.size() + 1, "order", 1, 1000, client_id(sequence), "accepted", "100", "1"});
  }

  os::Loop loop_;
  Pump pump_{loop_, [] { return false; }};
  std::map<std::uint64_t, std::string> orders_;
  Json ledger_ = Json::array();
  std::uint64_t oldest_ = 11;
  os::HttpServer core_;
  std::unique_ptr<Caller> caller_;
};

// It was told of as open and rests at the venue: nobody would look at it again.
TEST_F(BooksTest, WhatRestsAtTheVenueIsAskedForAgainBeforeItIsJudged) {
  const auto books = Books::open(*caller_, kInstance);
  ASSERT_TRUE(books) << books.error().text();
  order(11, "open");
  order(12, "open");
  ASSERT_TRUE(books.value()->mark());
  orders_[11] = "canceled";  // says the core
  const auto horizon = books.value()->horizon();
  ASSERT_TRUE(horizon) << horizon.error().text();
  const auto balance = books.value()->balance(horizon.value());
  ASSERT_TRUE(balance) << balance.error().text();
  EXPECT_EQ(balance.value().unexpected, 1u);
}

// A resting order of long ago does not make a long memory of its neighbours necessary.
TEST_F(BooksTest, WhatTheCoreLetGoOfBesideARestingOrderIsNotMissed) {
  const auto books = Books::open(*caller_, kInstance);
  ASSERT_TRUE(books) << books.error().text();
  order(11, "open");
  for (std::uint64_t sequence = 12; sequence < 20; ++sequence) order(sequence, "canceled");
  ASSERT_TRUE(books.value()->mark());
  for (std::uint64_t sequence = 12; sequence < 19; ++sequence) orders_.erase(sequence);
  oldest_ = 19;
  EXPECT_TRUE(books.value()->horizon());
}

}  // namespace
}  // namespace levi::chaos
