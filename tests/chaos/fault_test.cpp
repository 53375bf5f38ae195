// Every fault against the fake target: what its plan says, that it lands, that its proof is seen
// then and never without it, and that it is gone after its revert.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "chaos/fault/registry.h"
#include "chaos/guard/guard.h"
#include "core/base/json_fields.h"
#include "tests/chaos/fake_target.h"

namespace levi::chaos {
namespace {

constexpr Nanos kPatience = 30s;
constexpr std::uint64_t kChaosBit = std::uint64_t{1}
                                    << static_cast<unsigned>(latch::Holder::kChaos);
constexpr off_t kWordAt = 8;  // in the latch file: docs/kill-latch.md

class FaultTest : public testing::Test {
 protected:
  FaultOrder order(const std::string& kind, const std::string& variant = "") const {
    FaultOrder order;
    order.kind = kind;
    order.variant = variant;
    order.run = "r1";
    order.trial = 7;
    return order;
  }
  // As it is in the log: all that a later process knows.
  Undo plan(Fault& fault, const FaultOrder& order) const {
    const auto planned = fault.plan(target_, order);
    EXPECT_TRUE(planned) << planned.error().text();
    if (!planned) return {};
    const auto read = parse_undo(to_line(planned.value()));
    EXPECT_TRUE(read) << read.error().text();
    EXPECT_EQ(read.value().tag, "chaos:r1:7");
    return read.value();
  }
  std::vector<Trace> traces(const Undo& undo) const {
    const auto left = find_fault(undo.kind)->make()->traces(target_, undo);
    EXPECT_TRUE(left) << left.error().text();
    return left ? left.value() : std::vector<Trace>{{"unknown", ""}};
  }
  // By a process that knows nothing but the undo.
  void revert(const Undo& undo) const {
    const Status reverted = find_fault(undo.kind)->make()->revert(target_, undo);
    EXPECT_TRUE(reverted) << reverted.error().text();
  }

