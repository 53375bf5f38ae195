// levictl: the command. Parses, hands over, maps every ending to the exit codes of exit_code.h.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "chaos/guard/guard.h"
#include "core/base/strict_yaml.h"
#include "core/base/version.h"
#include "levictl/chaos.h"
#include "levictl/doctor.h"
#include "levictl/exit_code.h"
#include "levictl/kill.h"
#include "levictl/proxy.h"
#include "levictl/recover.h"
#include "levictl/stage.h"
#include "levictl/status.h"
#include "levictl/text.h"
#include "levictl/up.h"

namespace levi::cli {
namespace {

void add_target_flags(CLI::App* command, TargetFlags& flags) {
  const auto add = [&](const char* name, std::string TargetFlags::*member, const char* help) {
    command->add_option_function<std::string>(
        name,
        [&flags, name, member](const std::string& text) {
          flags.*member = text;
          if (text.empty() && flags.empty.empty()) flags.empty = name;
        },
        help);
  };
  add("--target", &TargetFlags::target,
      "URL of the core's API, or the name of a stage (or LEVICTL_TARGET)");
  add("--control", &TargetFlags::control,
      "host:port of its control server (default: API port + 1)");
  add("--data", &TargetFlags::data,
      "levid's data folder on this host: finds its latch though levid be dead");
  add("--runtime", &TargetFlags::runtime, "levid's runtime folder on this host");
}

constexpr Nanos kWaitMax{24h};          // beyond that a deadline is a mistake
constexpr Nanos kVenueLatencyMax{10s};  // beyond that no stage comes up

void add_duration(CLI::App* command, const std::string& name, Nanos& value, const std::string& help,
                  Nanos max = kWaitMax) {
  command->add_option_function<std::string>(
      name,
      [&value, name, max](const std::string& text) {
        const auto parsed = parse_duration(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error().text());
        value = parsed.value();
        if (value > max)
          throw CLI::ValidationError(name, text + " is more than " + format_duration(max));
      },
      help + " (default " + format_duration(value) + ")");
}

// CLI11 takes "-1" for a number without sign, and means 18446744073709551615.
CLI::Validator is_count() {
  return CLI::Validator(
      [](const std::string& text) {
        const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
        return digits ? std::string() : "'" + text + "' is no whole number";
      },
      "");
}

// A variable that was not set in a script: without this, `flatten "$SYMBOL"` would mean all.
CLI::Validator is_named() {
  return CLI::Validator(
      [](const std::string& text) {
        return text.empty() ? std::string("it is empty: was a variable not set?") : std::string();
      },
      "");
}

void add_output(CLI::App* command, bool& json) {
  command
      ->add_option_function<std::string>(
          "-o,--output", [&json](const std::string& form) { json = form == "json"; },
          "table or json")
      ->check(CLI::IsMember({"table", "json"}));
}

// What a chaos run left because it and its guard both died is taken back by the next command of
// ours, whichever it is. `kill` alone does not look: nothing may hold it up.
template <class Command, class Options>
int taken_back_before(Command command, const Options& options) {
  take_back_in_passing();
  return command(options);
}

// For commands that are themselves the way to lift what is left: a chaos seal, a stage.
template <class Command, class Options>
int taken_back_after(Command command, const Options& options) {
  const int code = command(options);
  take_back_in_passing();
  return code;
}

// The options outlive the parse: callbacks run inside it.
struct Commands {
  UpOptions up;
  DownOptions down;
  StatusOptions status;
  KillOptions kill;
  ResumeOptions resume;
  FlattenOptions flatten;
  RecoverOptions recover;
  bool doctor_json = false;
  int code = kDone;
};

void add_stage_commands(CLI::App& app, Commands& commands) {
  CLI::App* up =
      app.add_subcommand("up", "start a practice stage: exchange, levid, engines, on loopback");
  up->add_option("--name", commands.up.name, "several stages may stand side by side");
  up->add_option("--config", commands.up.config,
                 "a levid.yaml; @API@, @DATA@ … are filled in (see docs/stage.md)");
  up->add_option("--seed", commands.up.seed, "of the practice market")->check(is_count());
  add_duration(up, "--venue-latency", commands.up.venue_latency,
               "how much later the exchange answers (500us); 0ms: as fast as it can",
               kVenueLatencyMax);
  up->add_option("--sabotage", commands.up.sabotage,
                 "start levid-sabotage with these defences off, e.g. takeover");
  up->add_flag("--sealed", commands.up.sealed, "leave the kill latch sealed");
  up->add_flag("--foreground", commands.up.foreground, "stay; Ctrl-C ends the stage");
  up->callback([&] { commands.code = taken_back_before(up_command, commands.up); });
  up->footer("Example: levictl up && levictl status && levictl chaos run C-1 --trials 3");

  CLI::App* down =
      app.add_subcommand("down", "end a practice stage: its processes and scratch files go");
  down->add_option("--name", commands.down.name, "which stage");
  down->add_flag("--all", commands.down.all, "every stage of this user");
  down->callback([&] { commands.code = taken_back_after(down_command, commands.down); });
  down->footer("Example: levictl down; levictl down --all");
}

void add_kill_command(CLI::App& app, Commands& commands) {
  CLI::App* kill = app.add_subcommand(
      "kill", "stop trading now: every way in at once, then proof that no order is open");
  add_target_flags(kill, commands.kill.target);
  kill->add_option("--reason", commands.kill.reason, "goes into the latch and the audit chain");
  kill->add_option("--holder", commands.kill.holder,
                   "who holds the seal (operator, engine-failure, environment, …)");
  kill->add_option("--actor", commands.kill.actor, "who presses (default: your user name)");
  kill->add_flag("--venue", commands.kill.venue,
                 "also straight to the exchange: cancels everything, seals nothing");
  kill->add_option("--venue-address", commands.kill.venue_address,
                   "host:port of the exchange's REST API")
      ->check(is_named());
  kill->add_option("--symbols", commands.kill.symbols,
                   "for --venue: which symbols to cancel (required where it lists more than 50)")
      ->delimiter(',');
  kill->add_flag("!--no-fence", commands.kill.fence,
                 "never SIGKILL a core that is stopped in the middle of a send");
  add_duration(kill, "--wait", commands.kill.wait, "how long open orders are waited for");
  add_output(kill, commands.kill.json);
  kill->callback([&] { commands.code = kill_command(commands.kill); });
  kill->footer(
      "Example: levictl kill --reason 'prices look wrong'\n"
      "Exit 0: sealed, nothing under way, no order open. 1: anything less than that (it says "
      "what).\n"
      "3: nothing was reached, nothing is sealed. 4: Ctrl-C ended the waiting, not the sealing.");
}

void add_resume_command(CLI::App& app, Commands& commands) {
  CLI::App* resume = app.add_subcommand("resume", "open the kill latch again, with a reason");
  add_target_flags(resume, commands.resume.target);
  resume->add_option("--reason", commands.resume.reason, "required; goes into the audit chain");
  resume->add_option("--holder", commands.resume.holder, "which holder lets go (default operator)");
  resume
      ->add_option("--epoch", commands.resume.epoch,
                   "the epoch you saw: refused if somebody sealed since")
      ->check(is_count());
  resume->add_option("--actor", commands.resume.actor,
                     "default: your login name; chaos:<run> for a chaos seal");
  resume->callback([&] { commands.code = taken_back_after(resume_command, commands.resume); });
  resume->footer("Example: levictl resume --reason 'feed fixed, INC-17'");
}

void add_flatten_command(CLI::App& app, Commands& commands) {
  CLI::App* flatten =
      app.add_subcommand("flatten", "close positions while sealed, reduce-only and audited");
  add_target_flags(flatten, commands.flatten.target);
  flatten->add_option("symbol", commands.flatten.symbol, "one symbol; all where none is given")
      ->check(is_named());
  flatten->add_option("--reason", commands.flatten.reason, "goes into the audit chain");
  flatten->add_flag("--yes", commands.flatten.yes, "really do it");
  add_duration(flatten, "--wait", commands.flatten.wait, "how long to wait until flat");
  flatten->callback([&] { commands.code = taken_back_before(flatten_command, commands.flatten); });
  flatten->footer("Example: levictl kill && levictl flatten BTCUSDT --yes");
}

void add_status_command(CLI::App& app, Commands& commands) {
  CLI::App* status =
      app.add_subcommand("status", "one screen: who stops trading, what is open, is chaos at work");
  add_target_flags(status, commands.status.target);
  add_output(status, commands.status.json);
  status->callback([&] { commands.code = taken_back_before(status_command, commands.status); });
  status->footer(
      "Example: levictl status; levictl status -o json --target 127.0.0.1:8000\n"
      "Exit 0 healthy and open, 1 degraded or sealed, 3 not running.");
}

void add_doctor_command(CLI::App& app, Commands& commands) {
  CLI::App* doctor = app.add_subcommand("doctor", "can this machine run, break and believe?");
  add_output(doctor, commands.doctor_json);
  doctor->callback(
      [&] { commands.code = taken_back_before(doctor_command, commands.doctor_json); });
  doctor->footer("Example: levictl doctor && levictl up\nExit 1 where something is bad.");

  CLI::App* version = app.add_subcommand("version", "print the version");
  version->callback([] { std::printf("levictl %s\n", kBuild); });
  version->footer("Example: levictl version");
}

void add_recover_command(CLI::App& app, Commands& commands) {
  CLI::App* recover =
      app.add_subcommand("recover", "the on-call's first command: diagnose, plan, act, verify");
  add_target_flags(recover, commands.recover.target);
  recover->add_flag("--plan,--dry-run", commands.recover.plan,
                    "show what would be done; do nothing");
  recover->add_flag("--yes", commands.recover.yes, "carry the plan out");
  add_duration(recover, "--wait", commands.recover.wait,
               "how long to wait until it is seen healthy");
  recover->callback([&] { commands.code = taken_back_before(recover_command, commands.recover); });
  recover->footer(
      "Example: levictl recover --plan; levictl recover --yes\n"
      "Never opens the kill latch. Exit 3 with nothing running, 6 while a chaos run is at work.");
}

std::string names_below(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands({}))
    names += (names.empty() ? "" : ", ") + command->get_name();
  return names;
}

const CLI::App* find_below(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->check_name(name)) return command;
  }
  return nullptr;
}

