// A flood of connections can't lock the kill out.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "core/os/thread.h"
#include "tests/control/rig.h"

namespace levi::control {
namespace {

using test::ControlRig;
using test::HttpPeer;

// Both ends of a crowd are ours; an ordinary user begins with 1,024 descriptors.
bool raise_descriptors(rlim_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < count) return false;
  limit.rlim_cur = std::max(limit.rlim_cur, count);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

TEST(Flood, AThousandIdleConnectionsDoNotKeepAKillOut) {
  if (!raise_descriptors(3000)) GTEST_SKIP() << "needs 3,000 descriptors: ulimit -Hn";
  ControlRig rig;
  std::vector<HttpPeer> crowd;
  for (int i = 0; i < 1000; ++i) {
    crowd.push_back(rig.connect());
    ASSERT_TRUE(crowd.back().connected());
    if (i % 3 == 0) crowd.back().send("GET /he");
    if (i % 3 == 1) crowd.back().send("\x16\x03\x01");
  }
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(rig.connect().post("/live/kill?reason=flood").status, 200) << i;
  EXPECT_EQ(rig.epoch() > 20, true);
  EXPECT_GE(rig.status.control_evicted.load(), 700u);
  EXPECT_LE(rig.status.control_connections.load(), 256u);
}

TEST(Flood, KillsAreAnsweredWhileConnectionsKeepComing) {
  ControlRig rig;
  std::atomic<bool> stop{false};
  std::atomic<int> made{0};
  os::Thread flood = os::start_thread("flood", [&] {
    std::vector<HttpPeer> crowd;
    while (!stop) {
      crowd.push_back(rig.connect());
      if (made % 2 == 0) crowd.back().send("POST /live");
      if (crowd.size() > 200) crowd.erase(crowd.begin(), crowd.begin() + 100);
      ++made;
    }
  });
  // A client that loses its CPU between connect and send while hundreds of others connect can be
  // evicted before it has said anything: it is told by a reset, and tries again (as levictl does).
  int answered = 0;
  int again = 0;
  while (answered < 200 || made < 1000) {
    if (rig.connect().post("/live/kill").status == 200) {
      ++answered;
    } else if (++again > answered / 20 + 3) {
      break;
    }
  }
  stop = true;
  flood.join();
  EXPECT_GE(answered, 200);
  EXPECT_GE(made, 1000);
}

TEST(Flood, TheUnixSocketKeepsItsOwnPlaces) {
  ControlRig rig;
  HttpPeer local = rig.connect_unix();
  ASSERT_EQ(local.get("/healthz").status, 200);
  std::vector<HttpPeer> crowd;
  for (int i = 0; i < 600; ++i) crowd.push_back(rig.connect());
  ASSERT_EQ(rig.connect().get("/healthz").status, 200);
  EXPECT_EQ(local.post("/live/kill").status, 200);  // the connection that was there before
}

TEST(Flood, AProcessWithoutDescriptorsStillTakesAKill) {
  ControlRig rig;
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  HttpPeer first = rig.connect();
  ASSERT_EQ(first.get("/healthz").status, 200);
  // The clients' own descriptors are of the same process: make them before the limit falls.
  std::vector<HttpPeer> ready;
  for (int i = 0; i < 4; ++i) ready.push_back(HttpPeer::unconnected());
  const int probe = ::dup(0);
  rlimit low = limit;
  low.rlim_cur = static_cast<rlim_t>(probe);  // no number below is free
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  ::close(probe);
  low.rlim_cur = static_cast<rlim_t>(probe);
  for (HttpPeer& peer : ready) {
    ASSERT_TRUE(peer.connect(rig.server->tcp_port()));
    EXPECT_EQ(peer.call("POST /live/kill HTTP/1.1\r\n\r\n").status, 200);
  }
  EXPECT_TRUE(rig.latch().load().sealed());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

}  // namespace
}  // namespace levi::control
