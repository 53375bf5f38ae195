// The undo log while other commands of ours look into its folder, as each of them does first.
#include "chaos/guard/undo_log.h"

#include <gtest/gtest.h>

#include <atomic>

#include "chaos/guard/active.h"
#include "chaos/guard/undo.h"
#include "core/os/file.h"
#include "core/os/thread.h"
#include "tests/support/temp_folder.h"

namespace levi::chaos {
namespace {

constexpr int kRuns = 300;

TargetSpec nobody() {
  TargetSpec spec;
  spec.api = "127.0.0.1:1";
  spec.runtime = "/nowhere";  // so that its lease is not waited for
  return spec;
}

Undo undo_of_trial(int trial) {
  return {"feed.reset", "chaos:run:" + std::to_string(trial), {{"on", "market"}}};
}

class UndoLogTest : public testing::Test {
 protected:
  std::string run(int number) const { return parent_ / ("run" + std::to_string(number)); }
  test::TempFolder home_;
  test::TempFolder parent_{home_.path()};
};

TEST_F(UndoLogTest, IsMadeAndClosedWhileOthersLook) {
  std::atomic<bool> stop{false};
  std::atomic<int> looks{0};
  os::Thread looker = os::start_thread("looker", [&] {
    while (!stop) {
      (void)active_runs(parent_.path());
      const Leftovers left = undo_leftovers(parent_.path());
      for (const auto& error : left.errors) ADD_FAILURE() << error.text();
      EXPECT_TRUE(left.undone.leftovers.empty());
      EXPECT_EQ(left.undone.reverted, 0u) << "an undo of a living run was carried out";
      ++looks;
    }
  });
  for (int i = 0; i < kRuns; ++i) {
    auto log = UndoLog::create(run(i), nobody(), {"run", "X", os::identify_self(), {}});
    ASSERT_TRUE(log) << log.error().text();
    const auto number = log.value().add(undo_of_trial(i));
    ASSERT_TRUE(number) << number.error().text();
    const Status removed = log.value().remove(number.value());
    EXPECT_TRUE(removed) << removed.error().text();
    const Status closed = log.value().close();
    EXPECT_TRUE(closed) << closed.error().text();
  }
  stop = true;
  looker.join();
  EXPECT_GT(looks, 0);
  EXPECT_TRUE(list_runs(parent_.path()).empty());
  EXPECT_TRUE(os::list_folder(parent_.path()).value().empty());
}

TEST_F(UndoLogTest, SaysWhichUndosStandAfterItsOwnersDeath) {
  {
    auto log = UndoLog::create(run(1), nobody(), {"run1", "X", os::identify_self(), {}});
    ASSERT_TRUE(log);
    for (int trial = 1; trial <= 3; ++trial) ASSERT_TRUE(log.value().add(undo_of_trial(trial)));
    ASSERT_TRUE(log.value().remove(2));
    EXPECT_EQ(UndoLog::open(run(1)).error().code, ErrorCode::kBusy);
  }
  ASSERT_TRUE(os::write_file_atomic(run(1) + "/7.undo.tmp", "{\"ki"));  // a write that was cut off
  auto log = UndoLog::open(run(1));
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_EQ(log.value().owner().run, "run1");
  const auto entries = log.value().entries();
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries.value().size(), 2u);
  EXPECT_EQ(entries.value().at(1).tag, "chaos:run:1");
  EXPECT_EQ(entries.value().at(3).tag, "chaos:run:3");
  const auto next = log.value().add(undo_of_trial(4));
  ASSERT_TRUE(next);
  EXPECT_EQ(next.value(), 4);
}

TEST_F(UndoLogTest, WhoseRemovalWasCutOffGoesWithTheNextLook) {
  ASSERT_TRUE(os::make_folders(parent_ / ".gone-run1"));
  ASSERT_TRUE(os::write_file_atomic(parent_ / ".gone-run1/run.json", "{}"));
  EXPECT_TRUE(list_runs(parent_.path()).empty());
  EXPECT_TRUE(os::list_folder(parent_.path()).value().empty());
}

}  // namespace
}  // namespace levi::chaos
