#include "tests/chaos/stage_rig.h"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "core/base/json_fields.h"
#include "core/os/file.h"
#include "levictl/paths.h"

namespace levi::chaos {
namespace {

using test::Answer;
using test::ask;
using test::eventually;
using test::Json;
using test::kPatience;
using test::read_all;

constexpr const char* kQuietConfig = R"(name: stage-@NAME@
environment: stage
mode: LIVE
data: @DATA@
runtime: @RUNTIME@
symbols: [BTCUSDT]
venue:
  name: mexc
  rest: @EXCHANGE@
  websocket: @EXCHANGE@
  key_file: @FOLDER@/key
  secret_file: @FOLDER@/secret
  recv_window: 200ms
  answer_timeout: 1s
  order_connections: 1
  update_speed: 10ms
limits:
  max_daily_loss: 1000000
  max_position_size_usd: 100000
  max_open_positions: 10
  max_open_orders: 400
  max_data_age: 1s
  engine_restarts_max: 200
  engine_restart_window: 10m
engines:
  - {name: mm-btcusdt, symbol: BTCUSDT, strategy: quoter, parameters: {levels: 1, spread_bps: 4, quantity: 0.001, position_max: 0.05, refresh_after: 50ms}}
api: @API@
control: @CONTROL@
)";

bool database_locked(const std::string& path) {
  sqlite3* database = nullptr;
  if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK)
    return false;
  const int code = sqlite3_exec(database, "BEGIN IMMEDIATE; ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  return code == SQLITE_BUSY;
}

std::vector<std::string> folder_names(const std::string& folder) {
  auto names = os::list_folder(folder);
  return names ? std::move(names).value() : std::vector<std::string>{};
}

}  // namespace

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::kHalfOpen:
      return "half-open";
    case Kind::kDbLock:
      return "db-lock";
    case Kind::kKill:
      return "kill";
    case Kind::kCoreKill:
      return "core-kill";
    case Kind::kEngineKill:
      return "engine-kill";
    case Kind::kReset:
      return "reset";
  }
  return "";
}

std::string scenario_text(Kind kind) {
  const std::string head = std::string("id: ") + to_string(kind) + "\nname: " + to_string(kind) +
                           "\ntitle: a test\nsettle: 20ms\ntrials: 2\ntimeout: 5s\n" +
                           "steady: [feed.live, latch.open]\n";
  switch (kind) {
    case Kind::kHalfOpen:
      return head + "inject: {fault: feed.half_open}\n";
    case Kind::kDbLock:
      return head + "inject: {fault: db.lock}\nfor: 100ms\n";
    case Kind::kKill:
      return head + "inject: {fault: kill.switch}\nvariants: [control-port, file]\n";
    case Kind::kCoreKill:
      return head + "inject: {fault: core.kill}\n";
    case Kind::kEngineKill:
      return head + "inject: {fault: engine.kill}\n";
    case Kind::kReset:
      return head + "inject: {fault: feed.reset}\n";
  }
  return "";
}

std::string StageRig::config() const { return kQuietConfig; }

void StageRig::SetUp() {
  ASSERT_TRUE(os::write_file_atomic(folder("quiet.yaml"), config()));
  for (const Kind kind : kKinds)
    ASSERT_TRUE(os::write_file_atomic(scenario_file(kind), scenario_text(kind)));
  cli::StageOptions options;
  options.config = folder("quiet.yaml");
  ASSERT_NO_FATAL_FAILURE(start(options));
}

std::string StageRig::scenario_file(Kind kind) const {
  return folder(std::string(to_string(kind)) + ".yaml");
}

TargetSpec StageRig::target() const {
  TargetSpec spec;
  spec.name = "stage-" + stage_.name;
  spec.environment = "stage";
  spec.api = stage_.api;
  spec.control = stage_.control;
  spec.control_socket = stage_.control_socket;
  spec.runtime = stage_.runtime;
  spec.data = stage_.data;
  spec.exchange = stage_.exchange;
  spec.exchange_admin = stage_.exchange_admin;
  return spec;
}

os::SpawnOptions LevictlRig::options_of(const std::vector<std::string>& arguments,
                                        const std::string& target, const std::string& log) const {
  (void)::unlink(folder(log).c_str());
  os::SpawnOptions options;
  options.program = cli::binary_folder() + "/levictl";
  options.arguments = arguments;
  options.environment_add = {{"LEVI_CHAOS_PAUSE_DIR", folder("pause")}};
  if (!target.empty()) options.environment_add.push_back({"LEVICTL_TARGET", target});
  options.stdout_path = options.stderr_path = folder(log);
  options.parent_death_signal = SIGKILL;
  return options;
}

Outcome LevictlRig::levictl(const std::vector<std::string>& arguments, const std::string& target,
                            Nanos patience) {
  auto child = os::Child::spawn(options_of(arguments, target, "command.log"));
  EXPECT_TRUE(child) << child.error().text();
  if (!child) return {};
  const auto status = child.value().wait(patience);
  EXPECT_TRUE(status) << "levictl " << arguments.front() << " does not end";
  if (!status) (void)child.value().kill(SIGKILL);
  return {status && status->exited ? status->code : -1, read_all(folder("command.log"))};
}

