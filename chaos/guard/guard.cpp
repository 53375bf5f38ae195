#include "chaos/guard/guard.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "chaos/fault/db_lock.h"
#include "chaos/fault/registry.h"
#include "chaos/guard/lease.h"
#include "chaos/guard/pause.h"
#include "chaos/guard/undo.h"
#include "core/base/check.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"
#include "core/os/loop.h"
#include "core/os/thread.h"

namespace levi::chaos {
namespace {

constexpr int kPipe = 3;
constexpr std::size_t kLineBytesMax = 1 << 20;

Json traces_json(const std::vector<Trace>& traces) {
  Json list = Json::array();
  for (const auto& trace : traces) list.push_back({{"text", trace.text}, {"fix", trace.fix}});
  return list;
}

Json error_json(const Error& e) {
  return {{"error", e.message}, {"code", to_string(e.code)}, {"fix", e.fix}};
}

class Guard {
 public:
  int run() {
    signals_.reset(os::signal_descriptor());
    loop_.watch(signals_.get(), os::kReadable,
                [this](std::uint32_t) { leave("it was told to stop"); });
    loop_.watch(kPipe, os::kReadable, [this](std::uint32_t) { on_pipe(); });
    loop_.run();
    return exit_code_;
  }

 private:
  struct Active {
    const FaultKind* kind = nullptr;
    std::unique_ptr<Fault> fault;
    Undo undo;
  };

  void pause(const char* step) {
    pause_at(step, [] {
      os::Loop waiting;
      waiting.run_until(os::mono_now() + 2ms);
      return true;
    });
  }

  void tick_later() {
    loop_.after(lease_->tick_period(), [this] { on_tick(); });
  }

  // What levictl said while we were busy or stopped ourselves was read before: a loop runs its
  // timers after its descriptors.
  void on_tick() {
    const std::string over = lease_->tick(os::mono_now(), [this] { return levictl_state(); });
    if (over.empty()) return tick_later();
    leave(over);
    std::fprintf(stderr, "levictl guard: took everything back: %s\n", over.c_str());
  }

  char levictl_state() const {
    const os::ProcessIdentity& levictl = log_->owner().levictl;
    if (!os::is_alive(levictl)) return 0;
    const auto state = os::process_state(levictl.pid);
    return state ? state.value() : '\0';
  }

