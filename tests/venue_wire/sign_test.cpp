#include "core/venue/mexc/wire/sign.h"

#include <gtest/gtest.h>

namespace levi::mexc {
namespace {

constexpr const char* kSecret = "45d0b3c26f2644f19bfb98b07741b2f5";
constexpr const char* kQuery = "symbol=BTCUSDT&side=BUY&type=LIMIT";
constexpr const char* kBody = "quantity=1&price=11&recvWindow=5000&timestamp=1644489390087";

TEST(MexcSign, MatchesTheVectorOfOneString) {
  EXPECT_EQ(mexc_sign(kSecret, std::string(kQuery) + "&" + kBody),
            "fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a");
}

TEST(MexcSign, MixedParametersAreJoinedWithoutAnAmpersand) {
  EXPECT_EQ(mexc_sign(kSecret, std::string(kQuery) + kBody),
            "d1a676610ceb39174c8039b3f548357994b2a34139a8addd33baadba65684592");
}

TEST(MexcSign, ASignerGivesTheSameAnswerEveryTimeAndInPieces) {
  auto signer = Signer::create(kSecret);
  ASSERT_TRUE(signer);
  for (int i = 0; i < 3; ++i) {
    const Signature signature = signer.value().sign(kQuery, kBody);
    EXPECT_EQ(std::string_view(signature.data(), signature.size()),
              "d1a676610ceb39174c8039b3f548357994b2a34139a8addd33baadba65684592");
  }
}

TEST(MexcSign, AnEmptySecretStillSigns) {
  EXPECT_EQ(mexc_sign("", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(MexcSign, ComparisonTakesEitherCaseAndNothingElse) {
  auto signer = Signer::create(kSecret);
  ASSERT_TRUE(signer);
  const Signature signature = signer.value().sign(kQuery, kBody);
  std::string given(signature.data(), signature.size());
  EXPECT_TRUE(signature_equals(signature, given));
  for (char& c : given) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(signature_equals(signature, given));
  for (std::size_t i = 0; i < given.size(); ++i) {
    std::string wrong = given;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    EXPECT_FALSE(signature_equals(signature, wrong));
  }
  EXPECT_FALSE(signature_equals(signature, given.substr(1)));
  EXPECT_FALSE(signature_equals(signature, ""));
}

}  // namespace
}  // namespace levi::mexc
