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
  std::printf("next: levictl status · levictl chaos run · levictl kill · levictl down\n");
}

int stay(const Stage& stage) {
  const os::Fd signals(os::signal_descriptor());
  const auto supervisor = os::open_process(stage.supervisor.identity);
  if (!supervisor) return fail(supervisor.error());
  os::Loop loop;
  loop.watch(signals.get(), os::kReadable, [&](std::uint32_t) { loop.stop(); });
  loop.watch(supervisor.value().get(), os::kReadable, [&](std::uint32_t) { loop.stop(); });
  loop.run();
  const Status down = stop_stage(stage);
  return down ? kDone : fail(down.error());
}

}  // namespace

int up_command(const UpOptions& options) {
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
  int code = kDone;
  std::size_t ended = 0;
  for (const std::string& name : stage_names()) {
    if (!options.all && name != options.name) continue;
    const auto stage = read_stage(name);
    const Status down = stage ? stop_stage(stage.value()) : Status(stage.error());
    if (!down) {
      code = fail(down.error());
      continue;
    }
    ++ended;
    std::printf("stage '%s' is down; its processes and scratch files are gone\n", name.c_str());
  }
  if (ended == 0 && code == kDone) {
    std::printf("no stage %sis up\n", options.all ? "" : ("'" + options.name + "' ").c_str());
  }
  return code;
}

}  // namespace levi::cli
