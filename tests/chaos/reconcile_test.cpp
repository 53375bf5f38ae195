#include "chaos/experiment/reconcile.h"

#include <gtest/gtest.h>

#include "tests/chaos/samples.h"

namespace levi::chaos {
namespace {

class Reconcile : public testing::Test {
 protected:
  // Both sides have it, and it is over.
  void order_done(std::uint64_t sequence) {
    books_.venue(venue_order(sequence));
    books_.venue(venue_cancel(sequence));
    books_.ours(our_order(sequence, OurState::kDone));
  }
  Balance balance(const Horizon& horizon = {}) {
    books_.ours_complete_to(1000);
    return books_.balance(horizon);
  }
  Reconciler books_{kInstance, 10};
};

TEST_F(Reconcile, TwoEqualLedgersAreEvenInAnyOrder) {
  books_.ours(our_fill(11, "t2"));
  books_.venue(venue_order(11));
  books_.venue(venue_fill(11, "t1"));
  books_.venue(venue_fill(11, "t2"));
  books_.ours(our_fill(11, "t1"));
  books_.ours(our_order(11, OurState::kDone));
  books_.ours(our_order(12, OurState::kUnsent));
  books_.ours(our_order(13, OurState::kRejected));
  EXPECT_TRUE(balance().even()) << balance().details.front();
}

TEST_F(Reconcile, AFillThatTheCoreDoesNotHaveIsLost) {
  order_done(11);
  books_.venue(venue_fill(11, "t1"));
  EXPECT_EQ(balance().lost, 1u);
  EXPECT_FALSE(balance().even());
}

TEST_F(Reconcile, AFillWithAnotherQuantityIsNotTheSame) {
  order_done(11);
  books_.venue(venue_fill(11, "t1", "1"));
  books_.ours(our_fill(11, "t1", "2"));
  EXPECT_EQ(balance().lost, 1u);
  EXPECT_EQ(balance().unexpected, 1u);
}

TEST_F(Reconcile, AFillThatTheVenueNeverHadIsUnexpected) {
  books_.ours(our_fill(11, "t1"));
  EXPECT_EQ(balance().unexpected, 1u);
}

TEST_F(Reconcile, AFillBookedTwiceIsDuplicated) {
  books_.venue(venue_fill(11, "t1"));
  books_.ours(our_fill(11, "t1"));
  books_.ours(our_fill(11, "t1"));
  EXPECT_EQ(balance().duplicated, 1u);
  EXPECT_EQ(balance().lost, 0u);
}

TEST_F(Reconcile, AClientIdThatArrivedTwiceIsDuplicatedEvenIfTheVenueRefusedIt) {
  books_.venue(venue_order(11));
  VenueEntry again = venue_order(11);
  again.accepted = false;
  again.duplicate = true;
  books_.venue(again);
  books_.ours(our_order(11, OurState::kDone));
  EXPECT_EQ(balance().duplicated, 1u);
}

TEST_F(Reconcile, AClientIdThatComesAgainLongAfterIsDuplicatedToo) {
  order_done(11);
  ASSERT_TRUE(balance().even());
  books_.settle();
  books_.venue(venue_order(11));
  EXPECT_EQ(balance().duplicated, 1u);
}

TEST_F(Reconcile, AnOrderThatTheCoreDoesNotKnowIsUnexpected) {
  books_.venue(venue_order(11));
  EXPECT_EQ(balance().unexpected, 1u);
}

TEST_F(Reconcile, AnOrderSentAfterTheCoreWasAskedIsNotYetUnknown) {
  books_.venue(venue_order(2000));
  EXPECT_TRUE(balance().even());
}

TEST_F(Reconcile, AnAcceptedOrderThatTheCoreCallsUnsentIsUnexpected) {
  books_.venue(venue_order(11));
  books_.ours(our_order(11, OurState::kUnsent));
  EXPECT_EQ(balance().unexpected, 1u);
}

TEST_F(Reconcile, AnOrderThatTheVenueNeverAcceptedIsUnexpected) {
  books_.ours(our_order(11, OurState::kLive));
  EXPECT_EQ(balance().unexpected, 1u);
}

TEST_F(Reconcile, UnknownOrdersMustSettleWithinTheHorizon) {
  books_.ours(our_order(11, OurState::kUnknown));
  books_.ours(our_order(12, OurState::kInFlight));
  EXPECT_EQ(balance().unsettled, 2u);
  EXPECT_EQ(balance({11, UINT64_MAX}).unsettled, 1u);
  EXPECT_EQ(books_.first_unsettled(), 11u);
  order_done(11);
  EXPECT_TRUE(balance({11, UINT64_MAX}).even());
}

// A core that lost track calls it canceled, and it may yet be filled.
TEST_F(Reconcile, AnOrderThatIsOpenAtTheVenueIsNotOver) {
  books_.venue(venue_order(11));
  books_.ours(our_order(11, OurState::kDone));
  EXPECT_EQ(balance().unexpected, 1u);
  books_.venue(venue_fill(11, "t1", "1"));
  books_.ours(our_fill(11, "t1", "1"));
  EXPECT_EQ(balance().unexpected, 1u) << "filled by half";
  books_.venue(venue_fill(11, "t2", "1"));
  books_.ours(our_fill(11, "t2", "1"));
  EXPECT_TRUE(balance().even());
}

TEST_F(Reconcile, AnOrderThatHasEndedAtTheVenueMustEndInTheCoreToo) {
  books_.venue(venue_order(11));
  books_.ours(our_order(11, OurState::kLive));
  EXPECT_TRUE(balance().even());
  EXPECT_EQ(books_.first_unsettled(), 0u);
  books_.venue(venue_cancel(11, 500));
  EXPECT_EQ(balance().unsettled, 1u);
  EXPECT_TRUE(balance({UINT64_MAX, 499}).even()) << "it may not have heard of it";
  EXPECT_EQ(books_.first_unsettled(), 11u) << "asked again";
  books_.ours(our_order(11, OurState::kDone));
  EXPECT_TRUE(balance().even());
}

TEST_F(Reconcile, FillsBeyondTheHorizonMayStillBeOnTheirWay) {
  books_.venue(venue_fill(11, "t1", "1", 500));
  EXPECT_TRUE(balance({UINT64_MAX, 499}).even());
  EXPECT_EQ(balance({UINT64_MAX, 500}).lost, 1u);
}

TEST_F(Reconcile, OtherInstancesAndOlderOrdersAreNotCompared) {
  VenueEntry foreign = venue_order(11);
  foreign.client_id = client_id(11, OrderKind::kNormal, "zzzzzzz");
  foreign.ours = parse_client_order_id(foreign.client_id);
  books_.venue(foreign);
  VenueEntry stranger = venue_order(11);
  stranger.client_id = "someone";
  stranger.ours.reset();
  books_.venue(stranger);
  books_.venue(venue_fill(9, "t1"));
  books_.ours(our_fill(9, "t2"));
  EXPECT_TRUE(balance().even());
}

TEST_F(Reconcile, WhatWasToldOnceIsNotToldByTheNextTrial) {
  books_.venue(venue_fill(11, "t1"));
  ASSERT_EQ(balance().lost, 1u);
  books_.settle();
  EXPECT_TRUE(balance().even());
}

// Orders go on flowing: of what a trial did not judge, one half may have been read, the other not.
TEST_F(Reconcile, ASettleLeavesWhatIsBehindItsHorizonToTheNextTrial) {
  books_.venue(venue_fill(11, "t1", "1", 500));
  books_.settle({UINT64_MAX, 499});
  EXPECT_EQ(balance({UINT64_MAX, 500}).lost, 1u);
  books_.ours(our_fill(11, "t1"));
  EXPECT_TRUE(balance().even()) << balance().details.front();
}

TEST_F(Reconcile, ALostFillThatComesAfterAllIsNotToldAgain) {
  books_.venue(venue_fill(11, "t1"));
  ASSERT_EQ(balance().lost, 1u);
  books_.settle();
  books_.ours(our_fill(11, "t1"));
  EXPECT_TRUE(balance().even()) << balance().details.front();
  books_.ours(our_fill(11, "t1"));
  EXPECT_EQ(balance().duplicated, 1u);
}

// A run of hours has millions of orders, and each of them is over some time.
TEST_F(Reconcile, WhatIsOverTakesNoRoomAndIsStillKnown) {
  for (std::uint64_t sequence = 11; sequence < 500; ++sequence) {
    order_done(sequence);
    books_.venue(venue_fill(sequence, "t1"));
    books_.ours(our_fill(sequence, "t1"));
  }
  ASSERT_TRUE(balance().even()) << balance().details.front();
  books_.settle();
  EXPECT_EQ(books_.kept_of_closed(), 1u);
  books_.ours(our_fill(300, "t1"));  // booked again
  EXPECT_EQ(balance().unexpected, 1u);
  books_.settle();
  books_.venue(venue_order(300));
  EXPECT_EQ(balance().duplicated, 1u);
}

TEST_F(Reconcile, OrdersThatCloseInAnyOrderComeToOneStretch) {
  for (const std::uint64_t sequence : {15u, 11u, 13u, 12u, 14u, 17u}) {
    order_done(sequence);
    books_.settle();
  }
  EXPECT_EQ(books_.kept_of_closed(), 2u) << "11 to 15, and 17";
  books_.venue(venue_order(16));
  books_.ours(our_order(16, OurState::kLive));
  EXPECT_TRUE(balance().even()) << balance().details.front();
  books_.venue(venue_order(17));
  EXPECT_EQ(balance().duplicated, 1u);
}

TEST_F(Reconcile, TheLowestOrderThatIsOpenAtTheVenueIsKnown) {
  EXPECT_EQ(books_.first_open_at_venue(), 0u);
  books_.venue(venue_order(12));
  books_.venue(venue_order(11));
  EXPECT_EQ(books_.first_open_at_venue(), 11u);
  books_.venue(venue_cancel(11));
  EXPECT_EQ(books_.first_open_at_venue(), 12u);
}

TEST(Ledger, TwoSpellingsOfANumberAreOne) {
  EXPECT_EQ(plain_number("0.0100"), "0.01");
  EXPECT_EQ(plain_number("100"), "100");
  EXPECT_EQ(plain_number("100.000"), "100");
  EXPECT_EQ(plain_number(""), "");
}

TEST(Ledger, AnOrderStateThatNobodyKnowsIsAnError) {
  EXPECT_FALSE(parse_our_order(Json::array({1, "LVO", "confused"})));
  EXPECT_FALSE(parse_our_order(Json::object()));
  EXPECT_EQ(parse_our_order(Json::array({1, "LVO", "partly-filled"})).value().state,
            OurState::kLive);
}

TEST(Ledger, ARowSaysWhatArrivedWhereAndWhen) {
  const Json row = Json::array({7, "fill", 3, 1000, client_id(11), "t1", "100.50", "0.0100"});
  const VenueEntry fill = parse_venue_entry(row);
  EXPECT_EQ(fill.kind, VenueKind::kFill);
  EXPECT_EQ(fill.arrival, 7u);
  EXPECT_EQ(fill.connection, 3u);
  EXPECT_EQ(fill.mono.ns, 1000);
  EXPECT_EQ(fill.ours->sequence.value, 11u);
  EXPECT_EQ(fill.trade_id, "t1");
  EXPECT_EQ(fill.price, "100.5");
  EXPECT_EQ(fill.quantity, "0.01");
  const Json order = Json::array({8, "order", 3, 1000, client_id(12), "duplicate", "1", "1"});
  EXPECT_TRUE(parse_venue_entry(order).duplicate);
  EXPECT_FALSE(parse_venue_entry(order).accepted);
  EXPECT_EQ(parse_venue_entry(Json::array({9, "end", 3, 1000})).kind, VenueKind::kEnd);
  const auto cancel = [](const char* status) {
    return parse_venue_entry(Json::array({10, "cancel", 3, 1000, client_id(12), status, "1", "1"}));
  };
  EXPECT_EQ(cancel("canceled").kind, VenueKind::kCancel);
  EXPECT_EQ(cancel("partially_canceled").client_id, client_id(12));
  EXPECT_EQ(cancel("rejected").kind, VenueKind::kOther) << "it ended nothing";
}

}  // namespace
}  // namespace levi::chaos
