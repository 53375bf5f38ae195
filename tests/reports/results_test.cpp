#include "reports/results.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "core/os/clock.h"
#include "core/os/file.h"
#include "tests/reports/samples.h"

namespace levi::reports {
namespace {

class Results : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "levi-reports-" + os::random_text(8);
    ASSERT_TRUE(os::make_folders(folder_));
  }
  void TearDown() override { (void)os::remove_tree(folder_); }

  ResultsWriter writer() {
    auto made = ResultsWriter::create(folder_, RunFacts{}, Instant{1'700'000'000'000'000'000});
    EXPECT_TRUE(made) << made.error().text();
    return std::move(made).value();
  }
  std::string latest() const { return folder_ + "/chaos/latest"; }

  std::string folder_;
};

TEST_F(Results, TheFolderIsNamedAfterTheStartAndLatestPointsAtIt) {
  const ResultsWriter first = writer();
  EXPECT_EQ(first.folder(), folder_ + "/chaos/2023-11-14_22-13-20");
  const ResultsWriter second = writer();
  EXPECT_EQ(second.folder(), folder_ + "/chaos/2023-11-14_22-13-20-2");
  char target[256] = {};
  ASSERT_GT(::readlink(latest().c_str(), target, sizeof target - 1), 0);
  EXPECT_STREQ(target, "2023-11-14_22-13-20-2");
}

TEST_F(Results, EveryTrialIsThereBeforeTheRunEnds) {
  ResultsWriter results = writer();
  ASSERT_TRUE(results.append(trial("C-1", 1, Verdict::kPass)));
  ASSERT_TRUE(results.append(trial("C-1", 2, Verdict::kFail)));
  const auto run = read_run(latest());
  ASSERT_TRUE(run) << run.error().text();
  EXPECT_EQ(run.value().records.size(), 2u);
  EXPECT_FALSE(run.value().facts.complete);
}

TEST_F(Results, ATornLastLineIsDroppedAndADamagedOneIsNamed) {
  ResultsWriter results = writer();
  ASSERT_TRUE(results.append(trial("C-1", 1, Verdict::kPass)));
  const std::string path = results.folder() + "/results.jsonl";
  const std::string line = os::read_file(path).value();
  ASSERT_TRUE(os::write_file_atomic(path, line + line.substr(0, 30)));
  ASSERT_TRUE(read_run(results.folder()));
  EXPECT_TRUE(read_run(results.folder()).value().last_line_torn);
  EXPECT_EQ(read_run(results.folder()).value().records.size(), 1u);
  ASSERT_TRUE(os::write_file_atomic(path, line + line.substr(0, 30) + "\n"));
  const auto damaged = read_run(results.folder());
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().message.find("results.jsonl:2:"), std::string::npos)
      << damaged.error().message;
}

TEST_F(Results, AFolderWithoutResultsIsNotFound) {
  const auto run = read_run(folder_);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::kNotFound);
}

TEST_F(Results, ReportsGoToTheBuildFolderOfACheckoutElseToTheState) {
  EXPECT_EQ(default_reports_folder("/x", folder_ + "/bin", "/state"), "/x");
  EXPECT_EQ(default_reports_folder("", folder_ + "/bin", "/state"), "/state/reports");
  ASSERT_TRUE(os::write_file_atomic(folder_ + "/CMakeCache.txt", "#\n"));
  EXPECT_EQ(default_reports_folder("", folder_ + "/bin", "/state"), folder_ + "/reports");
}

}  // namespace
}  // namespace levi::reports