  void on_pipe() {
    char buffer[4096];
    const ssize_t size = ::recv(kPipe, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return leave("levictl is gone");
    input_.append(buffer, static_cast<std::size_t>(size));
    if (input_.size() > kLineBytesMax) return leave("levictl sent an endless line");
    for (std::size_t end; !left_ && (end = input_.find('\n')) != std::string::npos;) {
      const std::string line = input_.substr(0, end);
      input_.erase(0, end + 1);
      on_message(Json::parse(line, nullptr, false));
    }
  }

  void on_message(const Json& message) {
    if (lease_) lease_->heard();
    const std::string what = text_at(message, "do");
    if (what == "renew") return;
    question_ = integer_at(message, "id");
    if (what == "begin") return reply(begin(message));
    if (!log_) return reply({{"error", "not begun"}, {"code", "invalid"}, {"fix", ""}});
    if (what == "inject") return reply(inject(message));
    if (what == "revert") return reply(revert(static_cast<int>(integer_at(message, "number"))));
    if (what == "done") return done();
    reply({{"error", "unknown message '" + what + "'"}, {"code", "invalid"}, {"fix", ""}});
  }

  void reply(Json json) {
    json["id"] = question_;
    const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    // A levictl that does not read any more has gone, or is about to: the end of the pipe says the
    // rest.
    (void)::send(kPipe, line.data(), line.size(), MSG_NOSIGNAL);
  }

  Json begin(const Json& message) {
    const auto target = parse_target(object_at(message, "target").dump(), "target");
    if (!target) return error_json(target.error());
    const Nanos silence_max{integer_at(message, "lease_ms") * 1'000'000};
    if (silence_max <= Nanos{0} || log_)
      return {{"error", "no such beginning"}, {"code", "invalid"}, {"fix", ""}};
    const Json& owner = object_at(message, "owner");
    RunOwner run{text_at(owner, "run"), text_at(owner, "scenario"), {}, os::identify_self()};
    run.levictl = {static_cast<pid_t>(integer_at(owner, "pid")),
                   static_cast<std::uint64_t>(integer_at(owner, "start_ticks")),
                   text_at(owner, "boot_id")};
    auto log = UndoLog::create(text_at(message, "folder"), target.value(), run);
    if (!log) return error_json(log.error());
    pause("guard-begin");
    log_.emplace(std::move(log).value());
    target_.emplace(target.value());
    lease_.emplace(silence_max);
    tick_later();
    return {{"ok", true}};
  }

  Json inject(const Json& message) {
    auto undo = parse_undo(object_at(message, "undo").dump());
    if (!undo) return error_json(undo.error());
    pause("guard-before-log");
    const auto number = log_->add(undo.value());
    if (!number) return error_json(number.error());
    Active& active = active_[number.value()];
    active.kind = find_fault(undo.value().kind);
    active.fault = active.kind->make();
    active.undo = std::move(undo).value();
    lease_->stands(number.value(), os::mono_now() + Nanos{integer_at(message, "life_ns")});
    pause("guard-before-inject");
    const auto injected = inject_or_not(active, message);
    pause("guard-after-inject");
    if (!injected) {
      Json failed = error_json(injected.error());
      failed["leftovers"] = revert(number.value())["leftovers"];
      // What still stands is ours until it is gone: a press that landed all the same is released.
      if (active_.contains(number.value())) failed["number"] = number.value();
      return failed;
    }
    return {{"ok", true},
            {"number", number.value()},
            {"before_ns", injected.value().before.ns},
            {"after_ns", injected.value().after.ns},
            {"detail", injected.value().detail}};
  }

  Result<Injection> inject_or_not(Active& active, const Json& message) {
    // A kill is released by a living levictl only: nothing is broken for a dead one.
    pollfd pipe{kPipe, POLLRDHUP, 0};
    if (::poll(&pipe, 1, 0) > 0) return error(ErrorCode::kInterrupted, "levictl is gone");
    // Nor for one that may have stopped waiting for it: our log write may have waited for the disk.
    if (os::mono_now() >= MonoTime{integer_at(message, "deadline_ns")})
      return error(ErrorCode::kTimeout, "it came too late to be injected");
    // The negative control: all is as ever, but nothing is broken.
    if (boolean_at(message, "leave_out"))
      return Injection{os::mono_now(), os::mono_now(), Json::object()};
    return active.fault->inject(*target_, active.undo);
  }

  Json revert(int number) {
    const auto found = active_.find(number);
    if (found == active_.end())
      return {{"error", "nothing bears that number"}, {"code", "not found"}, {"fix", ""}};
    pause("guard-before-revert");
    const MonoTime at = os::mono_now();
    Active& active = found->second;
    auto left = undo_one(*active.fault, *active.kind, *target_, active.undo);
    pause("guard-after-revert");
    if (left.empty()) {
      if (const Status removed = log_->remove(number); !removed)
        left.push_back({removed.error().text(), ""});
      lease_->ended(number);
      active_.erase(found);
    }
    return {{"ok", true}, {"at_ns", at.ns}, {"leftovers", traces_json(left)}};
  }

  // The children of our own faults first: they are known here, and need not be looked for.
  Undone take_everything_back() {
    if (!log_) return {};
    for (auto& [number, active] : active_) (void)active.fault->revert(*target_, active.undo);
    Undone undone = undo_log(*log_);
    if (undone.leftovers.empty()) {
      if (const Status closed = log_->close(); !closed)
        undone.leftovers.push_back({closed.error().text(), ""});
    }
    return undone;
  }

  void done() {
    const Undone undone = take_everything_back();
    pause("guard-before-end");
    reply({{"ok", true}, {"leftovers", traces_json(undone.leftovers)}});
    finish(undone);
  }

  void leave(const std::string& why) {
    if (left_) return;
    const Undone undone = take_everything_back();
    if (!undone.leftovers.empty()) std::fprintf(stderr, "levictl guard: %s\n", why.c_str());
    for (const auto& trace : undone.leftovers) {
      std::fprintf(stderr, "levictl guard: left: %s%s%s\n", trace.text.c_str(),
                   trace.fix.empty() ? "" : "; lift it by: ", trace.fix.c_str());
    }
    finish(undone);
  }

  void finish(const Undone& undone) {
    left_ = true;
    exit_code_ = undone.leftovers.empty() ? 0 : 5;
    loop_.stop();
  }

  os::Loop loop_;
  os::Fd signals_;
  std::string input_;
  std::int64_t question_ = 0;
  std::optional<UndoLog> log_;
  std::optional<Target> target_;
  std::map<int, Active> active_;
  std::optional<Lease> lease_;  // from `begin` on
  bool left_ = false;
  int exit_code_ = 0;
};

}  // namespace

int guard_main() {
  if (::fcntl(kPipe, F_GETFD) < 0) {
    std::fprintf(stderr, "levictl guard is started by levictl chaos run, not by hand\n");
    return 2;
  }
  // Who reads our stderr may be gone: that must not keep us from the work.
  std::signal(SIGPIPE, SIG_IGN);
  return Guard().run();
}

int hidden_command(int argc, const char* const* argv) {
  if (argc == 2 && std::strcmp(argv[1], kGuardCommand) == 0) return guard_main();
  if (argc == 4 && std::strcmp(argv[1], kHoldLockCommand) == 0) return hold_lock(argv[2], argv[3]);
  return -1;
}

}  // namespace levi::chaos
