// `levictl chaos selftest`: each shipped scenario is invalid without its fault, and fails against a
// core whose defence is off. With the real programs, on stages of the command's own.
#include "tests/chaos/stage_rig.h"

namespace levi::chaos {
namespace {

constexpr Nanos kSelftestPatience = 4 * test::kPatience;  // an undecided control is tried again

class SelftestCommand : public LevictlRig, public testing::WithParamInterface<const char*> {};

TEST_P(SelftestCommand, EveryControlOfTheScenarioGoesRed) {
  const Outcome outcome =
      levictl({"chaos", "selftest", GetParam(), "--out", folder("reports")}, "", kSelftestPatience);
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(outcome.text.find("WRONG"), std::string::npos) << outcome.text;
  EXPECT_TRUE(processes(true).empty()) << "a stage was left";
}

INSTANTIATE_TEST_SUITE_P(Of, SelftestCommand,
                         testing::Values("C-1", "C-2", "C-2b", "C-3", "C-6", "K-1"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace levi::chaos
