#include "levictl/kill.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/base/json_fields.h"
#include "core/base/strict_yaml.h"
#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/loop.h"
#include "core/os/thread.h"
#include "levictl/client.h"
#include "levictl/exit_code.h"
#include "levictl/operator_name.h"
#include "levictl/stage_config.h"
#include "levictl/venue_cancel.h"

namespace levi::cli {
namespace {

using nlohmann::json;

constexpr Nanos kCallMax{1s};
constexpr Nanos kFenceAfter{50ms};  // DESIGN §5: stopped and undrained for so long is fenced
constexpr Nanos kAskAgain{20ms};
constexpr Nanos kCountWait{1s};  // for the trading thread to come round; then the venue is asked

KillWay by_http(const std::string& way, const std::string& base, const KillOptions& options) {
  KillWay result{way, false, "", Nanos{0}};
  const json body = {
      {"reason", options.reason}, {"holder", options.holder}, {"actor", options.actor}};
  const MonoTime begun = os::mono_now();
  const auto answer = call_json("POST", base + "/live/kill", body.dump(), kCallMax);
  result.took = os::mono_now() - begun;
  if (!answer) {
    result.outcome = std::string(to_string(answer.error().code)) + ": " + answer.error().message;
    return result;
  }
  result.sealed = boolean_at(answer.value(), "sealed", false);
  result.outcome = (result.sealed ? "sealed at epoch " : "not sealed, epoch ") +
                   std::to_string(integer_at(answer.value(), "epoch", 0)) + ", S " +
                   std::to_string(integer_at(answer.value(), "sequence", 0));
  return result;
}

const char* describe(latch::Fence fence) {
  switch (fence) {
    case latch::Fence::kDrained:
      return "drained";
    case latch::Fence::kGatewayDead:
      return "the gateway is dead";
    case latch::Fence::kFenced:
      return "the gateway was stopped: fenced (SIGKILL)";
    case latch::Fence::kUndrained:
      return "NOT drained";
  }
  return "?";
}

KillWay by_file(const Target& target, const KillOptions& options) {
  KillWay result{"latch file", false, "", Nanos{0}};
  const auto holder = latch::parse_holder(options.holder);
  const MonoTime begun = os::mono_now();
  const auto killed =
      latch::kill_by_file(latch::latch_path(target.runtime), *holder, options.actor, options.reason,
                          os::wall_now(), kFenceAfter, options.fence);
  result.took = os::mono_now() - begun;
  if (!killed) {
    result.outcome = killed.error().message;
    return result;
  }
  result.sealed = killed.value().fence != latch::Fence::kUndrained;
  result.outcome = "sealed at epoch " + std::to_string(killed.value().sealed.word.epoch()) +
                   ", S " + std::to_string(killed.value().sealed.sequence) + ", " +
                   describe(killed.value().fence);
  return result;
}

Result<VenueAccess> venue_access(const Target& target, const KillOptions& options) {
  VenueAccess access;
  access.symbols = options.symbols;
  access.address = options.venue_address;
  if (target.stage) {
    LEVI_TRY(keys, read_stage_keys(*target.stage));
    access.key = keys.key;
    access.secret = keys.secret;
    if (access.address.empty()) access.address = target.stage->exchange;
  }
  if (const char* key = std::getenv("LEVI_VENUE_KEY")) access.key = key;
  if (const char* secret = std::getenv("LEVI_VENUE_SECRET")) access.secret = secret;
  if (!access.address.empty() && !access.key.empty() && !access.secret.empty()) return access;
  return error(ErrorCode::kInvalid, "the venue's address or key is not known",
               "give --venue-address host:port, and export LEVI_VENUE_KEY and LEVI_VENUE_SECRET");
}

KillWay by_venue(const Target& target, const KillOptions& options) {
  KillWay result{"venue", false, "", Nanos{0}};
  const MonoTime begun = os::mono_now();
  const auto access = venue_access(target, options);
  const auto done = access ? cancel_everything(access.value(), options.wait) : access.as_failure();
  result.took = os::mono_now() - begun;
  if (!done) {
    result.outcome = done.error().text();
    return result;
  }
  result.sealed = done.value().open == 0;
  result.outcome = std::to_string(done.value().cancelled) + " cancelled, " +
                   std::to_string(done.value().open) + " open (cancels; seals nothing)";
  return result;
}

// What still is open, by the best knowledge at hand: the core's, else the venue's. A core whose
// trading thread hangs still answers, with a count that nobody keeps up any more.
struct OpenOrders {
  bool known = false;
  bool stale = false;  // not known, and worth asking again
  std::uint64_t count = 0;
  std::string source;
};

// `sealed`: when we had done with sealing. A count from before says nothing.
OpenOrders open_orders(const Target& target, const KillOptions& options, MonoTime sealed) {
  const Nanos since = os::mono_now() - sealed;
  bool stale = false;
  for (const std::string& base : {target.control, target.api}) {
    const auto state = call_json("GET", base + "/live/kill", "", kCallMax);
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

OpenOrders wait_until_none(const Target& target, const KillOptions& options) {
  const MonoTime sealed = os::mono_now();
  const MonoTime deadline = os::mono_now() + options.wait;
  os::Loop pause;
  while (true) {
    const OpenOrders open = open_orders(target, options, sealed);
    const bool is_over = open.known ? open.count == 0 : !open.stale;
    if (is_over || os::mono_now() > deadline) return open;
    if (isatty(STDERR_FILENO) != 0) {
      std::fprintf(stderr, "\r%llu orders open …", static_cast<unsigned long long>(open.count));
    }
    pause.run_until(os::mono_now() + kAskAgain);
  }
}

void print_ways(const std::vector<KillWay>& ways) {
  for (const KillWay& way : ways) {
    std::printf("  %-15s %-4s %-9s %s\n", way.way.c_str(), way.sealed ? "ok" : "no",
                format_duration(way.took).c_str(), way.outcome.c_str());
  }
}

void print_json(const std::vector<KillWay>& ways, bool sealed, const OpenOrders& open) {
  json list = json::array();
  for (const KillWay& way : ways) {
    list.push_back({{"way", way.way},
                    {"ok", way.sealed},
                    {"took_ns", way.took.count()},
                    {"outcome", way.outcome}});
  }
  const json value = {{"sealed", sealed},
                      {"open_orders", open.known ? json(open.count) : json(nullptr)},
                      {"open_orders_by", open.source},
                      {"ways", list}};
  std::printf("%s\n", value.dump(2).c_str());
}

}  // namespace

std::vector<KillWay> press_every_way(const Target& target, const KillOptions& options) {
  std::vector<std::function<KillWay()>> presses = {
      [&] { return by_http("control port", target.control, options); },
      [&] { return by_http("api", target.api, options); }};
  if (target.local()) {
    presses.push_back([&] {
      return by_http("control socket", "unix:" + target.control_socket() + ":", options);
    });
    presses.push_back([&] { return by_file(target, options); });
  }
  if (options.venue) presses.push_back([&] { return by_venue(target, options); });

  std::vector<KillWay> ways(presses.size());
  std::vector<os::Thread> threads;
  for (std::size_t i = 0; i < presses.size(); ++i) {
    threads.push_back(os::start_thread("kill", [&ways, &presses, i] { ways[i] = presses[i](); }));
  }
  for (auto& thread : threads) thread.join();
  return ways;
}

int kill_command(const KillOptions& given) {
  KillOptions options = given;
  if (options.actor.empty()) options.actor = operator_name();
  if (!latch::parse_holder(options.holder)) {
    return fail(error(ErrorCode::kInvalid, "'" + options.holder + "' is no holder",
                      "operator is the usual one"));
  }
  auto target = resolve_target(options.target);
  // A typing error must not keep anybody from stopping: without a target there is still the venue.
  if (!target && !options.venue) return fail(target.error());
  if (!target) target = Target{};
  if (!options.json)
    std::printf("kill %s: %s\n", target.value().name.c_str(), options.reason.c_str());
  const auto ways = press_every_way(target.value(), options);
  bool sealed = false;
  for (const KillWay& way : ways) sealed = sealed || (way.sealed && way.way != "venue");
  if (!options.json) print_ways(ways);
  const OpenOrders open = wait_until_none(target.value(), options);
  if (options.json) {
    print_json(ways, sealed, open);
  } else if (!open.known) {
    std::printf("open orders: not verified (%s; give --venue to ask the exchange)\n",
                open.stale ? "the core's trading thread hangs" : "no core answers");
  } else {
    std::printf("open orders: %llu (says %s)\n", static_cast<unsigned long long>(open.count),
                open.source.c_str());
  }
  if (!options.json && sealed) {
    std::printf("sealed. When the cause is known:  levictl resume --reason '…'\n");
  }
  const bool any_reached =
      std::any_of(ways.begin(), ways.end(), [](const KillWay& way) { return way.sealed; });
  if (!any_reached) {
    if (!options.json) std::printf("nothing was reached: nothing is sealed\n");
    return kUndecided;
  }
  return sealed && open.known && open.count == 0 ? kDone : kFailed;
}

}  // namespace levi::cli
