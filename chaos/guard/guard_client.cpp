#include "chaos/guard/guard_client.h"

#include <sys/socket.h>

#include <cerrno>
#include <csignal>

#include "chaos/guard/guard.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"

namespace levi::chaos {
namespace {

constexpr int kPipeInGuard = 3;
constexpr Nanos kBeginTimeout = 5s;
constexpr Nanos kInjectTimeout = 10s;
constexpr Nanos kRevertTimeout = 30s;  // longer than kUndoPatience and the last attempt's calls
constexpr Nanos kDeathPatience = 2s;
constexpr Nanos kRound = 20ms;

std::vector<Trace> traces_of(const Json& answer) {
  std::vector<Trace> traces;
  for (const auto& entry : list_at(answer, "leftovers"))
    traces.push_back({text_at(entry, "text"), text_at(entry, "fix")});
  return traces;
}

}  // namespace

GuardClient::GuardClient(os::Loop& loop, os::Child child, os::Fd pipe, std::string folder,
                         Nanos lease)
    : loop_(loop),
      child_(std::move(child)),
      pipe_(std::move(pipe)),
      folder_(std::move(folder)),
      lease_(lease) {
  loop_.watch(pipe_.get(), os::kReadable, [this](std::uint32_t) { on_pipe(); });
  loop_.watch(child_.pidfd(), os::kReadable, [this](std::uint32_t) {
    alive_ = false;
    loop_.unwatch(child_.pidfd());
    (void)child_.wait(Nanos{0});
  });
  renew_later();
}

GuardClient::~GuardClient() {
  loop_.cancel(renewal_);
  if (pipe_) loop_.unwatch(pipe_.get());
  if (alive_) loop_.unwatch(child_.pidfd());
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
  std::unique_ptr<GuardClient> client(new GuardClient(loop, std::move(child), std::move(pair.first),
                                                      options.folder, options.lease));
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

void GuardClient::renew_later() {
  renewal_ = loop_.after(lease_ / 4, [this] {
    (void)send({{"do", "renew"}});
    renew_later();
  });
}

Status GuardClient::send(const Json& message) {
  const std::string line = message.dump() + "\n";
  if (::send(pipe_.get(), line.data(), line.size(), MSG_NOSIGNAL) ==
      static_cast<ssize_t>(line.size()))
    return ok();
  return io_error("cannot talk to the guard", errno);
}

void GuardClient::on_pipe() {
  char buffer[4096];
  const ssize_t size = ::recv(pipe_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {  // its death follows, and is what counts
    loop_.unwatch(pipe_.get());
    pipe_.reset();
    return;
  }
  input_.append(buffer, static_cast<std::size_t>(size));
  for (std::size_t end; (end = input_.find('\n')) != std::string::npos; input_.erase(0, end + 1)) {
    Json answer = Json::parse(input_.substr(0, end), nullptr, false);
    if (integer_at(answer, "id", -1) == question_) answer_ = std::move(answer);
  }
}

// The end of its pipe is seen a moment before that of the process, and only with the latter is the
// lock of its log free.
Error GuardClient::died() {
  for (const Nanos patience : {kDeathPatience, kDeathPatience}) {
    const MonoTime deadline = os::mono_now() + patience;
    while (alive_ && os::mono_now() < deadline) loop_.run_once(kRound);
    if (alive_) (void)child_.kill(SIGKILL);  // it will not answer any more
  }
  return error(ErrorCode::kUnreachable, "the guard died");
}

Result<Json> GuardClient::ask(Json message, Nanos timeout) {
  if (!alive_ || !pipe_) return died();
  answer_.reset();
  message["id"] = ++question_;
  if (!send(message)) return died();
  const MonoTime deadline = os::mono_now() + timeout;
  while (!answer_) {
    if (!alive_ || !pipe_) return died();
    if (os::mono_now() >= deadline) return error(ErrorCode::kTimeout, "the guard did not answer");
    loop_.run_once(kRound);
  }
  const std::string problem = text_at(*answer_, "error");
  if (!problem.empty()) return error(ErrorCode::kIo, problem, text_at(*answer_, "fix"));
  return std::move(*answer_);
}

Result<Injected> GuardClient::inject(const Undo& undo, bool leave_out) {
  const Json message{
      {"do", "inject"}, {"undo", Json::parse(to_line(undo))}, {"leave_out", leave_out}};
  LEVI_TRY(answer, ask(message, kInjectTimeout));
  Injected injected;
  injected.number = static_cast<int>(integer_at(answer, "number"));
  injected.injection = {MonoTime{integer_at(answer, "before_ns")},
                        MonoTime{integer_at(answer, "after_ns")}, object_at(answer, "detail")};
  return injected;
}

Result<std::vector<Trace>> GuardClient::revert(int number) {
  LEVI_TRY(answer, ask(Json{{"do", "revert"}, {"number", number}}, kRevertTimeout));
  return traces_of(answer);
}

Result<std::vector<Trace>> GuardClient::done() {
  LEVI_TRY(answer, ask(Json{{"do", "done"}}, kRevertTimeout));
  const MonoTime deadline = os::mono_now() + kBeginTimeout;
  while (alive_ && os::mono_now() < deadline) loop_.run_once(kRound);
  return traces_of(answer);
}

}  // namespace levi::chaos
