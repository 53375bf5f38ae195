#include "levictl/up.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/os/clock.h"
#include "core/os/loop.h"
#include "core/os/thread.h"
#include "levictl/client.h"
#include "levictl/exit_code.h"
#include "levictl/operator_name.h"
#include "levictl/stage.h"
#include "levictl/target.h"

namespace levi::cli {
namespace {

void print_stage(const Stage& stage) {
  std::printf("stage '%s' is up: practice exchange, seed %llu\n", stage.name.c_str(),
              static_cast<unsigned long long>(stage.seed));
  std::printf("  api       http://%s      control  http://%s\n", stage.api.c_str(),
              stage.control.c_str());
  std::printf("  exchange  http://%s      admin    http://%s\n", stage.exchange.c_str(),
              stage.exchange_admin.c_str());
  std::printf("  logs      %s/levid.log, exchange.log, supervisor.log\n", stage.folder.c_str());
  TargetFlags flags;
  if (stage.name != StageOptions{}.name) flags.target = stage.name;
  const std::string down =
      flags.target.empty() ? "levictl down" : "levictl down --name " + stage.name;
  std::printf("next: %s · %s\n",
              with_flags("levictl status · levictl chaos run · levictl kill", flags).c_str(),
              down.c_str());
}

int stay(const Stage& stage) {
  const os::Fd signals(os::signal_descriptor());
  const auto supervisor = os::open_process(stage.supervisor.identity);
  if (!supervisor) return fail(supervisor.error());
  os::Loop loop;
  loop.watch(signals.get(), os::kReadable, [&](std::uint32_t) { loop.stop(); });
  loop.watch(supervisor.value().get(), os::kReadable, [&](std::uint32_t) { loop.stop(); });
  if (!os::interrupted()) loop.run();  // else it came just before the descriptor took over
  const Status down = stop_stage(stage);
  return down ? kDone : fail(down.error());
}

// A record that can't be read names nothing that could be ended: it goes, and what may be its
// stage's is told.
int forget(const std::string& name) {
  const auto left = forget_stage(name);
  if (!left) return fail(left.error());
  std::printf("stage '%s': its record %s was damaged, and is gone\n", name.c_str(),
              stage_file(name).c_str());
  if (left.value().empty()) return kDone;
  std::printf("look whether these are of a stage that runs; else remove them: %s\n",
              left.value().c_str());
  return kLeftovers;
}

// kDone: it is gone.
int end_one(const std::string& name, bool all) {
  const auto stage = read_stage(name);
  if (!stage && stage.error().code == ErrorCode::kCorrupt && all) return forget(name);
  const Status down = stage ? stop_stage(stage.value()) : Status(stage.error());
  if (!down) return fail(down.error());
  std::printf("stage '%s' is down; its processes and scratch files are gone\n", name.c_str());
  return kDone;
}

}  // namespace

int up_command(const UpOptions& options) {
  os::catch_interrupts();
  for (const std::string& line : clear_dead_stages()) std::fprintf(stderr, "%s\n", line.c_str());
  StageOptions stage_options;
  stage_options.name = options.name;
  stage_options.config = options.config;
  stage_options.sabotage = options.sabotage;
  stage_options.seed = options.seed;
  stage_options.venue_latency = options.venue_latency;
  stage_options.open_latch = !options.sealed;
  stage_options.end_with_owner = options.foreground;
  const auto stage = start_stage(stage_options);
  if (!stage) return fail(stage.error());
  print_stage(stage.value());
  return options.foreground ? stay(stage.value()) : kDone;
}

int down_command(const DownOptions& options) {
  if (const Status named = check_stage_name(options.name); !named) return fail(named.error());
  os::catch_interrupts();  // half a stage is worse than one that is up: each is ended whole
  int code = kDone;
  std::size_t found = 0;
  for (const std::string& name : stage_names()) {
    if (!options.all && name != options.name) continue;
    if (os::interrupted()) {
      std::fprintf(stderr, "levictl: interrupted: the stage '%s' was not looked at\n",
                   name.c_str());
      return kInterrupted;
    }
    ++found;
    const int ended = end_one(name, options.all);
    if (code == kDone || ended == kLeftovers) code = ended;
  }
  if (found == 0)
    std::printf("no stage %sis up\n", options.all ? "" : ("'" + options.name + "' ").c_str());
  return code;
}

}  // namespace levi::cli
