#include "chaos/guard/guard_client.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "chaos/guard/guard.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"

namespace levi::chaos {
namespace {

constexpr int kPipeInGuard = 3;
constexpr Nanos kBeginTimeout = 5s;
constexpr Nanos kRevertTimeout = 30s;  // longer than kUndoPatience and the last attempt's calls
constexpr Nanos kDoneTimeout = 45s;    // as well, and then the run's lease is given back
constexpr Nanos kDeathPatience = 2s;
constexpr Nanos kRound = 20ms;
constexpr int kBeatsPerLease = 10;

std::vector<Trace> traces_of(const Json& answer) {
  std::vector<Trace> traces;
  for (const auto& entry : list_at(answer, "leftovers"))
    traces.push_back({text_at(entry, "text"), text_at(entry, "fix")});
  return traces;
}

}  // namespace

GuardClient::GuardClient(os::Loop& loop, os::Child child, os::Fd pipe, const GuardOptions& options)
    : loop_(loop),
      child_(std::move(child)),
      pipe_(std::move(pipe)),
      folder_(options.folder),
      lease_(options.lease),
      inject_max_(options.inject_max),
      heartbeat_(std::make_unique<Heartbeat>(pipe_.get(), lease_ / kBeatsPerLease)) {
  loop_.watch(pipe_.get(), os::kReadable, [this](std::uint32_t) { on_pipe(); });
  loop_.watch(child_.pidfd(), os::kReadable, [this](std::uint32_t) {
    exited_ = true;
    loop_.unwatch(child_.pidfd());
    (void)child_.wait(Nanos{0});
  });
  vouch_in_loop();
}

GuardClient::~GuardClient() {
  loop_.cancel(vouching_);
  if (pipe_) loop_.unwatch(pipe_.get());
  if (!exited_) loop_.unwatch(child_.pidfd());
}

Result<std::unique_ptr<GuardClient>> GuardClient::start(os::Loop& loop,
                                                        const GuardOptions& options) {
  LEVI_TRY(pair, os::make_socket_pair());
  os::SpawnOptions spawn;
  spawn.program = options.program;
  spawn.arguments = {kGuardCommand};
  spawn.descriptors = {{pair.second.get(), kPipeInGuard}};
  spawn.stdout_path = "/dev/null";
  spawn.new_session =
      true;  // Ctrl-C at the terminal is for levictl, which tells the guard by the pipe
  spawn.parent_death_signal = SIGCONT;  // a guard that was stopped still has its work to do
  LEVI_TRY(child, os::Child::spawn(spawn));
  pair.second.reset();
  std::unique_ptr<GuardClient> client(
      new GuardClient(loop, std::move(child), std::move(pair.first), options));
  const auto& levictl = options.owner.levictl;
  LEVI_TRY(answer, client->ask(Json{{"do", "begin"},
                                    {"folder", options.folder},
                                    {"target", Json::parse(to_text(options.target))},
                                    {"owner",
                                     {{"run", options.owner.run},
                                      {"scenario", options.owner.scenario},
                                      {"pid", levictl.pid},
                                      {"start_ticks", levictl.start_ticks},
                                      {"boot_id", levictl.boot_id}}},
                                    {"lease_ms", options.lease / 1ms}},
                               kBeginTimeout));
  (void)answer;
  return client;
}

GuardClient::Blocking::Blocking(GuardClient& guard, Nanos max) : guard_(guard) {
  guard_.busy_until_ = os::mono_now() + max;
  guard_.vouch();
}

GuardClient::Blocking::~Blocking() {
  guard_.busy_until_ = {};
  guard_.vouch();
}

void GuardClient::vouch() {
  if (heartbeat_) heartbeat_->good_until(std::max(os::mono_now() + lease_ / 2, busy_until_));
}

void GuardClient::vouch_in_loop() {
  vouch();
  vouching_ = loop_.after(lease_ / kBeatsPerLease, [this] { vouch_in_loop(); });
}

void GuardClient::on_pipe() {
  char buffer[4096];
  const ssize_t size = ::recv(pipe_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {  // its death follows, and is what counts
    loop_.unwatch(pipe_.get());
    heartbeat_.reset();
    pipe_.reset();
    return;
  }
  input_.append(buffer, static_cast<std::size_t>(size));
  for (std::size_t end; (end = input_.find('\n')) != std::string::npos; input_.erase(0, end + 1)) {
    Json answer = Json::parse(input_.substr(0, end), nullptr, false);
    if (integer_at(answer, "id", -1) == question_) answer_ = std::move(answer);
  }
}

// Whatever it is at must end with it, and only then is the lock of its log free. The end of its
// pipe is seen a moment before that of the process. One that waits for a disk dies when that
// answers, before it does anything else.
Error GuardClient::lost(const std::string& why, Nanos patience) {
  lost_ = true;
  for (const Nanos wait : {patience, kDeathPatience}) {
    const MonoTime deadline = os::mono_now() + wait;
    while (!exited_ && os::mono_now() < deadline) loop_.run_once(kRound);
    if (!exited_) (void)child_.kill(SIGKILL);
  }
  return error(ErrorCode::kUnreachable, why);
}

Result<Json> GuardClient::ask(Json message, Nanos timeout) {
  const auto died = [this] { return lost("the guard died", kDeathPatience); };
  if (!alive() || !pipe_) return died();
  answer_.reset();
  message["id"] = ++question_;
  if (!heartbeat_->say(message.dump())) return died();
  const MonoTime deadline = os::mono_now() + timeout;
  while (!answer_) {
    if (!alive() || !pipe_) return died();
    if (os::mono_now() >= deadline)
      return lost("the guard did not answer in time and was killed", Nanos{0});
    loop_.run_once(kRound);
  }
  const std::string problem = text_at(*answer_, "error");
  if (!problem.empty()) return error(ErrorCode::kIo, problem, text_at(*answer_, "fix"));
  return std::move(*answer_);
}

Result<Injected> GuardClient::inject(const InjectOrder& order) {
  left_by_failed_inject_.clear();
  number_of_failed_inject_.reset();
  const Json message{{"do", "inject"},
                     {"undo", Json::parse(to_line(order.undo))},
                     {"leave_out", order.leave_out},
                     {"deadline_ns", (os::mono_now() + inject_max_ / 2).ns},
                     {"life_ns", order.life.count()}};
  auto answer = ask(message, inject_max_);
  if (!answer) {
    if (answer_) left_by_failed_inject_ = traces_of(*answer_);
    const std::int64_t number = answer_ ? integer_at(*answer_, "number") : 0;
    if (number > 0) number_of_failed_inject_ = static_cast<int>(number);
    return answer.error();
  }
  Injected injected;
  injected.number = static_cast<int>(integer_at(answer.value(), "number"));
  injected.injection = {MonoTime{integer_at(answer.value(), "before_ns")},
                        MonoTime{integer_at(answer.value(), "after_ns")},
                        object_at(answer.value(), "detail")};
  return injected;
}

Result<std::vector<Trace>> GuardClient::revert(int number) {
  LEVI_TRY(answer, ask(Json{{"do", "revert"}, {"number", number}}, kRevertTimeout));
  return traces_of(answer);
}

Result<std::vector<Trace>> GuardClient::done() {
  LEVI_TRY(answer, ask(Json{{"do", "done"}}, kDoneTimeout));
  const MonoTime deadline = os::mono_now() + kBeginTimeout;
  while (!exited_ && os::mono_now() < deadline) loop_.run_once(kRound);
  return traces_of(answer);
}

}  // namespace levi::chaos