void LevictlRig::start_run(const std::vector<std::string>& arguments, const std::string& target,
                           const std::string& step) {
  ASSERT_TRUE(os::remove_tree(folder("pause")));
  ASSERT_TRUE(os::make_folders(folder("pause")));
  std::vector<std::string> all{"chaos", "run", "--out", folder("reports")};
  all.insert(all.end(), arguments.begin(), arguments.end());
  os::SpawnOptions options = options_of(all, target, "run.log");
  options.environment_add.push_back({"LEVI_CHAOS_PAUSE_AT", step});
  auto child = os::Child::spawn(options);
  ASSERT_TRUE(child) << child.error().text();
  run_ = std::move(child).value();
  if (step.empty()) return;
  const std::string at = folder("pause/at");
  ASSERT_TRUE(eventually([&] { return os::exists(at) || !os::is_alive(run_->identity()); }));
  ASSERT_TRUE(os::exists(at)) << "never came there: " << run_log();
}

void LevictlRig::go() { ASSERT_TRUE(os::write_file_atomic(folder("pause/go"), "go\n")); }

Outcome LevictlRig::end_run() {
  const auto status = run_->wait(kPatience);
  EXPECT_TRUE(status) << "levictl does not end";
  if (!status) (void)run_->kill(SIGKILL);
  return {status && status->exited ? status->code : -1, run_log()};
}

std::optional<RunOwner> LevictlRig::owner() const {
  for (const auto& name : folder_names(undo_parent())) {
    if (const auto owner = read_owner(undo_parent() + "/" + name)) return owner.value();
  }
  return std::nullopt;
}

std::vector<std::string> LevictlRig::processes(bool stages) const {
  std::vector<std::string> found;
  const std::string ours = "XDG_STATE_HOME=" + home_.path();
  for (const auto& pid : folder_names("/proc")) {
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (pid == std::to_string(::getpid())) continue;
    std::string line = read_all("/proc/" + pid + "/cmdline");
    const bool of_stage = line.find("/levictl") == std::string::npos ||
                          line.find("stage-supervisor") != std::string::npos;
    if (line.empty() || (of_stage && !stages)) continue;
    const std::string environment = '\0' + read_all("/proc/" + pid + "/environ") + '\0';
    if (environment.find('\0' + ours + '\0') == std::string::npos) continue;
    std::replace(line.begin(), line.end(), '\0', ' ');
    found.push_back("process " + pid + ": " + line);
  }
  return found;
}

bool StageRig::fault_stands(Kind kind) {
  switch (kind) {
    case Kind::kHalfOpen:
      return integer_at(ask("GET", witness().url() + "/faults").body, "active") > 0;
    case Kind::kDbLock:
      // The store's own transactions lock it, too, but not twenty times in a row.
      return !eventually([&] { return !database_locked(stage_.data + "/levi.db"); }, 100ms);
    case Kind::kKill:
      return is_sealed();
    case Kind::kCoreKill:
      return control("GET", "/healthz").status == 0;
    case Kind::kEngineKill:
    case Kind::kReset:
      break;  // it landed and was over: nothing stands
  }
  return false;
}

bool StageRig::is_sealed() {
  const Json latch = control("GET", "/live/kill").body;
  for (const auto& holder : list_at(latch, "holders")) {
    if (text_at(holder, "holder") == "chaos") return true;
  }
  return false;
}

// One line for each thing; empty: nothing.
std::string StageRig::whats_left() {
  std::string left;
  for (const auto& process : processes(false)) left += process + "\n";
  const Answer lease = api("GET", "/chaos/lease");
  if (lease.status != 200 || !value_at(lease.body, "lease").is_null())
    left += "a lease: " + lease.text + "\n";
  const Answer faults = ask("GET", witness().url() + "/faults");
  if (integer_at(faults.body, "active", -1) != 0) left += "a fault: " + faults.text + "\n";
  const Answer connections = ask("GET", witness().url() + "/connections");
  if (connections.text.find("\"frozen\":true") != std::string::npos)
    left += "a frozen connection: " + connections.text + "\n";
  if (fault_stands(Kind::kDbLock)) left += "a database lock\n";
  for (const auto& name : folder_names(undo_parent())) {
    if (!is_sealed()) left += "an undo log: " + name + "\n";
  }
  const cli::Stage stage = current();
  for (const auto& process : {stage.levid.identity, stage.practice_exchange.identity}) {
    const auto state = os::process_state(process.pid);
    if (!state || state.value() == 'T') left += "a stopped or dead process of the stage\n";
  }
  return left;
}

void StageRig::expect_nothing_left_but_seal() {
  std::string left;
  EXPECT_TRUE(eventually([&] { return (left = whats_left()).empty(); }, 10s)) << left << run_log();
}

void StageRig::expect_nothing_left() {
  EXPECT_FALSE(is_sealed()) << run_log();
  expect_nothing_left_but_seal();
}

void StageRig::expect_seal_and_lift_it() {
  ASSERT_TRUE(is_sealed());
  const auto owned = owner();
  ASSERT_TRUE(owned);
  const std::string seal = "the kill latch is sealed by chaos:" + owned->run;
  const Outcome status = on_stage({"status"});
  EXPECT_NE(status.text.find(seal), std::string::npos) << status.text;
  EXPECT_EQ(on_stage({"chaos", "status"}).code, 5);
  EXPECT_EQ(on_stage({"chaos", "undo"}).code, 5);
  EXPECT_EQ(on_stage({"chaos", "run", scenario_file(Kind::kKill)}).code, 5);  // nothing new on top
  const std::string fix = "levictl resume --target " + stage_.api + " --control " + stage_.control +
                          " --holder chaos --actor chaos:" + owned->run;
  EXPECT_NE(status.text.find(fix), std::string::npos) << status.text;
  const Outcome resumed =
      levictl({"resume", "--target", stage_.api, "--control", stage_.control, "--holder", "chaos",
               "--actor", "chaos:" + owned->run, "--reason", "the test's end"});
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_FALSE(is_sealed());
}

}  // namespace levi::chaos
