#include "core/base/crc32c.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <string>
#include <string_view>

namespace levi {
namespace {

std::uint32_t crc_of(std::string_view text) { return crc32c(text.data(), text.size()); }

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32c, GivesTheChecksumsOfTheStandard) {
  EXPECT_EQ(crc_of("123456789"), 0xe3069283u);
  EXPECT_EQ(crc_of(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc_of(std::string(32, '\xff')), 0x62a8ab43u);
  std::array<unsigned char, 32> rising{};
  std::iota(rising.begin(), rising.end(), static_cast<unsigned char>(0));
  EXPECT_EQ(crc32c(rising.data(), rising.size()), 0x46dd794eu);
  std::array<unsigned char, 32> falling{};
  std::iota(falling.rbegin(), falling.rend(), static_cast<unsigned char>(0));
  EXPECT_EQ(crc32c(falling.data(), falling.size()), 0x113fdb5cu);
}

TEST(Crc32c, OfNothingIsZero) { EXPECT_EQ(crc_of(""), 0u); }

TEST(Crc32c, OfThePartsInARowIsThatOfTheWhole) {
  const std::string text = "the quick brown fox jumps over the lazy dog, 1234567890";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::uint32_t first = crc32c(text.data(), cut);
    EXPECT_EQ(crc32c(text.data() + cut, text.size() - cut, first), crc_of(text)) << cut;
  }
}

TEST(Crc32c, DoesNotDependOnAlignment) {
  const std::string text = "abcdefghijklmnopqrstuvwxyz";
  for (std::size_t shift = 0; shift < 8; ++shift) {
    const std::string shifted = std::string(shift, '#') + text;
    EXPECT_EQ(crc32c(shifted.data() + shift, text.size()), crc_of(text)) << shift;
  }
}

TEST(Crc32c, ChangesWithEveryBit) {
  std::string text = "a record of the journal";
  const std::uint32_t before = crc_of(text);
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(crc_of(text), before) << bit;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace
}  // namespace levi
