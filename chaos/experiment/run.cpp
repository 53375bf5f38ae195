#include "chaos/experiment/run.h"

#include <unistd.h>

#include <algorithm>

#include "chaos/experiment/prober.h"
#include "chaos/experiment/release.h"
#include "chaos/experiment/run_context.h"
#include "chaos/experiment/trial.h"
#include "chaos/guard/pause.h"
#include "chaos/guard/undo.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"
#include "core/os/http.h"
#include "reports/results.h"

namespace levi::chaos {
namespace {

constexpr Nanos kAppendMax = 60s;  // a record's fsync, on a disk that is written back
constexpr Nanos kSealPatience = 5s;
constexpr Nanos kHeadPatience = 2s;  // for the line that the core calls its last to be in the file
constexpr Nanos kHeadPoll = 20ms;
constexpr const char* kProduction = "production";

// The target says who it is; what the run was told must be so.
Status check_identity(const TargetSpec& spec, const Json& health) {
  if (text_at(health, "environment") == kProduction || spec.environment == kProduction) {
    return error(ErrorCode::kRefused, "the target at " + spec.api + " is a production system",
                 "chaos does not run there");
  }
  auto expected = spec.expect;
  if (!spec.name.empty()) expected.emplace("name", spec.name);
  if (!spec.environment.empty()) expected.emplace("environment", spec.environment);
  for (const auto& [field, value] : expected) {
    const std::string found = text_at(health, field.c_str());
    if (found == value) continue;
    return error(ErrorCode::kRefused,
                 "this is not the target that was meant: its " + field + " is '" + found +
                     "', expected '" + value + "'",
                 "look at 'levictl status', or name the target anew");
  }
  return ok();
}

std::map<std::string, std::string> environment_of(const TargetSpec& spec, const Json& health) {
  std::map<std::string, std::string> facts{
      {"target", spec.name.empty() ? spec.api : spec.name},
      {"api", spec.api},
      {"cpus", std::to_string(::sysconf(_SC_NPROCESSORS_ONLN))},
      {"boot_id", os::boot_id()}};
  for (const char* key : {"environment", "version", "build", "venue", "mode", "instance"}) {
    if (const std::string value = text_at(health, key); !value.empty()) facts[key] = value;
  }
  return facts;
}

// The clocks of the exchange's ledger and of this process must be one.
Status check_exchange_clock(Caller& caller) {
  if (!caller.has_exchange()) return ok();
  LEVI_TRY(health, caller.exchange("GET", "/health"));
  if (text_at(health, "boot_id") == os::boot_id()) return ok();
  return error(ErrorCode::kUnsupported,
               "the exchange runs on another machine: its ledger's clock can't be compared");
}

// What is known of a run before it begins.
reports::RunFacts facts_of(const std::vector<Scenario>& scenarios, const RunOptions& options) {
  reports::RunFacts facts;
  facts.timestamp = os::format_utc(os::wall_now());
  facts.run = options.run;
  facts.seed = options.seed;
  facts.pass_rate_target = options.pass_rate_min;
  const TargetSpec& target = options.target;
  facts.target = target.name.empty() || target.api.empty() ? target.name + target.api
                                                           : target.name + " at " + target.api;
  for (const auto& scenario : scenarios)
    facts.trials_planned += static_cast<std::size_t>(scenario.trials);
  return facts;
}

class Run {
 public:
  Run(const std::vector<Scenario>& scenarios, const RunOptions& options,
      reports::ResultsWriter& writer)
      : scenarios_(scenarios),
        options_(options),
        writer_(writer),
        context_(options),
        facts_(facts_of(scenarios, options)) {}

  Result<RunResult> execute() {
    pause("begin");
    Status done = begin();
    if (done) done = run_all();
    // Before the guard ends, which is then no death.
    const bool guard_died = context_.guard_dead();
    result_.interrupted = over();
    if (context_.guard) finish();
    if (!done && guard_died) return error(ErrorCode::kInterrupted, "the guard died");
    if (!done) return done.error();  // what is left is in the undo log: undo_leftovers tells it
    auto result = conclude();
    if (const Error* lost = context_.lease_lost()) return *lost;
    return result;
  }

 private:
  void pause(const char* step) {
    pause_at(step, [this] {
      return context_.pump.until([] { return false; }, os::mono_now() + 2ms) != Waited::kBroken;
    });
  }
  bool over() const { return context_.pump.broken(); }

