#include "chaos/experiment/probe.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/json_fields.h"

namespace levi::chaos {
namespace {

constexpr double kFreshMs = 1000;  // the core's own default for stale data
constexpr const char* kOk = "";

std::string feed_live(const Json& status) {
  const Json& ws = object_at(status, "ws_status");
  const std::string state = text_at(ws, "market");
  if (state != "up") return "the market feed is '" + state + "'";
  const double age_ms = number_at(ws, "last_frame_age_ms", -1);
  if (age_ms < 0) return "no market frame has come yet";
  if (age_ms >= kFreshMs) {
    return "the last market frame is " + std::to_string(static_cast<int>(age_ms)) + " ms old";
  }
  return kOk;
}

std::string private_live(const Json& status) {
  const std::string state = text_at(object_at(status, "ws_status"), "private");
  return state == "up" ? kOk : "the private feed is '" + state + "'";
}

std::string engines_running(const Json& engines) {
  const std::int64_t total = integer_at(engines, "total");
  const std::int64_t running = integer_at(engines, "running");
  const std::int64_t stopped = integer_at(engines, "stopped");
  // Stopped ones were stopped by somebody; starting and failed ones are neither.
  if (running > 0 && running + stopped == total) return kOk;
  return std::to_string(running) + " of " + std::to_string(total) + " engines are running";
}

std::string core_healthy(const Json& health) {
  const std::string status = text_at(health, "status");
  if (status == "healthy") return kOk;
  std::string why = "health is '" + status + "'";
  for (const auto& [name, component] : object_at(health, "components").items()) {
    const std::string state = text_at(component, "status");
    if (state != "healthy")
      why += "; " + name + " is " + state + ": " + text_at(component, "detail");
  }
  return why;
}

std::string component_healthy(const Json& health, const char* name) {
  const Json& component = object_at(object_at(health, "components"), name);
  const std::string state = text_at(component, "status");
  return state == "healthy"
             ? kOk
             : std::string(name) + " is '" + state + "': " + text_at(component, "detail");
}

std::string store_current(const Json& health) { return component_healthy(health, "store"); }
std::string journal_healthy(const Json& health) { return component_healthy(health, "journal"); }

std::string latch_open(const Json& status) {
  const Json& sealed = value_at(status, "sealed");
  if (sealed.is_boolean() && !sealed.get<bool>()) return kOk;
  std::string holders;
  for (const auto& holder : list_at(status, "holders")) {
    const std::string name =
        holder.is_string() ? holder.get<std::string>() : text_at(holder, "holder");
    holders += (holders.empty() ? "" : ", ") + name;
  }
  return "the kill latch is sealed" + (holders.empty() ? "" : " by " + holders);
}

std::string trading_active(const Json& status) {
  const std::string state = text_at(status, "trading_state");
  return state == "ACTIVE" ? kOk : "trading is '" + state + "'";
}

std::string orders_flowing(const Json& rate) {
  if (integer_at(rate, "orders") > 0) return kOk;
  return "no order reached the venue in the last " + std::to_string(kFlowWindowMs) + " ms";
}

}  // namespace

DocumentPlace place_of(Document document) {
  switch (document) {
    case Document::kHealth:
      return {false, "/health"};
    case Document::kLiveStatus:
      return {false, "/live/status"};
    case Document::kEngines:
      return {false, "/engines"};
    case Document::kVenueRate:
      return {true, "/ledger/rate?window_ms=250"};
  }
  LEVI_UNREACHABLE();
}

const std::vector<Probe>& probes() {
  static const std::vector<Probe> kProbes{
      {"feed.live", "market data comes, and is fresh", Document::kLiveStatus, feed_live},
      {"private.live", "the private feed is up", Document::kLiveStatus, private_live},
      {"engines.running", "every engine that was not stopped is running", Document::kEngines,
       engines_running},
      {"core.healthy", "the core calls itself healthy", Document::kHealth, core_healthy},
      {"store.current", "the store keeps up with the journal", Document::kHealth, store_current},
      {"journal.healthy", "the journal is written and durable", Document::kHealth, journal_healthy},
      {"latch.open", "the kill latch is open", Document::kLiveStatus, latch_open},
      {"trading.active", "the core may open positions", Document::kLiveStatus, trading_active},
      {"orders.flowing", "orders reach the venue (its ledger says so)", Document::kVenueRate,
       orders_flowing},
  };
  return kProbes;
}

const Probe* find_probe(std::string_view name) {
  const auto& all = probes();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Probe& p) { return p.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const std::vector<std::string>& known_probes() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const auto& probe : probes()) names.push_back(probe.name);
    return names;
  }();
  return kNames;
}

}  // namespace levi::chaos
