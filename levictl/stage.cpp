// Starting and ending stages.
#include "levictl/stage.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/base/json_fields.h"
#include "core/base/strict_yaml.h"
#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/http.h"
#include "core/os/socket.h"
#include "core/os/thread.h"
#include "core/os/unused_port.h"
#include "levictl/client.h"
#include "levictl/paths.h"
#include "levictl/stage_config.h"
#include "levictl/text.h"

namespace levi::cli {
namespace {

constexpr Nanos kReadyMax{20s};
constexpr Nanos kDownMax{15s};
constexpr Nanos kOpenMax{15s};
constexpr Nanos kStartLockMax{30s};  // longer than another's start may take
constexpr Nanos kLookAgain{20ms};

// Given back at once, and taken again a moment later by its server.
Result<std::string> free_endpoint() {
  LEVI_TRY(port, os::unused_port());
  return "127.0.0.1:" + std::to_string(port);
}

// Between two waits of a start: Ctrl-C takes back what has come up so far.
Status go_on() {
  if (!os::interrupted()) return ok();
  return error(ErrorCode::kInterrupted, "interrupted", "what had come up was taken back");
}

Result<Stage> plan_stage(const StageOptions& options) {
  Stage stage;
  stage.name = options.name;
  const std::string own = "/levi-stage-" + options.name + "-" + os::random_text(6);
  stage.folder = "/tmp" + own;
  stage.data = stage.folder + "/data";
  // Never the default folder itself: it may be one for all of a user's cores, and ours is removed.
  const std::string usual = latch::default_runtime_folder(stage.data);
  stage.runtime = usual.substr(0, usual.rfind('/')) + own;
  stage.control_socket = stage.runtime + "/control.sock";
  stage.supervisor_socket = stage.folder + "/supervisor.sock";
  stage.sabotage = options.sabotage;
  stage.binary = options.sabotage.empty() ? "levid" : "levid-sabotage";
  stage.seed = options.seed;
  stage.venue_latency = options.venue_latency;
  stage.symbols = options.symbols;
  for (std::string* endpoint :
       {&stage.api, &stage.control, &stage.exchange, &stage.exchange_admin}) {
    LEVI_TRY_ASSIGN(*endpoint, free_endpoint());
  }
  stage.starter = os::identify_self();
  if (options.end_with_owner) stage.owner = stage.starter;
  for (const std::string& program :
       {stage.binary, std::string("levi-engine"), std::string("levi-exchange")}) {
    if (os::exists(binary_folder() + "/" + program)) continue;
    return error(ErrorCode::kNotFound, binary_folder() + "/" + program + " is not there",
                 "build it: scripts/build.sh");
  }
  return stage;
}

// One line: "ready" or what went wrong. The pipe's end means that the supervisor died.
Result<std::string> read_line(int fd, Nanos timeout) {
  os::Loop loop;
  std::string line;
  bool ended = false;
  loop.watch(fd, os::kReadable, [&](std::uint32_t) {
    char buffer[512];
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count > 0) line.append(buffer, static_cast<std::size_t>(count));
    ended = count <= 0 || line.find('\n') != std::string::npos;
    if (ended) loop.stop();
  });
  const MonoTime deadline = loop.now() + timeout;
  while (!ended && !os::interrupted() && loop.now() < deadline)
    loop.run_until(std::min(deadline, loop.now() + kLookAgain));
  loop.unwatch(fd);
  if (!ended) {
    LEVI_TRY_STATUS(go_on());
    return error(ErrorCode::kTimeout, "the stage was not ready within " + format_duration(timeout));
  }
  if (line.empty())
    return error(ErrorCode::kUnreachable, "the stage's supervisor ended before it was ready");
  return line.substr(0, line.find('\n'));
}

// Starting a stage is the explicit first opening of its new instance. Waits until levid trades.
Status open_new_instance(const Stage& stage) {
  const std::string control = "http://" + stage.control;
  const MonoTime deadline = os::mono_now() + kOpenMax;
  os::Loop pause;
  std::string waiting_for = "levid";
  while (os::mono_now() < deadline) {
    LEVI_TRY_STATUS(go_on());
    const auto state = call_json("GET", control + "/live/kill", "", 1s);
    const bool sealed = !state || boolean_at(state.value(), "sealed", true);
    if (state && sealed) {
      for (const auto& holder : list_at(state.value(), "holders")) {
        const nlohmann::json body = {{"reason", "practice stage started"},
                                     {"holder", text_at(holder, "holder")},
                                     {"actor", "levictl up"}};
        const auto answer = call_json("POST", control + "/live/restore", json_text(body), 3s);
        if (!answer) waiting_for = answer.error().message;
      }
    }
    const auto ready = call_json("GET", control + "/readyz", "", 1s);
    if (!sealed && ready && boolean_at(ready.value(), "ready", false)) return ok();
    if (ready) waiting_for = json_text(list_at(ready.value(), "reasons"));
    pause.run_until(os::mono_now() + kLookAgain);
  }
  return error(ErrorCode::kTimeout, "the stage does not trade: " + waiting_for);
}

// Who reads "is up" takes its engines for running; one whose budget is spent stays failed.
Status await_engines(const Stage& stage) {
  const MonoTime deadline = os::mono_now() + kOpenMax;
  os::Loop pause;
  std::string waiting_for = "its api does not answer";
  while (os::mono_now() < deadline) {
    LEVI_TRY_STATUS(go_on());
    const auto engines = call_json("GET", "http://" + stage.api + "/engines", "", 1s);
    if (engines) {
      const std::int64_t total = integer_at(engines.value(), "total");
      const std::int64_t running = integer_at(engines.value(), "running");
      if (running + integer_at(engines.value(), "failed") == total) return ok();
      waiting_for = std::to_string(running) + " of " + std::to_string(total) + " run";
    }
    pause.run_until(os::mono_now() + kLookAgain);
  }
  return error(ErrorCode::kTimeout, "the stage's engines did not start: " + waiting_for);
}

Status clear_away(const Stage& stage) {
  for (const StageProcess* process : {&stage.supervisor, &stage.levid, &stage.practice_exchange}) {
    if (process->identity.pid == 0) continue;
    const auto pidfd = os::open_process(process->identity);
    if (!pidfd) continue;  // Gone, or the pid is another's now.
    LEVI_TRY_STATUS(os::send_signal(pidfd.value().get(), 9));
    os::wait_exit(pidfd.value().get(), 5s);
  }
  LEVI_TRY_STATUS(os::remove_tree(stage.runtime));
  LEVI_TRY_STATUS(os::remove_tree(stage.folder));
  return remove_stage_file(stage);
}

// Held from the look at what stands until the new stage is ready.
Result<os::FileLock> lock_starts() {
  const std::string folder = state_folder() + "/stages";
  LEVI_TRY_STATUS(os::make_folders(folder));
  const MonoTime deadline = os::mono_now() + kStartLockMax;
  os::Loop pause;
  while (true) {
    LEVI_TRY_STATUS(go_on());
    auto lock = os::FileLock::take(folder + "/lock");
    if (lock || lock.error().code != ErrorCode::kBusy || os::mono_now() >= deadline) return lock;
    pause.run_until(os::mono_now() + kLookAgain);
  }
}

// kConflict where the stage of that name lives; what a dead one left goes.
Status make_way(const std::string& name) {
  const auto standing = read_stage(name);
  if (!standing && standing.error().code == ErrorCode::kNotFound) return ok();
  if (!standing) return standing.error();
  if (!standing.value().alive()) return clear_away(standing.value());
  return error(ErrorCode::kConflict, "the stage '" + name + "' is up already",
               name == StageOptions{}.name ? "levictl down ends it"
                                           : "levictl down --name " + name + " ends it");
}

Result<os::Child> spawn_supervisor(const Stage& stage, int ready_fd) {
  os::SpawnOptions spawn;
  spawn.program = binary_folder() + "/levictl";
  spawn.arguments = {"stage-supervisor", stage.name, "3"};
  spawn.descriptors = {{ready_fd, 3}};
  spawn.stdout_path = stage.folder + "/supervisor.log";
  spawn.stderr_path = spawn.stdout_path;
  spawn.new_session = true;
  return os::Child::spawn(spawn);
}

// What levid wrote last: its log goes with the stage.
std::string last_words(const Stage& stage) {
  constexpr std::size_t kMost = 800;
  const auto log = os::read_file(stage.folder + "/levid.log");
  if (!log || log.value().empty()) return "";
  const std::string& text = log.value();
  return "\nlevid's log ends with:\n" + text.substr(text.size() > kMost ? text.size() - kMost : 0);
}

// Ends what came up, clears away its files, and says why.
Result<Stage> give_up(const Stage& planned, os::Child& supervisor, const std::string& why) {
  const std::string log = last_words(planned);
  static_cast<void>(supervisor.kill(15));
  if (!supervisor.wait(5s)) {
    static_cast<void>(supervisor.kill(9));
    static_cast<void>(supervisor.wait(5s));
  }
  const auto left = read_stage(planned.name);  // with the processes in it
  const bool ours = left && left.value().folder == planned.folder;
  static_cast<void>(clear_away(ours ? left.value() : planned));
  LEVI_TRY_STATUS(go_on());
  return error(ErrorCode::kUnreachable, "the stage did not start: " + why + log);
}

Result<Stage> bring_up(const Stage& stage, const StageOptions& options) {
  LEVI_TRY_STATUS(write_stage(stage));  // first: keys that no record names would be found by nobody
  LEVI_TRY_STATUS(write_stage_files(stage, options));
  LEVI_TRY_STATUS(check_own_config(stage, options));
  LEVI_TRY_STATUS(go_on());
  LEVI_TRY(pipe, os::make_pipe());
  LEVI_TRY(supervisor, spawn_supervisor(stage, pipe.second.get()));
  pipe.second.reset();
  const auto line = read_line(pipe.first.get(), kReadyMax);
  if (line && line.value() == "ready") return read_stage(stage.name);  // with the processes in it
  return give_up(stage, supervisor, line ? line.value() : line.error().message);
}

Result<Stage> start_processes(const StageOptions& options) {
  LEVI_TRY(lock, lock_starts());
  LEVI_TRY_STATUS(make_way(options.name));
  LEVI_TRY(stage, plan_stage(options));
  auto started = bring_up(stage, options);
  if (!started) static_cast<void>(clear_away(stage));  // keys are in its folder
  return started;
}

}  // namespace

