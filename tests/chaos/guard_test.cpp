// The guard by itself: what it does when levictl falls silent, when it is told to stop, when it was
// stopped, and what it makes of messages that no levictl sends.
#include "chaos/guard/guard.h"

#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "chaos/fault/registry.h"
#include "chaos/guard/guard_client.h"
#include "chaos/guard/undo.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/loop.h"
#include "levictl/paths.h"
#include "tests/chaos/stage_rig.h"

namespace levi::chaos {
namespace {

using test::eventually;

constexpr Nanos kLease = 300ms;
constexpr Nanos kLong = 60s;  // longer than any wait: what is seen must be something else

class GuardTest : public StageRig {
 protected:
  std::unique_ptr<GuardClient> start_guard(Nanos lease, Nanos inject_max = 10s) {
    GuardOptions options;
    options.inject_max = inject_max;
    options.program = cli::binary_folder() + "/levictl";
    options.folder = undo_parent() + "/guarded1";
    options.target = target();
    options.owner = {"guarded1", "test", os::identify_self(), {}};
    options.lease = lease;
    auto guard = GuardClient::start(loop_, options);
    EXPECT_TRUE(guard) << guard.error().text();
    return guard ? std::move(guard).value() : nullptr;
  }
  // The feed's fault needs the core to be connected: after an earlier one that takes a moment.
  Undo half_open() {
    Result<Undo> undo = error(ErrorCode::kNotFound, "not planned");
    EXPECT_TRUE(eventually([&] {
      undo = find_fault("feed.half_open")
                 ->make()
                 ->plan(Target(target()), {"feed.half_open", {}, "", "guarded1", 1, 1, 30s});
      return undo.has_value();
    })) << undo.error().text();
    return undo ? std::move(undo).value() : Undo{};
  }
  void signal(const GuardClient& guard, int number) {
    const auto pidfd = os::open_process(guard.process());
    ASSERT_TRUE(pidfd);
    ASSERT_TRUE(os::send_signal(pidfd.value().get(), number));
  }
  os::Loop loop_;
};

TEST_F(GuardTest, TakesEverythingBackWhenLevictlGivesNoSignOfLife) {
  const auto guard = start_guard(kLease);
  ASSERT_TRUE(guard);
  ASSERT_TRUE(guard->inject({half_open(), kLong}));
  EXPECT_TRUE(fault_stands(Kind::kHalfOpen));
  // Our loop does not run: we vouch for nothing, as if levictl hung.
  EXPECT_TRUE(eventually([&] { return !os::is_alive(guard->process()); }));
  expect_nothing_left();
}

TEST_F(GuardTest, WithNothingStandingLevictlMayBeSilent) {
  const auto guard = start_guard(100ms);
  ASSERT_TRUE(guard);
  // The market itself says that many leases went by, in which our loop did not run.
  ASSERT_TRUE(witness().market_moves(300));
  const GuardClient::Blocking blocking(*guard, kLong);
  ASSERT_TRUE(guard->inject({half_open(), kLong})) << "it has left";
  const auto left = guard->done();
  ASSERT_TRUE(left) << left.error().text();
  expect_nothing_left();
}

// A slow disk under levictl: its loop does not run, but it said so before.
TEST_F(GuardTest, StaysWhileLevictlIsBusyForAsLongAsItSaid) {
  const auto guard = start_guard(100ms);
  ASSERT_TRUE(guard);
  const Undo undo = half_open();
  const GuardClient::Blocking blocking(*guard, kLong);
  const auto injected = guard->inject({undo, kLong});
  ASSERT_TRUE(injected);
  ASSERT_TRUE(witness().market_moves(300));
  EXPECT_TRUE(os::is_alive(guard->process()));
  EXPECT_TRUE(guard->revert(injected.value().number));
  EXPECT_TRUE(guard->done());
  expect_nothing_left();
}

TEST_F(GuardTest, TakesAFaultBackThatOutlivesItsOrderWhateverItHears) {
  const auto guard = start_guard(kLease);
  ASSERT_TRUE(guard);
  ASSERT_TRUE(guard->inject({half_open(), kLease}));
  const MonoTime end = os::mono_now() + test::kPatience;
  while (guard->alive() && os::mono_now() < end) loop_.run_once(20ms);  // we renew
  EXPECT_FALSE(guard->alive());
  expect_nothing_left();
}

// Else it would inject what nobody waits for any more, and nobody would take back.
TEST_F(GuardTest, ThatDoesNotAnswerToAnInjectionIsKilledBeforeItIsGivenUp) {
  const auto guard = start_guard(10s, 300ms);
  ASSERT_TRUE(guard);
  const Undo undo = half_open();
  signal(*guard, SIGSTOP);
  const auto injected = guard->inject({undo, kLong});
  ASSERT_FALSE(injected);
  EXPECT_EQ(injected.error().code, ErrorCode::kUnreachable);
  EXPECT_FALSE(guard->alive());
  EXPECT_FALSE(os::is_alive(guard->process()));
  EXPECT_FALSE(guard->revert(1));
  const auto undone = undo_run(guard->folder());
  ASSERT_TRUE(undone) << undone.error().text();
  expect_nothing_left();
}

TEST_F(GuardTest, StaysWhileLevictlRenews) {
  const auto guard = start_guard(kLease);
  ASSERT_TRUE(guard);
  ASSERT_TRUE(guard->inject({half_open(), kLong}));
  loop_.run_until(os::mono_now() + kLease * 3);
  EXPECT_TRUE(guard->alive());
  const auto left = guard->done();
  ASSERT_TRUE(left) << left.error().text();
  EXPECT_TRUE(left.value().empty());
  expect_nothing_left();
}

// What levictl said while the guard could not listen is a sign of life.
TEST_F(GuardTest, ThatWasStoppedItselfForLongerThanItsLeaseGoesOn) {
  const auto guard = start_guard(kLease);
  ASSERT_TRUE(guard);
  const auto injected = guard->inject({half_open(), kLong});
  ASSERT_TRUE(injected);
  signal(*guard, SIGSTOP);
  loop_.run_until(os::mono_now() + kLease * 2);
  signal(*guard, SIGCONT);
  const auto left = guard->revert(injected.value().number);
  ASSERT_TRUE(left) << left.error().text();
  EXPECT_TRUE(guard->done());
  expect_nothing_left();
}

TEST_F(GuardTest, ToldToStopTakesEverythingBack) {
  const auto guard = start_guard(60s);  // longer than we wait: it must be the signal
  ASSERT_TRUE(guard);
  ASSERT_TRUE(guard->inject({half_open(), kLong}));
  signal(*guard, SIGTERM);
  EXPECT_TRUE(eventually([&] { return !os::is_alive(guard->process()); }));
  expect_nothing_left();
  const auto late = guard->revert(1);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kUnreachable);
  EXPECT_FALSE(guard->alive());
}

TEST_F(GuardTest, AnInjectionThatFailsLeavesNothing) {
  const auto guard = start_guard(10s);
  ASSERT_TRUE(guard);
  const Undo undo{"db.lock", "chaos:guarded1:1", {{"database", "/nowhere/levi.db"}}};
  EXPECT_FALSE(guard->inject({undo, kLong}));
  EXPECT_TRUE(guard->left_by_failed_inject().empty());
  const auto left = guard->done();
  ASSERT_TRUE(left) << left.error().text();
  EXPECT_TRUE(left.value().empty());
  expect_nothing_left();
}

TEST_F(GuardTest, WithTheFaultLeftOutNothingIsBroken) {
  const auto guard = start_guard(10s);
  ASSERT_TRUE(guard);
  ASSERT_TRUE(guard->inject({half_open(), kLong, true}));
  EXPECT_FALSE(fault_stands(Kind::kHalfOpen));
  EXPECT_TRUE(guard->done());
  expect_nothing_left();
}

// A press that landed although its call failed: the entry stands until it is released, and is then
// reverted as any other.
TEST_F(GuardTest, APressThatFailedAndLandedIsToldByItsNumber) {
  const auto guard = start_guard(60s);
  ASSERT_TRUE(guard);
  auto fault = find_fault("kill.switch")->make();
  const auto undo =
      fault->plan(Target(target()), {"kill.switch", {}, "file", "guarded1", 1, 1, 30s});
  ASSERT_TRUE(undo) << undo.error().text();
  ASSERT_TRUE(find_fault("kill.switch")->make()->inject(Target(target()), undo.value()));
  Undo unheard = undo.value();
  unheard.parameters["way"] = "no such way";
  ASSERT_FALSE(guard->inject({unheard, kLong}));
  ASSERT_TRUE(guard->number_of_failed_inject());
  EXPECT_FALSE(guard->left_by_failed_inject().empty());
  const Outcome resumed =
      levictl({"resume", "--target", stage_.api, "--control", stage_.control, "--holder", "chaos",
               "--actor", "chaos:guarded1", "--reason", "the test's end"});
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  const auto left = guard->revert(*guard->number_of_failed_inject());
  ASSERT_TRUE(left) << left.error().text();
  EXPECT_TRUE(left.value().empty());
  EXPECT_TRUE(guard->done());
  expect_nothing_left();
}

// A raw guard, and what it answers to a line.
class RawGuard : public GuardTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(GuardTest::SetUp());
    auto pair = os::make_socket_pair();
    ASSERT_TRUE(pair);
    os::SpawnOptions options;
    options.program = cli::binary_folder() + "/levictl";
    options.arguments = {kGuardCommand};
    options.descriptors = {{pair.value().second.get(), 3}};
    options.parent_death_signal = SIGKILL;
    const auto said = os::make_pipe();  // by the guard; nobody reads it
    ASSERT_TRUE(said);
    options.stderr_path =
        "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(said.value().second.get());
    auto child = os::Child::spawn(options);
    ASSERT_TRUE(child);
    guard_ = std::move(child).value();
    pipe_ = std::move(pair.value().first);
  }
  void say(const std::string& line) {
    ASSERT_TRUE(os::write_all(pipe_.get(), line + "\n", "the guard"));
  }
  Json ask_raw(const std::string& line) {
    say(line);
    std::string answer;
    EXPECT_TRUE(eventually([&] {
      char buffer[4096];
      const ssize_t size = ::recv(pipe_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (size > 0) answer.append(buffer, static_cast<std::size_t>(size));
      return !answer.empty() && answer.back() == '\n';
    })) << line;
    return Json::parse(answer, nullptr, false);
  }
  Json begin() const {
    Json message{{"do", "begin"}, {"id", 8}, {"folder", undo_parent() + "/raw00001"}};
    message["target"] = Json::parse(to_text(target()));
    message["lease_ms"] = 60'000;
    return message;
  }
  std::optional<os::Child> guard_;
  os::Fd pipe_;
};

