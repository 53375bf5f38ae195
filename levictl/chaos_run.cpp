// `levictl chaos run`.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "chaos/experiment/catalogue.h"
#include "chaos/experiment/run.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/thread.h"
#include "levictl/chaos.h"
#include "levictl/chaos_target.h"
#include "levictl/exit_code.h"
#include "levictl/operator_name.h"
#include "levictl/paths.h"
#include "reports/table.h"

namespace levi::cli {
namespace {

constexpr std::size_t kTerminalWidth = 80;

// One line of progress on a terminal; elsewhere only trials that did not pass are told, as they
// happen.
class Teller {
 public:
  void step(const chaos::Progress& progress) {
    if (!terminal_) return;
    const std::string line =
        reports::progress_line(progress.done, progress.planned, progress.scenario, progress.trial,
                               progress.trials, progress.step, kTerminalWidth - 1);
    std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
    std::fflush(stderr);
  }
  void clear() const {
    if (terminal_) std::fprintf(stderr, "\r\x1b[K");
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
};

Status check_usage(const ChaosRunOptions& options) {
  if (!options.production.empty()) {
    return error(ErrorCode::kRefused, "chaos does not run on production systems yet",
                 "use a stage: levictl chaos run --stage");
  }
  if (options.target_given && options.target.target.empty()) {
    return error(ErrorCode::kInvalid, "--target is empty", "name a target, or use --stage");
  }
  if (options.target_file_given && options.target_file.empty()) {
    return error(ErrorCode::kInvalid, "--target-file is empty", "name a file, or use --stage");
  }
  const bool named = options.target_given || options.target_file_given;
  if (options.stage && named)
    return error(ErrorCode::kInvalid, "--stage and --target exclude each other", "give one");
  const char* ci = std::getenv("CI");
  const bool in_ci = ci != nullptr && std::string(ci) == "true";
  if (in_ci && !options.stage && !named) {
    return error(ErrorCode::kInvalid, "in CI a run must say what it breaks",
                 "add --stage or --target");
  }
  return ok();
}

Result<std::vector<chaos::Scenario>> load(const ChaosRunOptions& options) {
  LEVI_TRY(scenarios, chaos::load_scenarios(options.scenarios));
  for (auto& scenario : scenarios) {
    if (options.trials > 0) scenario.trials = options.trials;
    LEVI_TRY_STATUS(chaos::lint(scenario));
  }
  return scenarios;
}

void print_plan(const std::vector<chaos::Scenario>& scenarios, const std::string& target) {
  reports::Table table({"ID", "SCENARIO", "FAULT", "TRIALS", "TITLE"});
  for (const auto& scenario : scenarios) {
    table.add({scenario.id, scenario.name, scenario.fault, std::to_string(scenario.trials),
               scenario.title});
  }
  std::printf("%s\nwould run against %s; nothing was done\n", table.text().c_str(), target.c_str());
}

void print_result(const chaos::RunResult& result, const ChaosRunOptions& options) {
  if (options.output == "json") {
    const auto summary = os::read_file(result.folder + "/summary.json");
    if (summary) std::printf("%s", summary.value().c_str());
  } else {
    const bool colour = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    std::printf("%s",
                reports::run_table(result.records, result.gate, options.gate, colour).c_str());
    std::printf("reports: %s\n", result.folder.c_str());
  }
  for (const auto& note : result.notes) std::fprintf(stderr, "levictl: left: %s\n", note.c_str());
}

struct Session {
  const ChaosRunOptions& options;
  const std::vector<chaos::Scenario>& scenarios;
  chaos::RunOptions run;
  reports::ResultsWriter writer;
};

// The folder says why nothing in it was judged. An exit code of its own has the reason already.
int give_up(Session& session, const Error& why, int code) {
  const Status noted = chaos::note_failure(session.writer, session.scenarios, session.run, why);
  if (!noted) std::fprintf(stderr, "levictl: %s\n", noted.error().text().c_str());
  return code;
}

int run_on(const chaos::TargetSpec& target, Session& session) {
  Teller teller;
  chaos::RunOptions& run = session.run;
  run.target = target;
  run.on_progress = [&](const chaos::Progress& progress) { teller.step(progress); };
  std::fprintf(stderr, "run %s, seed %llu, target %s\n", run.run.c_str(),
               static_cast<unsigned long long>(run.seed),
               target.name.empty() ? target.api.c_str() : target.name.c_str());
  const auto result = chaos::run_scenarios(session.scenarios, run, session.writer);
  teller.clear();
  if (!result) {
    const int code = give_up(session, result.error(), chaos_fail(result.error()));
    return take_back_leftovers() ? code : kLeftovers;
  }
  print_result(result.value(), session.options);
  return reports::exit_code(result.value().gate);
}

const Error& left_of_an_earlier_run() {
  static const Error kLeft = error(ErrorCode::kConflict, "an earlier run's faults still stand");
  return kLeft;
}

int run_on_target(const chaos::TargetSpec& target, Session& session) {
  if (!take_back_leftovers()) return give_up(session, left_of_an_earlier_run(), kLeftovers);
  return run_on(target, session);
}

int run_on_own_stage(Session& session) {
  if (!take_back_leftovers()) return give_up(session, left_of_an_earlier_run(), kLeftovers);
  OwnStage own;
  const auto target = own.start("");
  if (!target) {
    return give_up(session, target.error(),
                   os::interrupted() ? kInterrupted : chaos_fail(target.error()));
  }
  const int code = run_on(target.value(), session);
  const Status stopped = own.stop();
  if (stopped) return code;
  std::fprintf(stderr, "levictl: the stage did not end: %s\n", stopped.error().text().c_str());
  return kLeftovers;
}

}  // namespace

chaos::RunOptions chaos_run_options(const ChaosRunOptions& options) {
  chaos::RunOptions run;
  run.run = os::random_text(8);
  run.owner = operator_name();
  // 53 bits: a JSON number that every reader keeps whole.
  run.seed = options.seed_given ? options.seed : os::random_seed() >> 11;
  run.program = os::own_executable();
  run.reports_folder = options.out.empty() ? reports_folder() : options.out;
  run.pass_rate_min = options.gate;
  run.skips_approved = options.approve_skips;
  run.time_max = options.timeout;
  run.interrupted = os::interrupted;
  return run;
}

int chaos_fail(const Error& error) {
  const int code = fail(error);
  switch (error.code) {
    case ErrorCode::kConflict:
      return kLeased;
    // No trial was judged: that the gate is missed (1) would be a verdict on the target.
    case ErrorCode::kIo:
    case ErrorCode::kBusy:
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupported:
      return kUndecided;
    default:
      return code;
  }
}

int chaos_run(const ChaosRunOptions& options) {
  // Everything that can be wrong is found before the first action.
  if (const Status usage = check_usage(options); !usage) return chaos_fail(usage.error());
  const auto scenarios = load(options);
  if (!scenarios) return chaos_fail(scenarios.error());
  if (options.dry_run && options.stage)
    return print_plan(scenarios.value(), "a stage of its own"), kDone;
  os::catch_interrupts();
  const auto named =
      options.stage ? Result<chaos::TargetSpec>(chaos::TargetSpec{}) : chaos_target(options);
  if (!named && named.error().code == ErrorCode::kInvalid) return chaos_fail(named.error());
  if (options.dry_run) {
    if (!take_back_leftovers()) return kLeftovers;
    if (!named) return chaos_fail(named.error());
    return print_plan(scenarios.value(), named.value().api), kDone;
  }
  chaos::RunOptions run = chaos_run_options(options);
  if (named) run.target = named.value();
  auto writer = chaos::open_results(scenarios.value(), run);
  if (!writer) return chaos_fail(writer.error());
  Session session{options, scenarios.value(), std::move(run), std::move(writer).value()};
  if (!named) return give_up(session, named.error(), chaos_fail(named.error()));
  return options.stage ? run_on_own_stage(session) : run_on_target(named.value(), session);
}

}  // namespace levi::cli