  FakeTarget fake_;
  Target target_{fake_.spec()};
};

struct Case {
  const char* name;
  const char* kind;
  const char* variant;
  bool (*stands)(FakeTarget&);
  bool comes_back;  // after its revert nothing of it is to be seen
};

bool core_is_dead(FakeTarget& fake) { return !os::is_alive(fake.core_process().identity()); }
bool engine_is_dead(FakeTarget& fake) { return !os::is_alive(fake.engine_process().identity()); }
bool feed_ended(FakeTarget& fake) { return fake.market_sockets().empty(); }
bool feed_is_frozen(FakeTarget& fake) { return fake.market_sockets() == Json::array({true}); }
bool database_is_locked(FakeTarget& fake) { return fake.database_locked(); }
bool is_sealed(FakeTarget& fake) { return fake.latch().load().held_by(latch::Holder::kChaos); }

const Case kCases[] = {{"CoreKill", "core.kill", "", core_is_dead, false},
                       {"EngineKill", "engine.kill", "", engine_is_dead, false},
                       {"FeedReset", "feed.reset", "", feed_ended, false},
                       {"FeedHalfOpen", "feed.half_open", "", feed_is_frozen, true},
                       {"DbLock", "db.lock", "", database_is_locked, true},
                       {"KillByFile", "kill.switch", "file", is_sealed, false},
                       {"KillByQuery", "kill.switch", "api-query", is_sealed, false}};

class EveryFault : public FaultTest, public testing::WithParamInterface<Case> {};

TEST_P(EveryFault, LandsIsProvenThenAndNeverBeforeAndIsTakenBack) {
  const auto levictls = find_fault(GetParam().kind)->make();
  const Undo undo = plan(*levictls, order(GetParam().kind, GetParam().variant));
  EXPECT_FALSE(GetParam().stands(fake_)) << "the plan touched it";

  // Whoever died before the injection leaves an undo of something that never landed.
  for (int i = 0; i < 2; ++i) revert(undo);
  EXPECT_TRUE(traces(undo).empty());
  const Injection nothing{os::mono_now(), os::mono_now(), Json{{"sealed", true}}};
  const auto unseen = levictls->prove(target_, undo, nothing, os::mono_now());
  ASSERT_FALSE(unseen) << "seen without the fault: " << unseen.value().text;
  EXPECT_EQ(unseen.error().code, ErrorCode::kTimeout) << unseen.error().text();

  const auto guards = find_fault(GetParam().kind)->make();
  const auto injected = guards->inject(target_, undo);
  ASSERT_TRUE(injected) << injected.error().text();
  EXPECT_LE(injected.value().before, injected.value().after);
  const auto proof = levictls->prove(target_, undo, injected.value(), os::mono_now() + kPatience);
  ASSERT_TRUE(proof) << proof.error().text();
  EXPECT_FALSE(proof.value().text.empty());
  EXPECT_TRUE(GetParam().stands(fake_)) << proof.value().text;

  for (int i = 0; i < 2; ++i) {
    const Status reverted = guards->revert(target_, undo);
    EXPECT_TRUE(reverted) << reverted.error().text();
    revert(undo);
  }
  EXPECT_NE(GetParam().stands(fake_), GetParam().comes_back);
  // A seal is lifted by a living levictl, or by the operator: neither is here.
  EXPECT_EQ(traces(undo).empty(), !find_fault(GetParam().kind)->seals);
}

INSTANTIATE_TEST_SUITE_P(Of, EveryFault, testing::ValuesIn(kCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(Faults, EveryKindIsTriedHere) {
  for (const auto& kind : fault_kinds()) {
    const auto found = std::find_if(std::begin(kCases), std::end(kCases),
                                    [&](const Case& tried) { return kind.name == tried.kind; });
    EXPECT_NE(found, std::end(kCases)) << kind.name;
  }
}

// Pids are reused: another process that has the victim's must not be hit.
TEST_F(FaultTest, AProcessThatOnlyHasTheVictimsPidIsNotKilled) {
  const auto fault = find_fault("core.kill")->make();
  Undo undo = plan(*fault, order("core.kill"));
  undo.parameters["start_ticks"] = integer_at(undo.parameters, "start_ticks") + 1;
  EXPECT_FALSE(fault->inject(target_, undo));
  EXPECT_TRUE(os::is_alive(fake_.core_process().identity()));
}

// Its guard was killed, and with it went the lock; the tag in a command line finds one that did
// not.
TEST_F(FaultTest, ADatabaseLockGoesWithItsGuard) {
  const auto fault = find_fault("db.lock")->make();
  const Undo undo = plan(*fault, order("db.lock"));
  {
    const auto guards = find_fault("db.lock")->make();
    ASSERT_TRUE(guards->inject(target_, undo));
    EXPECT_EQ(traces(undo).size(), 1u);
  }
  revert(undo);
  EXPECT_TRUE(traces(undo).empty());
  EXPECT_FALSE(fake_.database_locked());
}

TEST_F(FaultTest, ASealNamesTheCommandThatLiftsIt) {
  const auto fault = find_fault("kill.switch")->make();
  const Undo undo = plan(*fault, order("kill.switch", "file"));
  ASSERT_TRUE(fault->inject(target_, undo));
  const auto left = traces(undo);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_NE(left.front().fix.find("--holder chaos --actor chaos:r1"), std::string::npos);
  // Nothing new on top of it.
  EXPECT_FALSE(find_fault("kill.switch")->make()->plan(target_, order("kill.switch")));
  ASSERT_TRUE(fake_.latch().release(latch::Holder::kChaos, 0));
  EXPECT_TRUE(traces(undo).empty());
}

// The bit is set before the name is written: whoever is killed in between leaves a seal of nobody.
TEST_F(FaultTest, ASealThatWasCutShortBeforeItWasSignedIsFound) {
  for (const bool sealed_by_an_earlier_run : {false, true}) {
    SCOPED_TRACE(sealed_by_an_earlier_run);
    if (sealed_by_an_earlier_run) {
      fake_.latch().seal(latch::Holder::kChaos, "chaos:r0", "", os::wall_now(), Nanos{0});
      ASSERT_TRUE(fake_.latch().release(latch::Holder::kChaos, 0));
    }
    const Undo undo = plan(*find_fault("kill.switch")->make(), order("kill.switch", "file"));
    const std::uint64_t epoch = fake_.latch().load().epoch() + 1;
    const std::uint64_t word = epoch << 24 | kChaosBit;
    const os::Fd file(::open(fake_.latch_path().c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::pwrite(file.get(), &word, sizeof word, kWordAt), static_cast<ssize_t>(sizeof word));
    ASSERT_TRUE(is_sealed(fake_));
    const auto left = traces(undo);
    ASSERT_EQ(left.size(), 1u);
    EXPECT_NE(left.front().text.find("unsigned"), std::string::npos) << left.front().text;
    // The core lets nobody release it as chaos:r1: it is the operator's.
    EXPECT_EQ(left.front().fix.find("--actor"), std::string::npos) << left.front().fix;
    EXPECT_FALSE(find_fault("kill.switch")->make()->plan(target_, order("kill.switch")));
    ASSERT_TRUE(fake_.latch().release(latch::Holder::kChaos, 0));
    EXPECT_TRUE(traces(undo).empty());
  }
}

TEST_F(FaultTest, AnothersSealIsNotOurs) {
  const Undo undo = plan(*find_fault("kill.switch")->make(), order("kill.switch", "file"));
  fake_.latch().seal(latch::Holder::kChaos, "chaos:r2", "", os::wall_now(), Nanos{0});
  EXPECT_TRUE(traces(undo).empty());
}

// The exchange of a feed's fault does not answer.
class UnreachableExchange : public FaultTest {
 protected:
  UnreachableExchange() : undo_(plan(*find_fault("feed.half_open")->make(), wanted())) {}
  FaultOrder wanted() const { return order("feed.half_open"); }
  Target behind(const std::string& admin) const {
    TargetSpec spec = fake_.spec();
    spec.exchange_admin = admin;
    return Target(spec);
  }
  bool is_clean(const Target& target, const Undo& undo) const {
    const auto fault = find_fault("feed.half_open")->make();
    const Status reverted = fault->revert(target, undo);
    const auto left = fault->traces(target, undo);
    EXPECT_EQ(reverted.has_value(), left.has_value());
    return reverted && left && left.value().empty();
  }
  Undo undo_;
};

TEST_F(UnreachableExchange, OnThisHostIsGoneAndItsFaultWithIt) {
  os::Fd listener = std::move(os::listen_on({"127.0.0.1", 0, {}})).value();
  const std::string admin = "127.0.0.1:" + std::to_string(os::local_port(listener.get()).value());
  listener.reset();
  EXPECT_TRUE(is_clean(behind(admin), undo_));
}

// The exchange ended, and its port is another program's by now, which has never heard of faults.
TEST_F(UnreachableExchange, WhosePortAnotherProgramHasIsGoneOnceTheLeaseIsOver) {
  const Target other = behind(fake_.spec().exchange);
  const auto answer = other.exchange("GET", "/faults");
  ASSERT_FALSE(answer);
  ASSERT_NE(answer.error().code, ErrorCode::kUnreachable) << answer.error().text();
  EXPECT_FALSE(is_clean(other, undo_)) << "it may be the exchange itself, in trouble";
  Undo old = undo_;
  old.parameters["over_by_ns"] = 1;  // long ago
  EXPECT_TRUE(is_clean(other, old));
}

// No stream leads to a broadcast address: the kernel says at once that the network is unreachable.
TEST_F(UnreachableExchange, OnAnotherHostMayStillHaveTheFaultUntilItsLeaseIsOver) {
  const Target remote = behind("255.255.255.255:8735");
  const auto refused = remote.exchange("GET", "/faults");
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error().code, ErrorCode::kUnreachable) << refused.error().text();
  EXPECT_FALSE(is_clean(remote, undo_));
  Undo old = undo_;
  old.parameters["over_by_ns"] = 1;  // long ago
  EXPECT_TRUE(is_clean(remote, old));
  old.parameters.erase("over_by_ns");  // of an earlier version
  EXPECT_FALSE(is_clean(remote, old));
}

}  // namespace
}  // namespace levi::chaos

// db.lock starts this very program as its lock holder.
int main(int argc, char** argv) {
  if (const int code = levi::chaos::hidden_command(argc, argv); code >= 0) return code;
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
