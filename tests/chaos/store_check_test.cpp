#include "chaos/experiment/store_check.h"

#include <gtest/gtest.h>

#include "tests/chaos/samples.h"

namespace levi::chaos {
namespace {

std::string key(std::uint64_t sequence, const char* trade) {
  return fill_key(sequence, trade, "100", "1");
}

class StoreCheck : public testing::Test {
 protected:
  StoreCheck() {
    venue_ = {venue_order(9), venue_order(11), venue_fill(11, "t1", "1", 5)};
    venue_[1].price = "100";
    store_.orders = {order_key(client_id(11), "100", "2")};
    store_.fills = {key(11, "t1")};
    scope_ = {kInstance, 10, UINT64_MAX};
  }
  std::size_t differ() const { return compare_store(venue_, store_, scope_).size(); }
  std::vector<VenueEntry> venue_;
  StoreRows store_;
  StoreScope scope_;
};

TEST_F(StoreCheck, WhatBothHaveDoesNotDifferAndOlderOrdersAreNotCompared) {
  EXPECT_EQ(differ(), 0u);
}

TEST_F(StoreCheck, WhatTheStoreLacksIsTold) {
  store_.fills.clear();
  EXPECT_EQ(differ(), 1u);
  store_.orders.clear();
  EXPECT_EQ(differ(), 2u);
}

TEST_F(StoreCheck, WhatCameLaterNeedNotBeThereYet) {
  venue_.push_back(venue_fill(11, "t2", "1", 7));
  scope_.arrival = 6;
  EXPECT_EQ(differ(), 0u);
  store_.fills.insert(key(11, "t2"));
  EXPECT_EQ(differ(), 0u) << "but it may";
  scope_.arrival = 7;
  store_.fills.erase(key(11, "t2"));
  EXPECT_EQ(differ(), 1u);
}

TEST_F(StoreCheck, AFillThatTheVenueNeverHadOrHadOtherwiseIsTold) {
  store_.fills = {key(11, "t1"), fill_key(11, "t1", "100", "2")};
  EXPECT_EQ(differ(), 1u);
}

TEST_F(StoreCheck, AnOrderWithAnotherPriceOrQuantityIsTold) {
  store_.orders = {order_key(client_id(11), "100", "3")};
  EXPECT_EQ(differ(), 1u);
  store_.orders = {order_key(client_id(11), "101", "2")};
  EXPECT_EQ(differ(), 1u);
  EXPECT_EQ(order_key("x", "", "2"), order_key("x", "0", "2")) << "at market";
}

TEST_F(StoreCheck, OtherPeoplesAndRefusedOrdersAreNotLookedFor) {
  VenueEntry refused = venue_order(12);
  refused.accepted = false;
  VenueEntry foreign = venue_order(13);
  foreign.client_id = client_id(13, OrderKind::kNormal, "zzzzzzz");
  foreign.ours = parse_client_order_id(foreign.client_id);
  venue_.push_back(refused);
  venue_.push_back(foreign);
  EXPECT_EQ(differ(), 0u);
}

TEST(ReadStore, OfAFolderWithoutADatabaseIsAnError) { EXPECT_FALSE(read_store("/nonexistent", 0)); }

}  // namespace
}  // namespace levi::chaos
