#include "core/base/fixed_string.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace levi {
namespace {

static_assert(std::is_trivially_copyable_v<FixedString<23>>, "it stands in journal records");
static_assert(sizeof(FixedString<23>) == 24);

TEST(FixedString, HoldsWhatFits) {
  const FixedString<7> name = "BTCUSDT";
  EXPECT_EQ(name.view(), "BTCUSDT");
  EXPECT_EQ(name.str(), "BTCUSDT");
  EXPECT_FALSE(name.empty());
  EXPECT_TRUE(FixedString<7>().empty());
}

TEST(FixedString, CutsWhatDoesNotFitAndSaysSoBefore) {
  EXPECT_FALSE(FixedString<3>::fits("four"));
  EXPECT_TRUE(FixedString<4>::fits("four"));
  EXPECT_EQ(FixedString<3>("four").view(), "fou");
}

TEST(FixedString, ComparesAsText) {
  using Name = FixedString<15>;
  EXPECT_EQ(Name("a"), Name("a"));
  EXPECT_NE(Name("a"), Name("ab"));
  EXPECT_LT(Name("a"), Name("ab"));
  EXPECT_LT(Name("ab"), Name("b"));
}

TEST(FixedString, KnowsAnImpossibleSizeByte) {
  FixedString<7> damaged = "x";
  EXPECT_TRUE(damaged.valid());
  damaged.size_ = 8;
  EXPECT_FALSE(damaged.valid());
}

TEST(FixedString, MayHoldZeroBytes) {
  const FixedString<7> name = std::string_view("a\0b", 3);
  EXPECT_EQ(name.view().size(), 3u);
  EXPECT_NE(name, (FixedString<7>("a")));
}

}  // namespace
}  // namespace levi
