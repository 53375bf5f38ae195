// The supervisor of a stage: starts the practice exchange and levid, restarts levid as systemd
// would, ends everything when the owner goes or on `down`. Its children die with it (parent-death
// signal).
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/strict_yaml.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/os/thread.h"
#include "levictl/paths.h"
#include "levictl/stage.h"
#include "levictl/stage_config.h"

namespace levi::cli {
namespace {

using nlohmann::json;

constexpr Nanos kRestartDelay{100ms};  // systemd's RestartSec
constexpr Nanos kBurstInterval{60s};   // StartLimitIntervalSec
constexpr std::size_t kBurstMax = 30;  // StartLimitBurst
constexpr Nanos kEndMax{4s};           // SIGTERM, then SIGKILL

class Supervisor {
 public:
  Supervisor(Stage stage, int ready_fd)
      : stage_(std::move(stage)),
        ready_fd_(ready_fd),
        server_(loop_, {}, [this](os::HttpRequest request, std::shared_ptr<os::HttpReply> reply) {
          reply->send(answer(request));
        }) {}

  int run() {
    const Status started = start();
    if (!started) {
      std::fprintf(stderr, "supervisor: %s\n", started.error().text().c_str());
      tell_ready(started.error().text());
      end_children();
      // Who waits for "ready" clears away. An owner that is gone does not.
      if (stage_.owner && !os::is_alive(*stage_.owner)) clear_away();
      return 1;
    }
    loop_.run();
    end_children();
    clear_away();
    return 0;
  }

 private:
  void clear_away() const {
    static_cast<void>(os::remove_tree(stage_.runtime));
    static_cast<void>(os::remove_tree(stage_.folder));
    static_cast<void>(remove_stage_file(stage_));
  }

  Status start() {
    stage_.supervisor = {os::identify_self(), "levictl"};
    if (stage_.owner) {  // Before the file, which the next command may have cleared away by now.
      LEVI_TRY_ASSIGN(owner_, os::open_process(*stage_.owner));
      loop_.watch(owner_.get(), os::kReadable, [this](std::uint32_t) { loop_.stop(); });
    }
    LEVI_TRY_STATUS(write_stage(stage_));
    signals_.reset(os::signal_descriptor());
    loop_.watch(signals_.get(), os::kReadable, [this](std::uint32_t) { loop_.stop(); });
    LEVI_TRY_STATUS(server_.listen({"", 0, stage_.supervisor_socket}));
    LEVI_TRY_STATUS(start_exchange());
    return ok();
  }

  // A child that tells on descriptor 3, with one line, that it listens.
  Result<os::Child> spawn(const std::string& program, std::vector<std::string> arguments,
                          const std::string& log, const std::function<void(bool)>& on_ready,
                          std::vector<std::pair<std::string, std::string>> environment) {
    LEVI_TRY(pipe, os::make_pipe());
    os::SpawnOptions options;
    options.program = binary_folder() + "/" + program;
    options.arguments = std::move(arguments);
    options.arguments.insert(options.arguments.end(), {"--ready-fd", "3"});
    options.descriptors = {{pipe.second.get(), 3}};
    options.environment_add = std::move(environment);
    options.stdout_path = options.stderr_path = stage_.folder + "/" + log;
    options.parent_death_signal = 9;
    LEVI_TRY(child, os::Child::spawn(options));
    const int fd = pipe.first.release();
    loop_.watch(fd, os::kReadable, [this, fd, on_ready](std::uint32_t) {
      char buffer[1024];
      const ssize_t count = ::read(fd, buffer, sizeof buffer);
      loop_.unwatch(fd);
      ::close(fd);
      on_ready(count > 0);
    });
    return child;
  }

  Status start_exchange() {
    LEVI_TRY(keys, read_stage_keys(stage_));
    const auto port = [](const std::string& endpoint) {
      return endpoint.substr(endpoint.rfind(':') + 1);
    };
    std::vector<std::string> arguments = {
        "--port",         port(stage_.exchange),
        "--admin-port",   port(stage_.exchange_admin),
        "--seed",         std::to_string(stage_.seed),
        "--venue-limits", "off",
        "--latency-us",   std::to_string(stage_.venue_latency / 1us),
        "--ledger",       stage_.folder + "/ledger.jsonl"};
    if (!stage_.symbols.empty()) arguments.insert(arguments.end(), {"--symbols", stage_.symbols});
    const auto on_ready = [this](bool ready) {
      const Status started =
          ready ? start_levid()
                : Status(error(ErrorCode::kIo, "levi-exchange did not start, see exchange.log"));
      if (!started) give_up(started.error().text());
    };
    LEVI_TRY(child,
             spawn("levi-exchange", std::move(arguments), "exchange.log", on_ready,
                   {{"LEVI_PRACTICE_KEY", keys.key}, {"LEVI_PRACTICE_SECRET", keys.secret}}));
    exchange_ = std::move(child);
    stage_.practice_exchange = {exchange_->identity(), "levi-exchange"};
    loop_.watch(exchange_->pidfd(), os::kReadable,
                [this](std::uint32_t) { give_up("levi-exchange ended"); });
    return write_stage(stage_);
  }