  Status begin() {
    LEVI_TRY(health, context_.target.health());
    LEVI_TRY_STATUS(check_identity(options_.target, health));
    context_.environment = environment_of(options_.target, health);
    context_.life = life_of(health);
    LEVI_TRY_STATUS(start_guard());
    LEVI_TRY(caller, Caller::make(context_.pump, options_.target));
    context_.caller = std::move(caller);
    context_.lease = std::make_unique<RunLease>(*context_.caller, options_.run, options_.owner);
    pause("lease");
    LEVI_TRY_STATUS(context_.lease->take(scenarios_.front().id));
    pause("witnesses");
    return prepare_witnesses(health);
  }

  Status start_guard() {
    GuardOptions guard;
    guard.program = options_.program;
    guard.folder = undo_folder() + "/" + options_.run;
    guard.target = options_.target;
    guard.owner = {options_.run, scenarios_.front().id, os::identify_self(), {}};
    LEVI_TRY(client, GuardClient::start(context_.loop, guard));
    context_.guard = std::move(client);
    return ok();
  }

  Status prepare_witnesses(const Json& health) {
    LEVI_TRY_STATUS(check_exchange_clock(*context_.caller));
    std::vector<std::string> probes;
    for (const auto& scenario : scenarios_) {
      probes.insert(probes.end(), scenario.steady.begin(), scenario.steady.end());
      probes.insert(probes.end(), scenario.throughout.begin(), scenario.throughout.end());
    }
    std::sort(probes.begin(), probes.end());
    probes.erase(std::unique(probes.begin(), probes.end()), probes.end());
    LEVI_TRY_STATUS(check_probes_can_fail(context_.pump, probes));
    LEVI_TRY(api, os::parse_endpoint(options_.target.api));
    context_.stream = std::make_unique<EventStream>(context_.loop, api, followed_types());
    if (context_.caller->has_exchange()) {
      LEVI_TRY(books, Books::open(*context_.caller, text_at(health, "instance")));
      context_.books = std::move(books);
    }
    if (options_.target.data.empty()) return ok();
    context_.audit.emplace(options_.target.data, context_.actor());
    return check_data_folder();
  }

  // Another core's folder would fail this one for what it never wrote.
  Status check_data_folder() {
    const auto looks = [](const Scenario& scenario) {
      const auto& needs = scenario.needs;
      return std::find(needs.begin(), needs.end(), "data-folder") != needs.end();
    };
    if (std::none_of(scenarios_.begin(), scenarios_.end(), looks)) return ok();
    const auto state = context_.caller->api("GET", "/state");
    const Json head = state ? object_at(state.value(), "audit") : Json::object();
    if (integer_at(head, "n") == 0) return ok();  // it has no chain by which it could be known
    AuditReader& audit = *context_.audit;
    audit.expect(integer_at(head, "n"), text_at(head, "hash"));
    for (const MonoTime deadline = os::mono_now() + kHeadPatience;;) {
      const Status read = audit.read_on();
      // One that was changed is for the trials to tell.
      if (!read && read.error().code == ErrorCode::kCorrupt) return ok();
      if (audit.as_expected() || os::mono_now() >= deadline || over()) break;
      (void)context_.pump.until([] { return false; }, os::mono_now() + kHeadPoll);
    }
    if (audit.as_expected().value_or(false) || over()) return ok();
    return error(ErrorCode::kInvalid,
                 "the data folder " + options_.target.data + " is not that of the core at " +
                     options_.target.api + ": its audit chain is another",
                 "name the folder that stands under 'data' in its configuration");
  }

  Status run_all() {
    result_.folder = writer_.folder();
    for (const auto& scenario : scenarios_) {
      if (over()) break;
      LEVI_TRY_STATUS(run_scenario(scenario));
    }
    return ok();
  }

  Status run_scenario(const Scenario& scenario) {
    Eyes eyes(scenario);
    for (int number = 1; number <= scenario.trials && !over(); ++number) {
      Trial trial(context_, scenario, eyes, number);
      result_.records.push_back(
          trial.run([&](Step step) { tell(scenario, number, to_string(step)); }));
      LEVI_TRY_STATUS(append());
      pause("recorded");
    }
    return ok();
  }

  Status append() {
    const GuardClient::Blocking blocking(*context_.guard, kAppendMax);
    return writer_.append(result_.records.back());
  }

  void tell(const Scenario& scenario, int trial, const std::string& step) {
    if (!options_.on_progress) return;
    options_.on_progress({result_.records.size(), facts_.trials_planned,
                          scenario.id + " " + scenario.name, trial, scenario.trials, step});
  }