TEST_F(RawGuard, AnswersWhatItDoesNotUnderstandAndGoesOn) {
  EXPECT_EQ(ask_raw("{\"do\":\"inject\",\"id\":7}")["error"], "not begun");
  EXPECT_EQ(ask_raw("no JSON at all")["error"], "not begun");
  EXPECT_TRUE(ask_raw("{\"do\":\"begin\",\"folder\":\"x\"}").contains("error"));
  const Json begun = ask_raw(begin().dump());
  EXPECT_EQ(begun["ok"], true) << begun.dump();
  EXPECT_EQ(begun["id"], 8);  // by which a late answer is known
  EXPECT_TRUE(ask_raw(begin().dump()).contains("error")) << "it has begun already";
  EXPECT_TRUE(ask_raw("{\"do\":\"dance\"}").contains("error"));
  EXPECT_TRUE(ask_raw("{\"do\":\"revert\",\"number\":4}").contains("error"));
  const Json unknown = ask_raw(
      "{\"do\":\"inject\",\"undo\":{\"kind\":\"no.such\",\"tag\":\"chaos:x:1\",\"parameters\":{}}"
      "}");
  EXPECT_TRUE(unknown.contains("error")) << unknown.dump();
  pipe_.reset();
  const auto end = guard_->wait(test::kPatience);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->text(), "exit code 0");
  expect_nothing_left();
}

