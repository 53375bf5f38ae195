// The control thread allocates nothing once it runs: not for kills, not for queries, not for
// newcomers.
//
// A binary of its own, because it replaces operator new for everything in it.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "core/os/thread.h"
#include "tests/control/rig.h"

namespace {

thread_local bool counted = true;  // every thread but the test's own
std::atomic<bool> watching{false};
std::atomic<std::uint64_t> allocations{0};

void* allocate(std::size_t size) {
  if (counted && watching) ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace levi::control {
namespace {

TEST(ControlThread, AllocatesNothingOnceItRuns) {
  counted = false;
  allocations = 0;  // of an earlier repeat
  test::ControlRig rig;
  rig.scribe.hang(true);  // the stand-ins may allocate: they stay out of it
  test::HttpPeer peer = rig.connect();
  ASSERT_EQ(peer.get("/healthz").status, 200);
  watching = true;
  for (int i = 0; i < 50; ++i) {
    for (const char* path :
         {"/", "/health", "/healthz", "/readyz", "/live/kill", "/live/status", "/nothing"}) {
      ASSERT_NE(peer.get(path).status, 0);
    }
    ASSERT_EQ(
        peer.post("/live/kill", R"({"reason":"a reason that is longer than any small string is",)"
                                R"("actor":"somebody with a long name"})")
            .status,
        200);
    ASSERT_EQ(peer.post("/live/kill?on=false").status, 400);
    ASSERT_EQ(rig.connect().call("nonsense\r\n\r\n").status, 400);
    ASSERT_EQ(rig.connect_unix().post("/live/kill").status, 200);
  }
  watching = false;
  EXPECT_EQ(allocations, 0u);
}

TEST(ControlThread, TheCounterCounts) {
  counted = false;
  watching = true;
  os::start_thread("counted", [] { ::operator delete(::operator new(1)); }).join();
  watching = false;
  EXPECT_GT(allocations, 0u);
}

}  // namespace
}  // namespace levi::control