  void finish() {
    pause("end");
    if (context_.lease) context_.lease->stop();  // not taken anew once it is given back
    // The target had time to come to itself: what no trial could let go of.
    if (context_.seal_left)
      (void)release_seal(context_, *context_.seal_left, "end of the run",
                         os::mono_now() + kSealPatience);
    auto left = context_.guard->alive() ? context_.guard->done() : undo_in_its_place();
    if (!left && !context_.guard->alive()) left = undo_in_its_place();  // it died over it
    if (!left) {
      note_leftover(
          {"the end of the guard is not clean: " + left.error().text(), "levictl chaos undo"});
    } else {
      for (const auto& trace : left.value()) note_leftover(trace);
    }
    if (context_.lease) context_.lease->give_back();
  }

  Result<std::vector<Trace>> undo_in_its_place() {
    const auto undone = undo_run(context_.guard->folder());
    if (undone) return undone.value().leftovers;
    if (undone.error().code == ErrorCode::kNotFound) return std::vector<Trace>{};
    return undone.error();
  }

  void note_leftover(const Trace& trace) {
    facts_.leftovers.push_back(trace.text);
    context_.notes.push_back(trace.text + (trace.fix.empty() ? "" : "; lift it by: " + trace.fix));
  }

  Result<RunResult> conclude() {
    facts_.interrupted = result_.interrupted;
    facts_.complete = result_.records.size() == facts_.trials_planned;
    const reports::GateOptions gate{options_.pass_rate_min, facts_.trials_planned,
                                    result_.interrupted, facts_.leftovers};
    result_.gate = reports::judge_gate(result_.records, gate);
    LEVI_TRY_STATUS(writer_.write_summary(result_.records, facts_, result_.gate));
    result_.notes = context_.notes;
    return std::move(result_);
  }

  const std::vector<Scenario>& scenarios_;
  const RunOptions& options_;
  reports::ResultsWriter& writer_;
  RunContext context_;
  RunResult result_;
  reports::RunFacts facts_;
};

}  // namespace

RunContext::RunContext(const RunOptions& given)
    : options(given),
      target(given.target),
      pump(loop, [this] { return guard_dead() || lease_lost() != nullptr || interrupted(); }) {
  if (given.time_max > Nanos{0}) deadline = os::mono_now() + given.time_max;
}

bool RunContext::interrupted() const {
  return os::mono_now() >= deadline || (options.interrupted && options.interrupted());
}

Result<std::string> RunContext::unmet(const std::string& need) const {
  const TargetSpec& spec = options.target;
  const auto missing = [&](const std::string& value, const char* what) {
    return value.empty() ? "needs " + need + ": " + what : std::string();
  };
  if (need == "exchange-admin")
    return missing(spec.exchange_admin, "the target names no exchange admin port");
  if (need == "data-folder")
    return missing(spec.data, "the target's data folder is not on this host or not named");
  if (need == "runtime-folder")
    return missing(spec.runtime, "the target's runtime folder is not named");
  if (need == "control-port")
    return missing(spec.control, "the target's control port is not named");
  if (need == "local-process") {
    const auto process = target.core_process();
    if (process) return std::string();
    const ErrorCode code = process.error().code;
    const bool elsewhere = code == ErrorCode::kUnsupported || code == ErrorCode::kInvalid;
    if (!elsewhere) return process.error();  // dead or hung, and by no means unsuitable
    return "needs local-process: " + process.error().message;
  }
  return "needs " + need + ", which nobody knows";
}

Result<reports::ResultsWriter> open_results(const std::vector<Scenario>& scenarios,
                                            const RunOptions& options) {
  return reports::ResultsWriter::create(options.reports_folder, facts_of(scenarios, options),
                                        os::wall_now());
}

Status note_failure(reports::ResultsWriter& writer, const std::vector<Scenario>& scenarios,
                    const RunOptions& options, const Error& why) {
  reports::RunFacts facts = facts_of(scenarios, options);
  facts.failure = why.text();
  return writer.write_summary({}, facts, reports::judge_gate({}, {}));
}

Result<RunResult> run_scenarios(const std::vector<Scenario>& scenarios, const RunOptions& options,
                                reports::ResultsWriter& writer) {
  if (scenarios.empty())
    return error(ErrorCode::kInvalid, "no scenario to run", "levictl chaos list shows them");
  return Run(scenarios, options, writer).execute();
}

}  // namespace levi::chaos
