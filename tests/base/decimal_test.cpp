#include "core/base/decimal.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "core/base/random.h"

namespace levi {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

TEST(Decimal, ReadsWhatIsExact) {
  struct Case {
    const char* text;
    int exponent;
    std::int64_t value;
  };
  const Case cases[] = {
      {"93387.28", 2, 9338728},
      {"93387", 2, 9338700},
      {"0", 8, 0},
      {"-0.5", 1, -5},
      {"+1.5", 1, 15},
      {".5", 1, 5},
      {"5.", 0, 5},
      {"0.0100", 2, 1},
      {"1.000000000000", 0, 1},
      {"00012", 0, 12},
      {"0.000001", 6, 1},
      {"9223372036854775807", 0, kMax},
      {"92233720368.54775807", 8, kMax},
      {"-0", 3, 0},
  };
  for (const Case& c : cases) {
    const auto value = parse_decimal(c.text, c.exponent);
    ASSERT_TRUE(value) << c.text << ": " << value.error().text();
    EXPECT_EQ(value.value(), c.value) << c.text;
  }
}

TEST(Decimal, RefusesWhatIsNotANumberOrNotExact) {
  struct Case {
    const char* text;
    int exponent;
  };
  const Case cases[] = {
      {"", 2},
      {"-", 2},
      {".", 2},
      {"abc", 2},
      {"1e5", 2},
      {"1,5", 2},
      {" 1", 2},
      {"1 ", 2},
      {"1.2.3", 2},
      {"--1", 2},
      {"0.005", 2},
      {"1.001", 2},
      {"0x10", 2},
      {"nan", 2},
      {"infinity", 2},
      {"1-", 2},
      {"9223372036854775808", 0},
      {"92233720368547758.08", 2},
      {"99999999999999999999", 0},
      {"1000000000000000000", 1},
  };
  for (const Case& c : cases) {
    const auto value = parse_decimal(c.text, c.exponent);
    ASSERT_FALSE(value) << c.text;
    EXPECT_EQ(value.error().code, ErrorCode::kInvalid);
    EXPECT_NE(value.error().message.find(c.text), std::string::npos) << "the message names it";
  }
}

TEST(Decimal, RefusesTextWithAZeroByte) {
  EXPECT_FALSE(parse_decimal(std::string_view("1\0002", 3), 0));
}

TEST(Decimal, WritesAllDigitsOfTheExponent) {
  EXPECT_EQ(format_decimal(9338728, 2), "93387.28");
  EXPECT_EQ(format_decimal(5, 0), "5");
  EXPECT_EQ(format_decimal(-5, 3), "-0.005");
  EXPECT_EQ(format_decimal(0, 8), "0.00000000");
  EXPECT_EQ(format_decimal(kMax, 8), "92233720368.54775807");
  EXPECT_EQ(format_decimal(kMin, 8), "-92233720368.54775808");
  EXPECT_EQ(format_decimal(kMin, 18), "-9.223372036854775808");
}

TEST(Decimal, FitsIntoTheCallersBuffer) {
  for (int exponent = 0; exponent <= 18; ++exponent) {
    char buffer[32];
    EXPECT_LE(format_decimal(kMin, exponent, buffer), 21u + (exponent > 0 ? 1u : 0u)) << exponent;
  }
}

TEST(Decimal, ReadsBackWhatItWrote) {
  Random random(1);
  for (int i = 0; i < 10'000; ++i) {
    const auto exponent = static_cast<int>(random.below(kExponentMax + 1));
    const auto value = static_cast<std::int64_t>(random.next()) >> random.below(64);
    if (value == kMin) continue;
    const auto back = parse_decimal(format_decimal(value, exponent), exponent);
    ASSERT_TRUE(back) << value << " at " << exponent;
    EXPECT_EQ(back.value(), value);
  }
}

TEST(Decimal, StepsArePowersOfTen) {
  EXPECT_EQ(exponent_of_step("1").value(), 0);
  EXPECT_EQ(exponent_of_step("0.01").value(), 2);
  EXPECT_EQ(exponent_of_step("0.0100").value(), 2);
  EXPECT_EQ(exponent_of_step("0.000000000001").value(), 12);
  for (const char* step : {"0", "0.5", "10", "-0.1", "", "x", "0.0000000000001"}) {
    EXPECT_FALSE(exponent_of_step(step)) << step;
  }
}

TEST(Notional, IsPriceTimesQuantityInMoney) {
  // 93387.28 × 0.001 = 93.38728
  EXPECT_EQ(notional({9338728}, {1000}, 2, 6).value(), Money{9338728000});
  EXPECT_EQ(notional({9338728}, {-1000}, 2, 6).value(), Money{-9338728000});
  EXPECT_EQ(notional({3}, {4}, 0, 0).value(), Money{1'200'000'000});
  EXPECT_EQ(notional({0}, {kMax}, 8, 8).value(), Money{0});
}

TEST(Notional, RoundsHalfAwayFromZero) {
  EXPECT_EQ(notional({1}, {5}, 5, 4).value(), Money{1});  // 0.5 of 1e-8
  EXPECT_EQ(notional({1}, {4}, 5, 4).value(), Money{0});
  EXPECT_EQ(notional({-1}, {5}, 5, 4).value(), Money{-1});
  EXPECT_EQ(notional({-1}, {4}, 5, 4).value(), Money{0});
  EXPECT_EQ(notional({15}, {1}, 9, 0).value(), Money{2});  // 1.5
}

TEST(Notional, RefusesWhatDoesNotFit) {
  for (const int exponent : {0, 4, 12}) {
    EXPECT_FALSE(notional({kMax}, {kMax}, exponent, 0));
    EXPECT_FALSE(notional({kMin}, {kMax}, exponent, 0));
    EXPECT_FALSE(notional({kMin}, {kMin}, exponent, 0));
  }
  EXPECT_FALSE(notional({kMax}, {1}, 0, 0));
  EXPECT_EQ(notional({kMax}, {1}, 8, 0).value(), Money{kMax});
  EXPECT_EQ(notional({kMin}, {1}, 8, 0).value(), Money{kMin});
  EXPECT_FALSE(notional({kMax}, {2}, 8, 0));
}

}  // namespace
}  // namespace levi
