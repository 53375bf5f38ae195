#include "core/engine/parameters.h"

#include <gtest/gtest.h>

#include "core/engine/quoter.h"

namespace levi::engine::test {
namespace {

struct BadParameters {
  const char* text;
  const char* says;
};
class QuoterParameters : public testing::TestWithParam<BadParameters> {};

TEST_P(QuoterParameters, AreRefusedWithAReason) {
  const auto made = make_strategy("quoter", GetParam().text, {2, 6});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
  EXPECT_NE(made.error().text().find(GetParam().says), std::string::npos) << made.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    All, QuoterParameters,
    testing::Values(
        BadParameters{"", "'spread_bps' is missing"},
        BadParameters{"spread_bps=10;position_max=1", "'quantity' is missing"},
        BadParameters{"spread_bps=10;quantity=1", "'position_max' is missing"},
        BadParameters{"spread_bps=0;quantity=1;position_max=1", "must be from 0.01 to 5000.00"},
        BadParameters{"spread_bps=ten;quantity=1;position_max=1",
                      "'spread_bps': 'ten' is not a usable number"},
        BadParameters{"spread_bps=10;quantity=0.0000001;position_max=1",
                      "finer than the instrument's step"},
        BadParameters{"spread_bps=10;quantity=2;position_max=1", "larger than 'position_max'"},
        BadParameters{"spread_bps=10;quantity=1;position_max=1;levels=21", "must be from 1 to 20"},
        BadParameters{"spread_bps=10;quantity=1;position_max=1;levles=2",
                      "unknown parameter 'levles'"},
        BadParameters{"spread_bps=10;spread_bps=11;quantity=1;position_max=1", "given twice"},
        BadParameters{"spread_bps=10;quantity=1;position_max=1;refresh_after=5", "is no duration"},
        BadParameters{"spread_bps=10;quantity=1;position_max=1;refresh_after=99999999999999999s",
                      "no duration"},
        BadParameters{"spread_bps", "not of the form key=value"}));

TEST(QuoterParameters, AreReadInTheInstrumentsSteps) {
  const auto settings = parse_quoter(
      " levels = 3 ; spread_bps=2.5;quantity=0.001;position_max=0.01; refresh_after=250ms;",
      {2, 6});
  ASSERT_TRUE(settings) << settings.error().text();
  EXPECT_EQ(settings.value().levels, 3);
  EXPECT_EQ(settings.value().spread_cbps, 250);
  EXPECT_EQ(settings.value().requote_cbps, 62) << "a quarter of the spread";
  EXPECT_EQ(settings.value().quantity.value, 1000);
  EXPECT_EQ(settings.value().position_max.value, 10'000);
  EXPECT_EQ(settings.value().refresh_after, Nanos{250ms});
}

TEST(Strategies, AreFoundByName) {
  const auto unknown = make_strategy("quotre", "", {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_NE(unknown.error().text().find("quoter"), std::string::npos);
}

}  // namespace
}  // namespace levi::engine::test