// Its log write may have waited for the disk for so long that levictl gave the injection up.
TEST_F(RawGuard, DoesNotInjectAfterTheDeadline) {
  ASSERT_EQ(ask_raw(begin().dump())["ok"], true);
  Json inject{{"do", "inject"}, {"id", 9}, {"undo", Json::parse(to_line(half_open()))}};
  inject["life_ns"] = Nanos(kLong).count();
  inject["deadline_ns"] = os::mono_now().ns;
  const Json late = ask_raw(inject.dump());
  EXPECT_EQ(late["error"], "it came too late to be injected") << late.dump();
  EXPECT_EQ(late["leftovers"], Json::array());
  EXPECT_FALSE(fault_stands(Kind::kHalfOpen));
  inject["deadline_ns"] = (os::mono_now() + kLong).ns;
  const Json in_time = ask_raw(inject.dump());
  EXPECT_EQ(in_time["ok"], true) << in_time.dump();
  EXPECT_TRUE(fault_stands(Kind::kHalfOpen));
  EXPECT_TRUE(ask_raw("{\"do\":\"done\"}")["leftovers"].empty());
  expect_nothing_left();
}

// levictl was piped into something that has gone: to say so must not be the guard's end.
TEST_F(RawGuard, TakesBackWhatStandsThoughNobodyReadsWhatItSays) {
  Json beginning = begin();
  beginning["lease_ms"] = 300;
  ASSERT_EQ(ask_raw(beginning.dump())["ok"], true);
  Json inject{{"do", "inject"}, {"id", 9}, {"undo", Json::parse(to_line(half_open()))}};
  inject["life_ns"] = Nanos(kLong).count();
  inject["deadline_ns"] = (os::mono_now() + kLong).ns;
  ASSERT_EQ(ask_raw(inject.dump())["ok"], true);
  const auto end = guard_->wait(test::kPatience);  // it hears no more of us
  ASSERT_TRUE(end);
  EXPECT_EQ(end->text(), "exit code 0");
  EXPECT_FALSE(fault_stands(Kind::kHalfOpen));
  pipe_.reset();
  expect_nothing_left();
}

TEST_F(RawGuard, LeavesWhenALineHasNoEnd) {
  const std::string endless(1 << 16, 'x');
  for (int i = 0; i < 20; ++i) {
    if (::send(pipe_.get(), endless.data(), endless.size(), MSG_NOSIGNAL) < 0) break;
  }
  EXPECT_TRUE(guard_->wait(test::kPatience));
}

TEST_F(RawGuard, ByHandIsRefused) { EXPECT_EQ(levictl({kGuardCommand}).code, 2); }

}  // namespace
}  // namespace levi::chaos
