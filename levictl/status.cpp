#include "levictl/status.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/latch/latch.h"
#include "levictl/client.h"
#include "levictl/exit_code.h"

namespace levi::cli {
namespace {

using nlohmann::json;

constexpr Nanos kCallMax{2s};

bool colours() { return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

std::string paint(const std::string& text, bool good) {
  if (!colours()) return text;
  return (good ? "\033[32m" : "\033[31m") + text + "\033[0m";
}

json or_null(const Result<json>& answer) { return answer ? answer.value() : json(nullptr); }

// What is true without any core: the latch file says it, on this host.
void print_latch_file(const Target& target) {
  if (!target.local()) return;
  const auto latch = latch::Latch::attach(latch::latch_path(target.runtime));
  if (!latch) {
    std::printf("latch      %s (%s)\n", paint("sealed", false).c_str(),
                latch.error().message.c_str());
    return;
  }
  const latch::Word word = latch.value().load();
  std::printf("latch      %s at epoch %llu (from its file)\n",
              word.sealed() ? paint("sealed", false).c_str() : paint("open", true).c_str(),
              static_cast<unsigned long long>(word.epoch()));
}

void print_latch(const json& latch) {
  if (!latch.is_object()) return;
  const bool sealed = latch.value("sealed", true);
  std::printf("latch      %s, epoch %llu, %llu orders open\n",
              paint(sealed ? "SEALED" : "open", !sealed).c_str(),
              static_cast<unsigned long long>(latch.value("epoch", std::uint64_t{0})),
              static_cast<unsigned long long>(latch.value("open_orders", std::uint64_t{0})));
  for (const auto& holder : latch.value("holders", json::array())) {
    std::printf("           held by %s: %s (%s, %s)\n", holder.value("holder", "?").c_str(),
                holder.value("reason", "").c_str(), holder.value("actor", "?").c_str(),
                holder.value("ts", "").c_str());
  }
}

void print_live(const json& live) {
  if (!live.is_object()) return;
  const json ws = live.value("ws_status", json::object());
  std::printf("trading    %s, %s, phase %s\n", live.value("trading_state", "?").c_str(),
              live.value("mode", "?").c_str(), live.value("phase", "?").c_str());
  std::printf("feed       market %s, private %s, last frame %lld ms ago, %llu reconnects\n",
              ws.value("market", "?").c_str(), ws.value("private", "?").c_str(),
              static_cast<long long>(ws.value("last_frame_age_ms", std::int64_t{-1})),
              static_cast<unsigned long long>(ws.value("reconnects", std::uint64_t{0})));
  if (live.contains("chaos") && live["chaos"].is_object()) {
    std::printf("chaos      %s: run %s, scenario %s, by %s\n", paint("ACTIVE", false).c_str(),
                live["chaos"].value("run", "?").c_str(),
                live["chaos"].value("scenario", "?").c_str(),
                live["chaos"].value("owner", "?").c_str());
  } else {
    std::printf("chaos      none\n");
  }
}

void print_engines(const json& engines) {
  if (!engines.is_object()) return;
  for (const auto& engine : engines.value("engines", json::array())) {
    const std::string status = engine.value("status", "?");
    std::printf("engine     %-14s %s  pid %d, restarts %llu, budget left %lld%s%s\n",
                engine.value("name", "?").c_str(), paint(status, status == "running").c_str(),
                engine.value("pid", 0),
                static_cast<unsigned long long>(engine.value("restarts", std::uint64_t{0})),
                static_cast<long long>(engine.value("restart_budget_left", std::int64_t{0})),
                engine.value("last_error", "").empty() ? "" : ", last: ",
                engine.value("last_error", "").c_str());
  }
}

void print_positions(const json& positions) {
  if (!positions.is_object()) return;
  for (const auto& position : positions.value("positions", json::array())) {
    std::printf("position   %-10s %s at %s, unrealised %s\n", position.value("symbol", "?").c_str(),
                position["quantity"].dump().c_str(), position["average_price"].dump().c_str(),
                position["unrealised"].dump().c_str());
  }
}

bool print_health(const json& health) {
  const std::string status = health.value("status", "unhealthy");
  std::printf("health     %s  (version %s, pid %d, up %.0f s)\n",
              paint(status, status == "healthy").c_str(), health.value("version", "?").c_str(),
              health.value("pid", 0), health.value("uptime_s", 0.0));
  for (const auto& [name, component] : health.value("components", json::object()).items()) {
    if (component.value("status", "") == "healthy") continue;
    std::printf("           %s %s: %s\n", name.c_str(), component.value("status", "?").c_str(),
                component.value("detail", "").c_str());
  }
  return status == "healthy";
}

void print_next(bool sealed, bool healthy, const json& live) {
  if (live.is_object() && live.contains("chaos") && live["chaos"].is_object()) {
    std::printf("next       levictl chaos stop     (a chaos run is at work: is this us?)\n");
  } else if (sealed) {
    std::printf("next       levictl resume --reason '…'   when the cause is known\n");
  } else if (!healthy) {
    std::printf("next       levictl recover --plan\n");
  } else {
    std::printf(
        "next       levictl kill stops everything;  levictl chaos run breaks it on purpose\n");
  }
}

int not_running(const Target& target, const Error& why) {
  std::printf("%s: %s\n", target.name.c_str(), paint("not running", false).c_str());
  std::printf("           %s\n", why.message.c_str());
  print_latch_file(target);
  std::printf("next       levictl recover --plan, or levictl up for a practice stage\n");
  return kUndecided;
}

}  // namespace

int status_command(const StatusOptions& options) {
  const auto resolved = resolve_target(options.target);
  if (!resolved) return fail(resolved.error());
  const Target& target = resolved.value();
  const auto health = call_json("GET", target.api + "/health", "", kCallMax);
  const auto latch = call_json("GET", target.control + "/live/kill", "", kCallMax);
  if (!health && !latch) {
    if (options.json)
      std::printf("%s\n",
                  json{{"running", false}, {"detail", health.error().message}}.dump(2).c_str());
    return options.json ? kUndecided : not_running(target, health.error());
  }
  const json live = or_null(call_json("GET", target.control + "/live/status", "", kCallMax));
  const json engines = or_null(call_json("GET", target.api + "/engines", "", kCallMax));
  const json positions = or_null(call_json("GET", target.api + "/paper/positions", "", kCallMax));
  const bool sealed = !latch || latch.value().value("sealed", true);
  bool healthy = health && health.value().value("status", "") == "healthy";
  if (options.json) {
    std::printf("%s\n", json{{"running", true},
                             {"target", target.name},
                             {"health", or_null(health)},
                             {"latch", or_null(latch)},
                             {"live", live},
                             {"engines", engines},
                             {"positions", positions}}
                            .dump(2)
                            .c_str());
    return healthy && !sealed ? kDone : kFailed;
  }
  std::printf("%s\n", target.name.c_str());
  if (health) {
    healthy = print_health(health.value());
  } else {
    std::printf("health     %s: %s\n", paint("API does not answer", false).c_str(),
                health.error().message.c_str());
  }
  print_latch(or_null(latch));
  print_live(live);
  print_engines(engines);
  print_positions(positions);
  print_next(sealed, healthy, live);
  return healthy && !sealed ? kDone : kFailed;
}

}  // namespace levi::cli
