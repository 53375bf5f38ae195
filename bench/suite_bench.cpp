// The six scenarios, ten trials each, as `levictl chaos run --stage` breaks a stage of its own:
// from the command's start to its end, the stage's start and end and the reports included.
//
//   bench_suite [--trials 10]
#include <cstring>

#include "bench/report.h"
#include "core/os/clock.h"

namespace levi::bench {
namespace {

constexpr double kSecondsMost = 90;
constexpr Nanos kPatience{600s};
constexpr int kGateNo = 1;  // levictl's exit code where a scenario failed

int run(const char* trials) {
  const test::TempFolder state;  // no stage and no undo log of the user's is seen or touched
  os::SpawnOptions options;
  options.program = os::own_executable_folder() + "/../bin/levictl";
  options.arguments = {"chaos", "run", "--stage", "--trials", trials, "--out", state / "reports"};
  options.environment_add = {{"XDG_STATE_HOME", state.path()}};
  options.stdout_path = state / "table";
  options.parent_death_signal = SIGTERM;  // it takes back what it did
  const MonoTime begin = os::mono_now();
  auto child = os::Child::spawn(options);
  const auto status = child ? child.value().wait(kPatience) : std::nullopt;
  const double seconds = static_cast<double>((os::mono_now() - begin).count()) / 1e9;
  if (!status || !status->exited || status->code > kGateNo) {
    std::fprintf(stderr, "levictl chaos run --stage: %s\n",
                 status ? status->text().c_str() : "no end within ten minutes");
    if (child && !status) (void)child.value().kill(SIGTERM);
    return 1;
  }
  const auto table = os::read_file(state / "table");
  if (table) std::fputs(table.value().c_str(), stderr);
  const bool full = std::strcmp(trials, "10") == 0;
  print_value("chaos_suite", seconds, "s",
              full ? Goal{"six scenarios, 10 trials each, in at most 90 s", seconds <= kSecondsMost}
                   : Goal{});
  print_value("chaos_suite_gate_exit_code", status->code, "", {"0: yes", status->code == 0});
  return 0;
}

}  // namespace
}  // namespace levi::bench

int main(int argc, char** argv) {
  return levi::bench::run(argc == 3 && std::strcmp(argv[1], "--trials") == 0 ? argv[2] : "10");
}