// `levictl help [command …]`, and words where a command was expected: CLI11 would only say that
// something is missing. Nothing where the line is to be parsed.
std::optional<int> look_at_words(const CLI::App& app, int argc, char** argv) {
  const bool help = argc > 1 && std::string_view(argv[1]) == "help";
  const CLI::App* at = &app;
  for (int i = help ? 2 : 1; i < argc && *argv[i] != '-' && !names_below(*at).empty(); ++i) {
    const CLI::App* below = find_below(*at, argv[i]);
    if (below == nullptr) {
      const std::string where = at == &app ? "levictl" : "levictl " + at->get_name();
      std::fprintf(stderr, "%s: there is no command '%s'\n  %s has these subcommands: %s\n",
                   where.c_str(), printable(argv[i]).c_str(), where.c_str(),
                   names_below(*at).c_str());
      return kUsage;
    }
    at = below;
  }
  if (!help) return std::nullopt;
  std::printf("%s", at->help().c_str());
  return kDone;
}

// An answer that nobody could read is none: a full disk, a reader that is gone.
int said_in_full(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  std::fprintf(stderr, "levictl: cannot write standard output: the answer is not whole\n");
  return code == kDone ? static_cast<int>(kFailed) : code;
}

int run(int argc, char** argv) {
  CLI::App app{
      "levictl breaks a trading core on purpose, measures how it recovers, stops it and repairs "
      "it.",
      "levictl"};
  app.set_version_flag("--version", std::string("levictl ") + kBuild);
  app.require_subcommand(1);
  app.footer("Example: levictl up; levictl status; levictl chaos run; levictl down");
  Commands commands;
  add_stage_commands(app, commands);
  add_kill_command(app, commands);
  add_resume_command(app, commands);
  add_flatten_command(app, commands);
  add_status_command(app, commands);
  add_recover_command(app, commands);
  add_doctor_command(app, commands);
  add_chaos_commands(app, commands.code);
  add_proxy_commands(app, commands.code);
  if (const auto told = look_at_words(app, argc, argv)) return said_in_full(*told);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    const bool asked = problem.get_exit_code() == 0;  // --help, --version
    app.exit(problem);
    return asked ? kDone : kUsage;
  }
  return said_in_full(commands.code);
}

}  // namespace
}  // namespace levi::cli

int main(int argc, char** argv) {
  // The stage's supervisor: not for people, so not in --help.
  if (argc == 4 && std::string_view(argv[1]) == "stage-supervisor") {
    return levi::cli::stage_supervisor_main(argv[2], std::atoi(argv[3]));
  }
  // Its flags are levi-proxy's own, with one dash.
  if (argc >= 3 && std::string_view(argv[1]) == "proxy" && std::string_view(argv[2]) == "serve") {
    return levi::cli::proxy_serve({argv + 3, argv + argc});
  }
  // What a chaos run starts itself as: its guard, and the holder of a database lock.
  const int hidden = levi::chaos::hidden_command(argc, argv);
  return hidden >= 0 ? hidden : levi::cli::run(argc, argv);
}