  Status start_levid() {
    std::vector<std::pair<std::string, std::string>> environment;
    if (!stage_.sabotage.empty()) environment.push_back({"LEVI_SABOTAGE", stage_.sabotage});
    levid_came_up_ = false;
    const auto on_ready = [this](bool ready) {
      levid_came_up_ = ready;
      if (ready) tell_ready("ready");
    };
    LEVI_TRY(child, spawn(stage_.binary, {"--config", stage_.folder + "/levid.yaml"}, "levid.log",
                          on_ready, std::move(environment)));
    levid_ = std::move(child);
    starts_.push_back(os::mono_now());
    stage_.levid = {levid_->identity(), stage_.binary};
    loop_.watch(levid_->pidfd(), os::kReadable, [this](std::uint32_t) { on_levid_exit(); });
    return write_stage(stage_);
  }

  // A core that is hung, or stopped by a signal, never handles SIGTERM.
  void end_levid_to_restart() {
    restart_asked_ = true;
    static_cast<void>(levid_->kill(15));
    loop_.cancel(force_timer_);
    force_timer_ = loop_.after(kEndMax, [this] {
      std::fprintf(stderr, "supervisor: levid (pid %d) did not end within %s of SIGTERM: SIGKILL\n",
                   levid_->pid(), format_duration(kEndMax).c_str());
      static_cast<void>(levid_->kill(9));
    });
  }

  void on_levid_exit() {
    loop_.unwatch(levid_->pidfd());
    loop_.cancel(force_timer_);
    const auto status = levid_->wait(1s);
    last_exit_ = status ? status->text() : "unknown";
    std::fprintf(stderr, "supervisor: levid (pid %d) ended: %s\n", levid_->pid(),
                 last_exit_.c_str());
    const bool unusable = status && status->exited && status->code == 2;
    const bool wanted_down = status && status->exited && status->code == 0 && !restart_asked_;
    restart_asked_ = false;
    levid_.reset();
    // No core sends itself SIGKILL: one that had come up was killed on purpose, which a chaos run
    // does more often in a minute than any limit on crashes allows.
    const bool killed = status && !status->exited && status->code == SIGKILL;
    if (killed && levid_came_up_ && !starts_.empty()) starts_.pop_back();
    while (!starts_.empty() && os::mono_now() - starts_.front() > kBurstInterval)
      starts_.pop_front();
    if (unusable && !told_) return give_up("levid refused to start");
    failed_ = unusable || starts_.size() >= kBurstMax;
    if (failed_ || wanted_down) return;
    ++restarts_;
    restart_timer_ = loop_.after(kRestartDelay, [this] { restart(); });
  }

  void restart() {
    if (levid_) return;
    const Status started = start_levid();
    if (!started) std::fprintf(stderr, "supervisor: %s\n", started.error().text().c_str());
    failed_ = !started;
  }

  os::HttpResponse answer(const os::HttpRequest& request) {
    if (request.path() == "/state" && request.method == "GET")
      return {200, "application/json", {}, state()};
    if (request.method != "POST")
      return {404, "application/json", {}, "{\"title\":\"no such call\",\"status\":404}"};
    if (request.path() == "/down") {
      loop_.after(Nanos{0}, [this] { loop_.stop(); });
      return {200, "application/json", {}, "{\"ok\":true}"};
    }
    if (request.path() == "/levid/restart" || request.path() == "/levid/start") {
      starts_.clear();  // A restart by hand resets the burst, like systemd's reset-failed.
      failed_ = false;
      if (levid_ && request.path() == "/levid/restart") {
        end_levid_to_restart();
      } else if (!levid_) {
        loop_.cancel(restart_timer_);
        restart();
      }
      return {200, "application/json", {}, state()};
    }
    return {404, "application/json", {}, "{\"title\":\"no such call\",\"status\":404}"};
  }

  std::string state() const {
    json value = {{"stage", stage_.name},
                  {"restarts", restarts_},
                  {"failed", failed_},
                  {"last_exit", last_exit_},
                  {"levid_running", levid_.has_value()}};
    if (levid_) value["levid_pid"] = levid_->pid();
    return value.dump();
  }

  void tell_ready(const std::string& line) {
    if (told_) return;
    told_ = true;
    const std::string text = line + "\n";
    static_cast<void>(os::write_all(ready_fd_, text, "ready pipe"));
    ::close(ready_fd_);
  }

  void give_up(const std::string& why) {
    std::fprintf(stderr, "supervisor: %s\n", why.c_str());
    tell_ready(why);
    loop_.stop();
  }

  void end_children() {
    for (std::optional<os::Child>* child : {&levid_, &exchange_}) {
      if (!*child) continue;
      loop_.unwatch((*child)->pidfd());
      static_cast<void>((*child)->kill(15));
      if ((*child)->wait(kEndMax)) continue;
      static_cast<void>((*child)->kill(9));
      static_cast<void>((*child)->wait(kEndMax));
    }
  }

  Stage stage_;
  int ready_fd_;
  os::Loop loop_;
  os::HttpServer server_;
  os::Fd signals_;
  os::Fd owner_;
  std::optional<os::Child> exchange_;
  std::optional<os::Child> levid_;
  std::deque<MonoTime> starts_;
  os::Loop::TimerId restart_timer_ = 0;
  os::Loop::TimerId force_timer_ = 0;
  std::string last_exit_;
  std::uint64_t restarts_ = 0;
  bool restart_asked_ = false;
  bool failed_ = false;
  bool told_ = false;
  bool levid_came_up_ = false;  // the present one
};

}  // namespace

int stage_supervisor_main(const std::string& stage_name, int ready_fd) {
  auto stage = read_stage(stage_name);
  if (!stage) {
    std::fprintf(stderr, "supervisor: %s\n", stage.error().text().c_str());
    return 2;
  }
  return Supervisor(std::move(stage).value(), ready_fd).run();
}

}  // namespace levi::cli
