#include "levictl/kill.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/base/json_fields.h"
#include "core/base/strict_yaml.h"
#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/loop.h"
#include "core/os/process.h"
#include "core/os/thread.h"
#include "levictl/client.h"
#include "levictl/exit_code.h"
#include "levictl/operator_name.h"
#include "levictl/text.h"

namespace levi::cli {
namespace {

using nlohmann::json;

constexpr Nanos kKillCallMax{1s};
constexpr Nanos kAskAgain{20ms};
constexpr Nanos kCountWait{1s};  // for the trading thread to come round; then the venue is asked

// `sealed`: when we had done with sealing. A count from before says nothing.
OpenOrders open_orders(const Target& target, const KillOptions& options, MonoTime sealed) {
  const Nanos since = os::mono_now() - sealed;
  bool stale = false;
  for (const std::string& base : {target.control, target.api}) {
    if (base.empty()) continue;
    const auto state = call_json("GET", base + "/live/kill", "", kKillCallMax);
    if (!state || !state.value().contains("open_orders")) continue;
    const auto count = static_cast<std::uint64_t>(integer_at(state.value(), "open_orders"));
    const json& age = value_at(state.value(), "open_orders_age_ms");
    if (age.is_number() && age.get<double>() * 1e6 <= static_cast<double>(since.count()))
      return {true, false, count, "the core"};
    if (since < kCountWait) return {false, true, 0, ""};
    stale = true;
    break;
  }
  const auto access = venue_access(target, options);
  const auto count = access ? count_open_orders(access.value()) : access.as_failure();
  return count ? OpenOrders{true, false, count.value(), "the venue"}
               : OpenOrders{false, stale, 0, ""};
}

// A send that was under way when we sealed is over: the gateway is out of its section, or dead. By
// the latch itself where it is on this host, else by the core's word.
bool drained_since(const Target& target) {
  if (target.local()) {
    const auto latch = latch::Latch::attach(latch::latch_path(target.runtime));
    if (!latch || !latch.value().load().sealed()) return false;
    const auto gateway = latch.value().gateway();
    const bool alive =
        os::is_alive({gateway.pid, gateway.start_ticks, os::identify_self().boot_id});
    return gateway.pid != 0 && (!alive || latch.value().in_flight() == 0);
  }
  if (target.control.empty()) return false;
  const auto state = call_json("GET", target.control + "/live/kill", "", kKillCallMax);
  return state && boolean_at(state.value(), "sealed") &&
         integer_at(state.value(), "in_flight", -1) == 0;
}

// Waits until no order is open and none is under way, or until that can't be known.
KillReport wait_until_none(const Target& target, const KillOptions& options,
                           const std::vector<KillWay>& ways) {
  const MonoTime sealed = os::mono_now();
  const MonoTime deadline = sealed + options.wait;
  os::Loop pause;
  bool drained = false;
  while (true) {
    const OpenOrders open = open_orders(target, options, sealed);
    KillReport report = judge_kill(ways, open, drained);
    if (report.sealed && !report.drained) {
      drained = drained_since(target);
      report = judge_kill(ways, open, drained);
    }
    const bool none = open.count == 0 && (report.drained || !report.sealed);
    const bool is_over = open.known ? none : !open.stale;
    if (is_over || os::mono_now() > deadline || os::interrupted()) {
      report.interrupted = os::interrupted();
      report.open.waited = os::mono_now() - sealed >= kCountWait;
      return report;
    }
    if (isatty(STDERR_FILENO) != 0) {
      std::fprintf(stderr, "\r%llu orders open …", static_cast<unsigned long long>(open.count));
    }
    pause.run_until(os::mono_now() + kAskAgain);
  }
}

void print_ways(const std::vector<KillWay>& ways) {
  for (const KillWay& way : ways) {
    const bool ok = way.way == "venue" ? way.open == 0u : way.sealed;
    std::printf("  %-15s %-4s %-9s %s\n", way.way.c_str(), ok ? "ok" : "no",
                format_duration(way.took).c_str(), way.text().c_str());
  }
}

}  // namespace

int kill_command(const KillOptions& given) {
  // Ctrl-C ends the waiting, never the sealing, and what was done is said. Nor does it end with who
  // reads it.
  os::catch_interrupts();
  std::signal(SIGPIPE, SIG_IGN);
  KillOptions options = given;
  if (options.actor.empty()) options.actor = operator_name();
  if (!latch::parse_holder(options.holder)) {
    return fail(error(ErrorCode::kInvalid, "'" + options.holder + "' is no holder",
                      "operator is the usual one"));
  }
  auto target = resolve_target(options.target);
  // A typing error must not keep anybody from stopping: without a target there is still the venue.
  if (!target && !options.venue) return fail(target.error());
  if (!target) {
    std::fprintf(stderr, "levictl: %s\n", target.error().text().c_str());
    target = Target{};
  }
  if (!options.json)
    std::printf("kill %s: %s\n", target.value().name.c_str(), printable(options.reason).c_str());
  const auto ways = press_every_way(target.value(), options);
  if (!options.json) print_ways(ways);
  const KillReport report = wait_until_none(target.value(), options, ways);
  const std::string said = options.json
                               ? report.json() + "\n"
                               : with_flags(report.verdict(options.holder), options.target);
  std::printf("%s", said.c_str());
  return report.exit_code();
}

}  // namespace levi::cli
