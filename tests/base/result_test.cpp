#include "core/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "core/base/check.h"

namespace levi {
namespace {

Result<int> positive(int value) {
  if (value <= 0) return error(ErrorCode::kInvalid, "not positive", "give more");
  return value;
}

Status check_positive(int value) {
  LEVI_TRY_STATUS(positive(value));
  return ok();
}

Result<int> sum(int a, int b) {
  LEVI_TRY(first, positive(a));
  LEVI_TRY(second, positive(b));
  LEVI_TRY_STATUS(check_positive(first));
  return first + second;
}

Result<std::unique_ptr<int>> boxed(int value) {
  LEVI_TRY(checked, positive(value));
  return std::make_unique<int>(checked);
}

Result<int> unboxed(int value) {
  LEVI_TRY(box, boxed(value));
  return *box;
}

TEST(Result, CarriesTheValue) { EXPECT_EQ(sum(2, 3).value(), 5); }

TEST(Result, TryReturnsTheFirstError) {
  const auto result = sum(2, -3);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(result.error().text(), "not positive (give more)");
  EXPECT_FALSE(check_positive(0));
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
  EXPECT_EQ(unboxed(4).value(), 4);
  EXPECT_FALSE(unboxed(-4));
}

TEST(ResultDeathTest, TheValueOfAnErrorIsABug) {
  const auto result = positive(0);
  EXPECT_DEATH((void)result.value(), "");
}

TEST(Error, SaysWhatWasAttemptedAndWhy) {
  const Error e = io_error("cannot open /x", ENOENT);
  EXPECT_EQ(e.code, ErrorCode::kIo);
  EXPECT_EQ(e.text(), "cannot open /x: No such file or directory");
}

TEST(CheckDeathTest, PrintsThePlaceAndAborts) {
  EXPECT_DEATH(LEVI_CHECK(1 + 1 == 3), "result_test.cpp:[0-9]+: check failed: 1 \\+ 1 == 3");
  EXPECT_DEATH(LEVI_UNREACHABLE(), "unreachable");
}

TEST(ErrorCode, EachHasAName) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInterrupted); ++code) {
    EXPECT_STRNE(to_string(static_cast<ErrorCode>(code)), "");
  }
}

}  // namespace
}  // namespace levi
