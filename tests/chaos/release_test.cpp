#include "chaos/experiment/release.h"

#include <gtest/gtest.h>

#include <deque>

#include "core/os/clock.h"

namespace levi::chaos {
namespace {

const Error kBusy = error(ErrorCode::kBusy, "the audit chain did not take the line in time");

// A latch with two doors, each with the answers that it still has to give; then it says yes.
class ReleaseSeal : public testing::Test {
 protected:
  SealDoors doors() {
    SealDoors doors;
    doors.held = [this]() -> Result<bool> { return held_; };
    doors.ways = {[this] { return ask(api_); }, [this] { return ask(control_); }};
    doors.pause = [this](Nanos) { ++pauses_; };
    return doors;
  }
  Status ask(std::deque<Status>& answers) {
    ++asked_;
    Status answer = ok();
    if (!answers.empty()) {
      answer = answers.front();
      answers.pop_front();
    }
    if (answer && releases_) held_ = false;
    return answer;
  }
  static MonoTime soon() { return os::mono_now() + 60s; }

  bool held_ = true;
  bool releases_ = true;
  std::deque<Status> api_;
  std::deque<Status> control_;
  int asked_ = 0;
  int pauses_ = 0;
};

TEST_F(ReleaseSeal, WhatIsNotHeldNeedsNone) {
  held_ = false;
  const auto released = release_seal(doors(), soon());
  EXPECT_TRUE(released.value().by.empty());
  EXPECT_FALSE(released.value().was_held) << "somebody else let go of it";
  EXPECT_EQ(asked_, 0);
}

TEST_F(ReleaseSeal, OneGoodAnswerIsEnough) {
  const auto released = release_seal(doors(), soon());
  EXPECT_EQ(released.value().by, std::vector<std::size_t>{0});
  EXPECT_TRUE(released.value().was_held);
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(pauses_, 0);
}

TEST_F(ReleaseSeal, WhereOneServerHangsTheOtherIsAsked) {
  api_ = {kBusy, kBusy, kBusy};
  control_ = {kBusy};
  EXPECT_EQ(release_seal(doors(), soon()).value().by, std::vector<std::size_t>{1});
  EXPECT_EQ(asked_, 4) << "api, control, api, control";
}

TEST_F(ReleaseSeal, AnAnswerThatCameTooLateIsSeenAtTheLatch) {
  SealDoors two = doors();
  two.ways[0] = [this]() -> Status {
    held_ = false;  // it happened all the same
    return kBusy;
  };
  const auto released = release_seal(two, soon());
  EXPECT_TRUE(released.value().by.empty());
  EXPECT_TRUE(released.value().was_held);
}

TEST_F(ReleaseSeal, EveryWayIsTriedThoughTheTimeIsOverAndTheLastErrorIsTold) {
  api_ = {kBusy};
  control_ = {error(ErrorCode::kUnreachable, "nobody listens")};
  const auto released = release_seal(doors(), os::mono_now());
  ASSERT_FALSE(released);
  EXPECT_EQ(asked_, 2);
  EXPECT_EQ(released.error().message, "nobody listens");
}

TEST_F(ReleaseSeal, AYesThatTheLatchDoesNotShowIsNone) {
  releases_ = false;
  EXPECT_FALSE(release_seal(doors(), os::mono_now()));
  EXPECT_EQ(asked_, 2);
}

}  // namespace
}  // namespace levi::chaos
