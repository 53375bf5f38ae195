#include "levictl/target.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "levictl/operator_name.h"

namespace levi::cli {
namespace {

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST(Target, AVariableThatIsSetToNothingIsAnErrorAndNeverTheDefault) {
  const Variable target("LEVICTL_TARGET", "");
  const auto resolved = resolve_target({});
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().code, ErrorCode::kInvalid);
  TargetFlags named;
  named.target = "127.0.0.1:9000";
  EXPECT_TRUE(resolve_target(named));
}

TEST(Target, AFlagThatIsSetToNothingIsAnErrorAndNeverTheDefault) {
  TargetFlags flags;
  flags.empty = "--data";
  const auto resolved = resolve_target(flags);
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().code, ErrorCode::kInvalid);
  EXPECT_NE(resolved.error().text().find("--data is empty"), std::string::npos);
}

TEST(Target, AHintRepeatsTheFlagsThatWereGiven) {
  TargetFlags flags;
  EXPECT_EQ(with_flags("levictl resume --reason '…'", flags), "levictl resume --reason '…'");
  flags.target = "mine";
  flags.data = "/srv/my data";
  EXPECT_EQ(with_flags("levictl kill stops; levictl chaos run breaks; levictl chaos stop", flags),
            "levictl kill --target mine --data '/srv/my data' stops; "
            "levictl chaos run --target mine --data '/srv/my data' breaks; levictl chaos stop");
}

TEST(OperatorName, IsCutToWhatTheCoreKeepsAtACharacter) {
  {
    const Variable actor("LEVICTL_ACTOR", "a-pipeline-with-a-very-long-name-of-its-own");
    EXPECT_EQ(operator_name(), "a-pipeline-with-a-very-long-nam");
  }
  {
    const Variable actor("LEVICTL_ACTOR", "123456789012345678901234567890é");
    EXPECT_EQ(operator_name(), "123456789012345678901234567890");
  }
  const Variable actor("LEVICTL_ACTOR", "");
  EXPECT_FALSE(operator_name().empty());
}

}  // namespace
}  // namespace levi::cli
