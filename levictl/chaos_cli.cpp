// The command line of `levictl chaos`.
#include <CLI/CLI.hpp>
#include <memory>

#include "core/base/strict_yaml.h"
#include "levictl/chaos.h"
#include "levictl/exit_code.h"
#include "levictl/rate.h"

namespace levi::cli {
namespace {

// The options outlive the parse: callbacks run inside it.
struct Options {
  ChaosRunOptions run;
  ChaosRunOptions selftest;
  std::vector<std::string> sources;
  std::string name;
  std::string folder;
  std::string output = "table";
  double gate = 0.9;
  bool all = false;
};

const CLI::IsMember kFormats({"table", "json"});

void add_scenarios(CLI::App* command, std::vector<std::string>& scenarios) {
  command->add_option("scenario", scenarios,
                      "ids or names (C-1, engine-kill), YAML files, folders; none: all built in");
}

void add_run_target(CLI::App* run, const std::shared_ptr<Options>& o) {
  ChaosRunOptions& r = o->run;
  run->add_flag("--stage", r.stage, "start a practice stage for this run");
  run->add_option("--target", r.target.target, "URL of the core's API, or the name of a stage");
  run->add_option("--control", r.target.control,
                  "host:port of its control server (default: API port + 1)");
  run->add_option("--data", r.target.data, "its data folder on this host");
  run->add_option("--runtime", r.target.runtime, "its runtime folder on this host");
  run->add_option("--exchange-admin", r.exchange_admin,
                  "host:port of the practice exchange's admin server");
  run->add_option("--target-file", r.target_file,
                  "a JSON file that names all of the target (docs/chaos.md)");
  run->add_option("--production", r.production,
                  "refused: chaos does not run on production systems yet");
}

void add_run_judgement(CLI::App* run, const std::shared_ptr<Options>& o) {
  ChaosRunOptions& r = o->run;
  run->add_option("--trials", r.trials, "of each scenario, instead of its own number")
      ->check(CLI::Range(1, 100000));
  run->add_option("--seed", r.seed, "the same seed chooses the same victims");
  run->add_option("--gate", r.gate, "pass rate to reach")->check(is_rate())->capture_default_str();
  run->add_option("--approve-skip", r.approve_skips,
                  "ids of scenarios whose skips do not count against the gate")
      ->delimiter(',');
  run->add_option_function<std::string>(
      "--timeout",
      [&r](const std::string& text) {
        const auto parsed = parse_duration(text);
        if (!parsed) throw CLI::ValidationError("--timeout", parsed.error().text());
        r.timeout = parsed.value();
        if (r.timeout <= Nanos{0})
          throw CLI::ValidationError("--timeout", "a run needs time: give 10m, or leave it out");
      },
      "of the whole run: then it ends as if interrupted");
  run->add_option("--out", r.out, "reports folder (default: build/reports in a checkout)");
  run->add_option("-o,--output", r.output, "table or json")->check(kFormats)->capture_default_str();
}

void add_run(CLI::App* chaos, const std::shared_ptr<Options>& o, int& code) {
  CLI::App* run = chaos->add_subcommand("run", "break a target, measure it, judge it");
  add_scenarios(run, o->run.scenarios);
  add_run_target(run, o);
  add_run_judgement(run, o);
  run->add_flag("--dry-run", o->run.dry_run, "validate, show the plan, do nothing");
  run->callback([o, run, &code] {
    o->run.target_given = run->count("--target") > 0;
    o->run.target_file_given = run->count("--target-file") > 0;
    o->run.seed_given = run->count("--seed") > 0;
    code = chaos_run(o->run);
  });
  run->footer(
      "Example: levictl chaos run --stage; levictl chaos run C-6 --trials 100 --target my-stage\n"
      "Exit 0 passed, 1 gate missed, 2 invalid file or usage, 3 undecided, 4 interrupted, 5 "
      "something is left,\n"
      "6 another run holds the lease, 7 refused.");
}

void add_selftest(CLI::App* chaos, const std::shared_ptr<Options>& o, int& code) {
  CLI::App* selftest =
      chaos->add_subcommand("selftest", "prove for each scenario that it can fail");
  add_scenarios(selftest, o->selftest.scenarios);
  selftest->add_option("--out", o->selftest.out, "reports folder");
  selftest->callback([o, &code] { code = chaos_selftest(o->selftest); });
  selftest->footer(
      "Example: levictl chaos selftest; levictl chaos selftest C-1\n"
      "Exit 0 every control came out as its scenario says, 1 one did not, 3 one was undecided.");
}

void add_list(CLI::App* chaos, const std::shared_ptr<Options>& o, int& code) {
  CLI::App* list = chaos->add_subcommand("list", "the scenarios");
  add_scenarios(list, o->sources);
  list->add_option("-o,--output", o->output, "table or json")->check(kFormats);
  list->callback([o, &code] {
    take_back_in_passing();
    code = chaos_list(o->sources, o->output);
  });
  list->footer("Example: levictl chaos list; levictl chaos list -o json my-scenarios/");

  CLI::App* show =
      chaos->add_subcommand("show", "one scenario's YAML: copy it, change it, run the copy");
  show->add_option("scenario", o->name, "id, name or file")->required();
  show->callback([o, &code] {
    take_back_in_passing();
    code = chaos_show(o->name);
  });
  show->footer("Example: levictl chaos show C-2 > mine.yaml");
}

void add_checks(CLI::App* chaos, const std::shared_ptr<Options>& o, int& code) {
  CLI::App* validate = chaos->add_subcommand(
      "validate", "check scenario files: every mistake has file, line and fix");
  validate->alias("lint");
  add_scenarios(validate, o->sources);
  validate->callback([o, &code] {
    take_back_in_passing();
    code = chaos_validate(o->sources);
  });
  validate->footer("Example: levictl chaos validate mine.yaml\nExit 2 where one is invalid.");

  CLI::App* faults = chaos->add_subcommand("faults", "what can be injected");
  faults->callback([&code] {
    take_back_in_passing();
    code = chaos_faults();
  });
  faults->footer("Example: levictl chaos faults");
}

void add_gate(CLI::App* chaos, const std::shared_ptr<Options>& o, int& code) {
  CLI::App* gate = chaos->add_subcommand("gate", "judge a results folder again");
  gate->add_option("folder", o->folder, "of one run (default: the latest)");
  CLI::Option* rate =
      gate->add_option("--gate", o->gate, "pass rate to reach (default: the run's own)");
  rate->check(is_rate());
  gate->add_option("-o,--output", o->output, "table or json")->check(kFormats);
  gate->callback([o, rate, &code] {
    take_back_in_passing();
    code = chaos_gate(o->folder, o->gate, rate->count() > 0, o->output);
  });
  gate->footer(
      "Example: levictl chaos gate build/reports/chaos/latest --gate 0.95\n"
      "Exit codes as of levictl chaos run.");
}

void add_ends(CLI::App* chaos, const std::shared_ptr<Options>& o, int& code) {
  CLI::App* status = chaos->add_subcommand("status", "what is active on this machine");
  status->callback([&code] {
    take_back_in_passing();
    code = chaos_status();
  });
  status->footer("Example: levictl chaos status\nExit 5 where a dead run left something.");

  CLI::App* stop = chaos->add_subcommand("stop", "end an active run: everything is taken back");
  stop->add_option("run", o->name, "which (default: the only one)");
  stop->add_flag("--all", o->all, "every run; never locked out");
  stop->callback([o, &code] { code = chaos_stop(o->name, o->all); });
  stop->footer("Example: levictl chaos stop; levictl chaos stop --all");

  CLI::App* undo = chaos->add_subcommand("undo", "take back what a killed run left");
  undo->callback([&code] { code = chaos_undo(); });
  undo->footer("Example: levictl chaos undo\nExit 5 where something can't be taken back.");
}

}  // namespace

void add_chaos_commands(CLI::App& app, int& code) {
  auto options = std::make_shared<Options>();
  CLI::App* chaos =
      app.add_subcommand("chaos", "break a trading core on purpose, and believe the verdict");
  chaos->require_subcommand(1);
  chaos->footer("Example: levictl chaos list; levictl chaos run --stage");
  add_run(chaos, options, code);
  add_selftest(chaos, options, code);
  add_list(chaos, options, code);
  add_checks(chaos, options, code);
  add_gate(chaos, options, code);
  add_ends(chaos, options, code);
}

}  // namespace levi::cli