Result<Stage> start_stage(const StageOptions& options) {
  LEVI_TRY_STATUS(check_stage_name(options.name));
  LEVI_TRY(stage, start_processes(options));
  Status up = options.open_latch ? open_new_instance(stage) : ok();
  if (up) up = await_engines(stage);
  if (up) up = go_on();
  if (up) return stage;
  Error why = up.error();
  if (why.code != ErrorCode::kInterrupted) why.message += last_words(stage);
  static_cast<void>(stop_stage(stage));
  return why;
}

Status stop_stage(const Stage& stage) {
  if (stage.starting() && stage.starter.pid != os::identify_self().pid) {
    return error(ErrorCode::kBusy,
                 "the stage '" + stage.name + "' is just being started by process " +
                     std::to_string(stage.starter.pid),
                 "wait until it is up, or end that process");
  }
  if (!stage.alive()) return clear_away(stage);
  LEVI_TRY(pidfd, os::open_process(stage.supervisor.identity));
  const auto answer = os::http_call("POST", "unix:" + stage.supervisor_socket + ":/down", "", 2s);
  if (!answer) {
    LEVI_TRY_STATUS(os::send_signal(pidfd.get(), 15));
  }
  if (os::wait_exit(pidfd.get(), kDownMax)) return clear_away(stage);
  const auto latest =
      read_stage(stage.name);  // The supervisor hangs: its newest children are in the file.
  const bool same = latest && latest.value().folder == stage.folder;
  return clear_away(same ? latest.value() : stage);
}

