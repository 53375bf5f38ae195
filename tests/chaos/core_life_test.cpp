#include "chaos/experiment/core_life.h"

#include <gtest/gtest.h>

#include "chaos/experiment/run_context.h"
#include "core/os/socket.h"

namespace levi::chaos {
namespace {

CoreLife life(std::uint64_t incarnation, std::int64_t pid) { return {incarnation, pid, 7}; }

TEST(CoreLife, ARestartIsSeenByTheIncarnationElseByTheProcess) {
  EXPECT_EQ(restarts_between(life(3, 100), life(3, 100)), 0u);
  EXPECT_EQ(restarts_between(life(3, 100), life(4, 101)), 1u);
  EXPECT_EQ(restarts_between(life(3, 100), life(6, 101)), 3u) << "two of them between two looks";
  EXPECT_EQ(restarts_between(life(3, 100), life(3, 101)), 1u);
  EXPECT_EQ(restarts_between(life(0, 100), life(0, 101)), 1u);
  EXPECT_EQ(restarts_between(life(3, 100), life(1, 100)), 1u) << "another core";
  EXPECT_EQ(life_of(Json{{"incarnation", 3}, {"pid", 100}, {"start_ticks", 7}}).incarnation, 3u);
}

TEST(CoreLife, StartsCountFromTheFaultOn) {
  const std::deque<CoreEvent> events{{1, "started", MonoTime{90}, Json::object()},
                                     {2, "feed-up", MonoTime{110}, Json::object()},
                                     {3, "started", MonoTime{120}, Json::object()}};
  EXPECT_EQ(starts_since(events, MonoTime{100}), 1u);
  EXPECT_EQ(starts_since(events, MonoTime{130}), 0u);
}

// Dead or hung it has shown nothing of what it lacks: to skip its trials would be to excuse it.
TEST(Needs, OfATargetThatDoesNotAnswerAreNotUnmet) {
  RunOptions options;
  {
    const auto listener = os::listen_on({"127.0.0.1", 0, ""});
    ASSERT_TRUE(listener);
    options.target.api =
        "127.0.0.1:" + std::to_string(os::local_port(listener.value().get()).value());
  }
  const RunContext context(options);
  const auto process = context.unmet("local-process");
  ASSERT_FALSE(process) << process.value();
  EXPECT_EQ(process.error().code, ErrorCode::kUnreachable);
  ASSERT_TRUE(context.unmet("data-folder"));
  EXPECT_FALSE(context.unmet("data-folder").value().empty()) << "nobody named it";
}

}  // namespace
}  // namespace levi::chaos
