// levid: the trading core. Wires its five threads: trading (this one), control, supervisor (inside
// the engine hub), api, persist.
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/api/server.h"
#include "core/base/sabotage.h"
#include "core/base/version.h"
#include "core/control/control.h"
#include "core/levid/config.h"
#include "core/levid/log.h"
#include "core/levid/persist.h"
#include "core/levid/startup.h"
#include "core/levid/trading.h"
#include "core/os/thread.h"

namespace levi::levid {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;  // it could not go on; a supervisor may start it again
constexpr int kExitUnusable =
    2;  // configuration, a damaged journal, a port in use: starting again would not help
constexpr Nanos kStopMax{2s};  // for open orders to be cancelled at a clean stop

int refuse(const Error& error) {
  std::fprintf(stderr, "levid: %s\n", error.text().c_str());
  const bool unusable = error.code == ErrorCode::kInvalid || error.code == ErrorCode::kConflict ||
                        error.code == ErrorCode::kUnsupported || error.code == ErrorCode::kCorrupt;
  return unusable ? kExitUnusable : kExitFailed;
}

// A port in use: starting again would not help.
Status unless_taken(Status started) {
  if (started || started.error().code != ErrorCode::kBusy) return started;
  Error taken = started.error();
  taken.code = ErrorCode::kConflict;
  return taken;
}

// The soft limit is there for programs that select(2), and too small for a flood of clients beside
// segments, engines and feeds.
std::size_t raise_descriptor_limit() {
  constexpr std::size_t kUsual = 1024;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUsual;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

// The strategies check their own parameters. The instrument's steps are not known yet: what is
// finer than them shows once the venue has named them.
Status check_engines(const Config& config) {
  for (const EngineSettings& settings : config.engines) {
    engine::EngineConfig engine;
    engine.name = settings.name;
    engine.symbol = settings.symbol;
    engine.strategy = settings.strategy;
    engine.parameters = settings.parameters;
    engine.price_exponent = engine.quantity_exponent = kMoneyExponent;
    const Status usable = engine::check_engine(engine);
    if (usable) continue;
    return error(ErrorCode::kInvalid,
                 config.file + ":" + std::to_string(settings.line) + ": " + usable.error().message,
                 usable.error().fix);
  }
  return ok();
}

control::Facts facts_of(const Config& config, const journal::Identity& identity) {
  control::Facts facts;
  facts.name = config.name;
  facts.environment = config.environment;
  facts.mode = config.live ? "LIVE" : "DRY";
  facts.venue = config.venue_name + " " + config.venue_rest;
  facts.key_fingerprint = key_fingerprint(config.key);
  facts.instance = identity.instance.str();
  facts.incarnation = identity.incarnation.value;
  control::fill_own_identity(facts);
  return facts;
}

// One line for whoever started us: the servers listen.
void tell_ready(const Config& config, std::uint16_t api_port, std::uint16_t control_port,
                int ready_fd) {
  const nlohmann::json ready = {{"ready", true},
                                {"pid", getpid()},
                                {"api_port", api_port},
                                {"control_port", control_port},
                                {"control_socket", control_socket_path(config)},
                                {"runtime", config.runtime},
                                {"data", config.data}};
  const std::string line = ready.dump() + "\n";
  static_cast<void>(os::write_all(STDOUT_FILENO, line, "standard output"));
  if (ready_fd < 0) return;
  static_cast<void>(os::write_all(ready_fd, line, "--ready-fd"));
  ::close(ready_fd);
}

// The threads besides trading, in the order in which they start; they stop in the reverse one.
struct Servers {
  std::unique_ptr<Persist> persist;
  std::unique_ptr<api::ApiServer> api;
  std::unique_ptr<control::ControlServer> control;
};

class Core {
 public:
  Core(Config config, std::unique_ptr<Startup> startup, std::size_t descriptors_max)
      : config_(std::move(config)),
        descriptors_max_(descriptors_max),
        startup_(std::move(startup)),
        trading_(loop_, config_, startup_->identity, startup_->latch, startup_->machine,
                 startup_->writer, startup_->recovered.last_instant, status_,
                 TradingPorts{api_port_, control_port_, [this](RecordSequence sequence) {
                                if (servers_.persist) servers_.persist->wait_for_store(sequence);
                              }}) {}

  int run(int ready_fd) {
    const os::Fd signals(os::signal_descriptor());
    const Status started = start(ready_fd);
    if (!started) {
      stop_servers();
      return refuse(started.error());
    }
    loop_.watch(signals.get(), os::kReadable, [&](std::uint32_t) {
      spdlog::info("asked to stop: open orders are cancelled, engines end");
      loop_.unwatch(signals.get());
      trading_.stop(kStopMax);
    });
    log_control_lines();
    loop_.run();
    stop_servers();
    return say_goodbye();
  }

 private:
  // A stop that leaves orders behind is none that a supervisor may take for clean.
  int say_goodbye() const {
    const auto open = trading_.left_open();
    if (open.empty() || !config_.live) {
      spdlog::info("stopped");
      return kExitDone;
    }
    spdlog::error(
        "stopped, and {} orders may still stand at {}, sequence {} to {}: it did not confirm their "
        "cancels. The next start asks for them; without one: levictl kill --venue",
        open.size(), config_.venue_rest, open.front().value, open.back().value);
    return kExitFailed;
  }

  Status start(int ready_fd) {
    LEVI_TRY_STATUS(start_persist());
    LEVI_TRY_STATUS(unless_taken(start_api()));
    LEVI_TRY_STATUS(unless_taken(start_control()));
    LEVI_TRY_STATUS(trading_.start());
    // After the other threads have started: they must not inherit it.
    os::raise_priority(os::Priority::kTrading);
    tell_ready(config_, servers_.api->port(), servers_.control->tcp_port(), ready_fd);
    return ok();
  }

  Status start_persist() {
    PersistOptions options{startup_->journal_paths, startup_->journal_options, store_path(config_),
                           config_.snapshot_every, config_.store_kept};
    options.snapshot_at = startup_->recovered.snapshot.value_or(RecordSequence{});
    options.replayed_to = startup_->recovered.last;
    LEVI_TRY_ASSIGN(servers_.persist,
                    Persist::start(std::move(options), startup_->writer.ring(), status_));
    return ok();
  }

  Status start_api() {
    api::ApiOptions options;
    options.endpoint = config_.api;
    options.facts = facts_of(config_, startup_->identity);
    options.data_folder = config_.data;
    options.store_path = store_path(config_);
    options.journal = startup_->journal_paths;
    // However many ask, three quarters stay for the journal, the engines, the feeds and the kill.
    options.http.connections_max =
        std::min<std::size_t>(options.http.connections_max, descriptors_max_ / 4);
    api::ApiSeed seed{startup_->machine.serialize(), startup_->recovered.last};
    api::ApiPorts ports{status_, api_port_, startup_->latch, control_audit_,
                        [this] { trading_.abort_order_sockets(); }};
    LEVI_TRY_ASSIGN(servers_.api, api::ApiServer::start(std::move(options), std::move(seed),
                                                        startup_->writer.ring(), std::move(ports)));
    return ok();
  }

  Status start_control() {
    control::ControlOptions options;
    options.tcp = config_.control;
    options.socket_path = control_socket_path(config_);
    options.facts = facts_of(config_, startup_->identity);
    LEVI_TRY_ASSIGN(servers_.control,
                    control::ControlServer::start(
                        std::move(options), startup_->latch, status_, control_port_,
                        [this] { trading_.abort_order_sockets(); }, control_audit_));
    return ok();
  }

  void log_control_lines() {
    while (const auto line = servers_.control->next_log_line()) {
      spdlog::log(line->warning ? spdlog::level::warn : spdlog::level::info, "control: {}",
                  line->text.view());
    }
    loop_.after(1s, [this] { log_control_lines(); });
  }

  void stop_servers() {
    if (servers_.control) servers_.control->stop();
    if (servers_.api) servers_.api->stop();
    if (servers_.persist) servers_.persist->stop();
  }

  Config config_;
  std::size_t descriptors_max_;
  std::unique_ptr<Startup> startup_;
  control::SharedStatus status_;
  control::CommandPort api_port_;
  control::CommandPort control_port_;
  control::AuditRing control_audit_;
  os::Loop loop_;
  Servers servers_;  // Before trading_: threads that call into it are joined by stop_servers.
  Trading trading_;
};

int run(int argc, char** argv) {
  CLI::App app{"levid, a trading core that is built to be killed at any instruction.", "levid"};
  std::string file = "levid.yaml";
  bool check = false;
  int ready_fd = -1;
  app.set_version_flag("--version", std::string("levid ") + kBuild);
  app.add_option("--config", file, "configuration; configs/levid.yaml is a commented example");
  app.add_flag("--check", check, "check the configuration and end: 0 usable, 2 not");
  app.add_option("--ready-fd", ready_fd,
                 "write one JSON line to this descriptor once the servers listen");
  app.footer("Example: LEVI_VENUE_KEY=… LEVI_VENUE_SECRET=… levid --config configs/levid.yaml");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    const bool asked = problem.get_exit_code() == 0;
    app.exit(problem);
    return asked ? kExitDone : kExitUnusable;
  }
  auto config = load_config(file);
  if (!config) return refuse(config.error());
  if (const Status usable = check_engines(config.value()); !usable) return refuse(usable.error());
  if (check) {
    std::printf("%s: usable\n", file.c_str());
    return kExitDone;
  }
  // Whoever reads our log or our answers may die: that must not end us with orders open.
  ::signal(SIGPIPE, SIG_IGN);
  const std::size_t descriptors_max = raise_descriptor_limit();
  // Before the first thread and mapping, so that nothing of the kill path is ever paged out.
  const bool locked = os::lock_memory();
  const Log log(STDERR_FILENO, config.value().log_level);
  if (!locked) spdlog::debug("memory is not locked: not permitted");
  auto startup = start_up(config.value());
  if (!startup) return refuse(startup.error());
  Core core(std::move(config).value(), std::move(startup).value(), descriptors_max);
  return core.run(ready_fd);
}

}  // namespace
}  // namespace levi::levid

int main(int argc, char** argv) { return levi::levid::run(argc, argv); }