namespace {

std::vector<std::string> clear_stages(const std::function<bool(const Stage&)>& is_meant) {
  std::vector<std::string> cleared;
  for (const std::string& name : stage_names()) {
    const auto stage = read_stage(name);
    if (!stage || stage.value().alive() || !is_meant(stage.value())) continue;
    const Status done = clear_away(stage.value());
    cleared.push_back(done ? "stage '" + name +
                                 "': its supervisor was gone, or its start was; cleared away"
                           : "stage '" + name + "': " + done.error().text());
  }
  return cleared;
}

}  // namespace

Result<std::string> forget_stage(const std::string& name) {
  LEVI_TRY_STATUS(os::remove_tree(stage_file(name)));
  std::string left;
  for (const char* place : {"/tmp", "/dev/shm"}) {
    const auto entries = os::list_folder(place);
    if (!entries) continue;
    for (const std::string& entry : entries.value()) {
      if (entry.starts_with("levi-stage-" + name + "-"))
        left += (left.empty() ? "" : " ") + (place + ("/" + entry));
    }
  }
  return left;
}

std::vector<std::string> clear_dead_stages() {
  return clear_stages([](const Stage& stage) { return !stage.starting(); });
}

std::vector<std::string> clear_orphaned_stages() {
  return clear_stages(
      [](const Stage& stage) { return stage.owner && !os::is_alive(*stage.owner); });
}

}  // namespace levi::cli
