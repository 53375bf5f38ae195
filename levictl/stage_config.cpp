#include "levictl/stage_config.h"

#include "core/base/strict_yaml.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/process.h"
#include "levictl/paths.h"

namespace levi::cli {
namespace {

constexpr Nanos kCheckMax{10s};

// What a stage trades: three symbols, a quoter each. Two replace their quotes as soon as they are
// confirmed open, so that every fault falls into real order flow; the third stands at the best
// prices long enough to be filled, so that the ledgers have fills to compare.
constexpr const char* kStageConfig = R"(name: stage-@NAME@
environment: stage
mode: LIVE
data: @DATA@
runtime: @RUNTIME@
symbols: [BTCUSDT, ETHUSDT, SOLUSDT]
venue:
  name: mexc
  rest: @EXCHANGE@
  websocket: @EXCHANGE@
  key_file: @FOLDER@/key
  secret_file: @FOLDER@/secret
  recv_window: 200ms
  answer_timeout: 1s
  order_connections: 12
  update_speed: 10ms
limits:
  max_daily_loss: 1000000
  max_position_size_usd: 100000
  max_open_positions: 10
  max_open_orders: 400
  max_data_age: 1s
  engine_restarts_max: 5
  engine_restart_window: 10m
engines:
  - {name: mm-btcusdt, symbol: BTCUSDT, strategy: quoter, parameters: {levels: 2, spread_bps: 4, quantity: 0.001, position_max: 0.05, refresh_after: 0ms}}
  - {name: mm-ethusdt, symbol: ETHUSDT, strategy: quoter, parameters: {levels: 2, spread_bps: 4, quantity: 0.01, position_max: 0.5, refresh_after: 0ms}}
  - {name: mm-solusdt, symbol: SOLUSDT, strategy: quoter, parameters: {levels: 2, spread_bps: 1, quantity: 0.1, position_max: 5, refresh_after: 25ms}}
api: @API@
control: @CONTROL@
)";

void replace_all(std::string& text, const std::string& mark, const std::string& value) {
  for (std::size_t at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + value.size())) {
    text.replace(at, mark.size(), value);
  }
}

// Without these a stage would run on somebody's real folders and addresses.
Result<std::string> read_own_config(const std::string& path) {
  auto config = os::read_file(path);
  if (!config) return error(ErrorCode::kInvalid, config.error().message, "give a levid.yaml");
  for (const char* mark : {"@DATA@", "@RUNTIME@", "@EXCHANGE@", "@API@", "@CONTROL@"}) {
    if (config.value().find(mark) != std::string::npos) continue;
    return error(ErrorCode::kInvalid, path + " does not say " + mark,
                 "a stage fills in its own addresses and folders: data: @DATA@, runtime: "
                 "@RUNTIME@, rest and websocket: @EXCHANGE@, api: @API@, control: @CONTROL@");
  }
  return config;
}

}  // namespace

Status write_stage_files(const Stage& stage, const StageOptions& options) {
  LEVI_TRY_STATUS(os::make_folders(stage.folder, 0700));
  const StageKeys keys{"practice-" + os::random_text(16), os::random_text(40)};
  LEVI_TRY_STATUS(os::write_file_atomic(stage.folder + "/key", keys.key + "\n", 0600));
  LEVI_TRY_STATUS(os::write_file_atomic(stage.folder + "/secret", keys.secret + "\n", 0600));
  std::string config = kStageConfig;
  if (!options.config.empty()) {
    LEVI_TRY_ASSIGN(config, read_own_config(options.config));
  }
  replace_all(config, "@NAME@", stage.name);
  replace_all(config, "@DATA@", stage.data);
  replace_all(config, "@RUNTIME@", stage.runtime);
  replace_all(config, "@EXCHANGE@", stage.exchange);
  replace_all(config, "@FOLDER@", stage.folder);
  replace_all(config, "@API@", stage.api);
  replace_all(config, "@CONTROL@", stage.control);
  return os::write_file_atomic(stage.folder + "/levid.yaml", config);
}

Status check_own_config(const Stage& stage, const StageOptions& options) {
  if (options.config.empty()) return ok();
  const std::string copy = stage.folder + "/levid.yaml";  // the same lines
  os::SpawnOptions spawn;
  spawn.program = binary_folder() + "/" + stage.binary;
  spawn.arguments = {"--config", copy, "--check"};
  spawn.stdout_path = spawn.stderr_path = stage.folder + "/check.log";
  LEVI_TRY(child, os::Child::spawn(spawn));
  const auto status = child.wait(kCheckMax);
  if (status && status->exited && status->code == 0) return ok();
  if (!status) static_cast<void>(child.kill(9));
  const auto log = os::read_file(spawn.stdout_path);
  std::string said = log ? log.value().substr(0, log.value().find_last_not_of('\n') + 1) : "";
  replace_all(said, copy, options.config);
  return error(ErrorCode::kInvalid, "the configuration is not usable\n" + said);
}

Result<StageKeys> read_stage_keys(const Stage& stage) {
  LEVI_TRY(key, os::read_file(stage.folder + "/key"));
  LEVI_TRY(secret, os::read_file(stage.folder + "/secret"));
  return StageKeys{key.substr(0, key.find('\n')), secret.substr(0, secret.find('\n'))};
}

}  // namespace levi::cli
