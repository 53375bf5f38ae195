// One run at a time breaks a core: a run that loses the target's lease to another ends at once.
#include "core/base/json_fields.h"
#include "tests/chaos/stage_rig.h"

namespace levi::chaos {
namespace {

using test::eventually;

class LostLease : public StageRig {};

TEST_F(LostLease, EndsTheRunWith6AndItsFaultTakenBack) {
  ASSERT_NO_FATAL_FAILURE(start_run_of(Kind::kDbLock, "observe"));
  ASSERT_TRUE(fault_stands(Kind::kDbLock)) << "nothing to take back";
  const auto owned = owner();
  ASSERT_TRUE(owned);
  const Json other{
      {"run", "other"}, {"owner", "somebody"}, {"scenario", "X-1"}, {"ttl_ms", 600'000}};
  // The run may renew in between the two calls.
  ASSERT_TRUE(eventually([&] {
    return api("DELETE", "/chaos/lease?run=" + owned->run).status == 200 &&
           api("POST", "/chaos/lease", other.dump()).status == 200;
  }));
  const Outcome outcome = end_run();
  EXPECT_EQ(outcome.code, 6) << outcome.text;
  EXPECT_NE(outcome.text.find("lost the target's lease"), std::string::npos) << outcome.text;
  EXPECT_FALSE(fault_stands(Kind::kDbLock));
  const Json lease = api("GET", "/chaos/lease").body;
  EXPECT_EQ(text_at(object_at(lease, "lease"), "run"), "other");
  EXPECT_EQ(api("DELETE", "/chaos/lease?run=other").status, 200);
  expect_nothing_left();
}

}  // namespace
}  // namespace levi::chaos
