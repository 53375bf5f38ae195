// The ways of `levictl kill` into a core, and past it to the exchange.
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/base/json_fields.h"
#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/thread.h"
#include "levictl/client.h"
#include "levictl/kill.h"
#include "levictl/stage_config.h"
#include "levictl/text.h"

namespace levi::cli {
namespace {

using nlohmann::json;

constexpr Nanos kWayCallMax{1s};
constexpr Nanos kFenceAfter{50ms};  // DESIGN §5: stopped and undrained for so long is fenced

KillWay by_http(const std::string& way, const std::string& base, const KillOptions& options) {
  KillWay result;
  result.way = way;
  const json body = {
      {"reason", options.reason}, {"holder", options.holder}, {"actor", options.actor}};
  result.begun = os::mono_now();
  const auto answer = call_json("POST", base + "/live/kill", json_text(body), kWayCallMax);
  result.took = os::mono_now() - result.begun;
  if (!answer) {
    result.error = std::string(to_string(answer.error().code)) + ": " + answer.error().message;
    return result;
  }
  result.reached = true;
  result.sealed = boolean_at(answer.value(), "sealed", false);
  result.drained = boolean_at(answer.value(), "drained", false);
  result.aborted = boolean_at(answer.value(), "aborted", false);
  result.epoch = static_cast<std::uint64_t>(integer_at(answer.value(), "epoch", 0));
  result.sequence = static_cast<std::uint64_t>(integer_at(answer.value(), "sequence", 0));
  return result;
}

KillWay by_file(const Target& target, const KillOptions& options) {
  KillWay result;
  result.way = "latch file";
  const auto holder = latch::parse_holder(options.holder);
  result.begun = os::mono_now();
  const auto killed =
      latch::kill_by_file(latch::latch_path(target.runtime), *holder, options.actor, options.reason,
                          os::wall_now(), kFenceAfter, options.fence);
  result.took = os::mono_now() - result.begun;
  if (!killed) {
    result.error = killed.error().message;
    if (killed.error().code == ErrorCode::kNotFound)
      result.error += "; --runtime FOLDER names another place";
    return result;
  }
  // The bit is set, whatever the gateway does: undrained says only that S may still leave.
  result.reached = result.sealed = true;
  result.drained = killed.value().fence != latch::Fence::kUndrained;
  result.fence = to_string(killed.value().fence);
  result.epoch = killed.value().sealed.word.epoch();
  result.sequence = killed.value().sealed.sequence;
  return result;
}

KillWay by_venue(const Target& target, const KillOptions& options) {
  KillWay result;
  result.way = "venue";
  result.begun = os::mono_now();
  const auto access = venue_access(target, options);
  if (access) {
    const VenueOutcome done = cancel_everything(access.value(), options.wait);
    result.reached = done.answered;
    result.cancelled = done.cancelled;
    result.open = done.open;
    result.error = done.error;
  } else {
    result.error = access.error().text();
  }
  result.took = os::mono_now() - result.begun;
  return result;
}

}  // namespace

Result<VenueAccess> venue_access(const Target& target, const KillOptions& options) {
  VenueAccess access;
  access.symbols = options.symbols;
  access.address = options.venue_address;
  if (target.stage) {
    LEVI_TRY(keys, read_stage_keys(*target.stage));
    access.key = keys.key;
    access.secret = keys.secret;
  }
  if (target.stage && access.address.empty()) {
    access.address = target.stage->exchange;
    return access;  // the keys in the environment are those of another venue
  }
  if (const char* key = std::getenv("LEVI_VENUE_KEY")) access.key = key;
  if (const char* secret = std::getenv("LEVI_VENUE_SECRET")) access.secret = secret;
  if (!access.address.empty() && !access.key.empty() && !access.secret.empty()) return access;
  return error(ErrorCode::kInvalid, "the venue's address or key is not known",
               "give --venue-address host:port, and export LEVI_VENUE_KEY and LEVI_VENUE_SECRET");
}

std::vector<KillWay> press_every_way(const Target& target, const KillOptions& options) {
  std::vector<std::function<KillWay()>> presses;
  if (!target.api.empty()) {
    presses.push_back([&] { return by_http("control port", target.control, options); });
    presses.push_back([&] { return by_http("api", target.api, options); });
  }
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

}  // namespace levi::cli
