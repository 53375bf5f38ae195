// levictl's sign of life to its guard: who gives it, and when nobody does.
#include "chaos/guard/heartbeat.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/os/clock.h"
#include "core/os/process.h"

namespace levi::chaos {
namespace {

constexpr Nanos kPatience = 30s;
constexpr const char* kLine = "{\"do\":\"renew\"}\n";

class HeartbeatTest : public testing::Test {
 protected:
  HeartbeatTest() {
    auto pair = os::make_socket_pair();
    EXPECT_TRUE(pair);
    ours_ = std::move(pair.value().first);
    guards_ = std::move(pair.value().second);
  }
  // What the guard has got, at once or after waiting for something.
  std::string read(bool wait) {
    pollfd readable{guards_.get(), POLLIN, 0};
    if (::poll(&readable, 1, wait ? static_cast<int>(kPatience / 1ms) : 0) <= 0) return "";
    std::string text(1 << 20, '\0');
    const ssize_t size = ::recv(guards_.get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  os::Fd ours_;
  os::Fd guards_;
};

// Its owner sits here, in `read`, and lets no loop run.
TEST_F(HeartbeatTest, SpeaksForAnOwnerWhoIsBusyElsewhere) {
  Heartbeat heartbeat(ours_.get(), 1ms);
  heartbeat.good_until(kNever);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(read(true).substr(0, std::string(kLine).size()), kLine);
}

TEST_F(HeartbeatTest, IsSilentForAnOwnerWhoDidNotVouchForItself) {
  Heartbeat heartbeat(ours_.get(), 3600s);  // so that only we beat
  const MonoTime now{1'000'000};
  EXPECT_FALSE(heartbeat.beat(now));
  heartbeat.good_until(now + 5s);
  EXPECT_TRUE(heartbeat.beat(now + 4s));
  EXPECT_EQ(read(false), kLine);
  EXPECT_FALSE(heartbeat.beat(now + 5s)) << "an owner that hangs";
  EXPECT_EQ(read(false), "");
  heartbeat.good_until(now + 60s);
  EXPECT_TRUE(heartbeat.beat(now + 59s)) << "one that said how long its disk may take";
}

TEST_F(HeartbeatTest, NeverWaitsForAGuardThatDoesNotReadAndCutsNoLine) {
  Heartbeat heartbeat(ours_.get(), 3600s);
  heartbeat.good_until(kNever);
  std::size_t said = 0;
  while (heartbeat.beat(MonoTime{0})) ++said;
  EXPECT_FALSE(heartbeat.say("{\"do\":\"done\"}"));
  std::string all;
  for (std::string more; !(more = read(false)).empty();) all += more;
  const std::string line = kLine;
  EXPECT_EQ(all.size(), said * line.size());
  EXPECT_EQ(all.substr(all.size() - line.size()), line);
  EXPECT_TRUE(heartbeat.beat(MonoTime{0}));
}

TEST_F(HeartbeatTest, AndItsOwnerNeverBreakIntoEachOthersLines) {
  const std::string line(3000, 'x');
  Heartbeat heartbeat(ours_.get(), Nanos{1});
  heartbeat.good_until(kNever);
  std::string all;
  for (int i = 0; i < 50; ++i) {
    while (!heartbeat.say(line)) all += read(true);
    all += read(true);
  }
  heartbeat.good_until({});
  int own = 0;
  for (std::size_t at = 0, end; (end = all.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string got = all.substr(at, end + 1 - at);
    EXPECT_TRUE(got == kLine || got == line + "\n") << got;
    own += got == kLine ? 0 : 1;
  }
  EXPECT_GE(own, 49);
}

}  // namespace
}  // namespace levi::chaos
