// `levictl chaos …`: one file per group of subcommands, each a plain function that returns the exit
// code.
#pragma once

#include <string>
#include <vector>

#include "core/base/instant.h"
#include "levictl/target.h"

namespace CLI {
class App;
}

namespace levi::cli {

struct ChaosRunOptions {
  std::vector<std::string> scenarios;  // ids, files, folders; none: all built-in ones
  bool stage = false;                  // a stage of the run's own
  TargetFlags target;
  bool target_given = false;  // --target, even an empty one, which is an error
  std::string target_file;    // a JSON file as a stage's, for targets that are none
  bool target_file_given = false;
  std::string exchange_admin;
  int trials = 0;  // 0: as the scenario says
  std::uint64_t seed = 0;
  bool seed_given = false;
  double gate = 0.9;
  std::string out;
  Nanos timeout{0};
  bool dry_run = false;
  std::string production;
  std::vector<std::string> approve_skips;
  std::string output = "table";
};

int chaos_run(const ChaosRunOptions& options);
int chaos_selftest(const ChaosRunOptions& options);

int chaos_list(const std::vector<std::string>& sources, const std::string& output);
int chaos_show(const std::string& scenario);
int chaos_validate(const std::vector<std::string>& sources);
int chaos_faults();

int chaos_status();
int chaos_stop(const std::string& run, bool all);
int chaos_undo();
int chaos_gate(const std::string& folder, double gate, bool gate_given, const std::string& output);

// Adds `chaos` and its subcommands to the parser; `code` receives the exit code of the one that
// ran.
void add_chaos_commands(CLI::App& app, int& code);

// What an earlier run of ours left because it and its guard both died: taken back before anything
// else. Prints to stderr what was done. Returns false where something is left.
bool take_back_leftovers();

// The same for commands that have other work to do: a target that hangs does not hold them up, and
// what is left is told but decides no exit code. Every command but `kill`, which nothing may delay.
void take_back_in_passing();

}  // namespace levi::cli
