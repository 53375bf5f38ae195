#include "core/os/timers.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/base/random.h"

namespace levi::os {
namespace {

// Against a model: whatever is added and cancelled, what is due runs, in order, and nothing else.
TEST(Timers, BehaveLikeASortedMap) {
  Random random(11);
  Timers timers;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::uint64_t> model;  // (deadline, order) -> id
  std::vector<std::uint64_t> ids;
  std::vector<std::uint64_t> ran;
  std::vector<std::uint64_t> expected;
  std::map<std::uint64_t, std::pair<std::int64_t, std::uint64_t>> place_of;
  std::int64_t now = 0;
  for (std::uint64_t step = 0; step < 20'000; ++step) {
    const std::uint64_t what = random.below(10);
    if (what < 5) {
      const auto deadline = now + static_cast<std::int64_t>(random.below(50));
      const std::uint64_t id = timers.add({deadline}, [&ran, step] { ran.push_back(step); });
      model[{deadline, step}] = id;
      place_of[id] = {deadline, step};
      ids.push_back(id);
    } else if (what < 8 && !ids.empty()) {
      const std::uint64_t id =
          ids[random.below(ids.size())];  // perhaps fired or cancelled long ago
      timers.cancel(id);
      const auto place = place_of.find(id);
      if (place != place_of.end()) model.erase(place->second);
      place_of.erase(id);
    } else {
      now += static_cast<std::int64_t>(random.below(30));
      while (!model.empty() && model.begin()->first.first <= now) {
        expected.push_back(model.begin()->first.second);
        place_of.erase(model.begin()->second);
        model.erase(model.begin());
      }
      timers.run_due({now});
      ASSERT_EQ(ran, expected);
    }
    ASSERT_EQ(timers.empty(), model.empty());
    if (!model.empty()) {
      ASSERT_EQ(timers.next().ns, model.begin()->first.first);
    }
  }
  EXPECT_GT(expected.size(), 1000u);
}

TEST(Timers, AddedWhileRunningWaitForTheNextCall) {
  Timers timers;
  int ran = 0;
  timers.add({1}, [&] { timers.add({1}, [&] { ++ran; }); });
  EXPECT_TRUE(timers.run_due({5}));
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(timers.run_due({5}));
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace levi::os
