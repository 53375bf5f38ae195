#include <nlohmann/json.hpp>

#include "core/latch/latch.h"
#include "core/os/http.h"
#include "core/os/process.h"
#include "recover/observation.h"

namespace levi::recover {
namespace {

using nlohmann::json;

constexpr Nanos kCallMax{1s};

// The body of any JSON answer, error answers included: a 503 of /health is an observation too.
json ask(const std::string& url, std::string* problem = nullptr) {
  const auto answer = os::http_call("GET", url, "", kCallMax);
  if (!answer) {
    if (problem != nullptr) *problem = answer.error().message;
    return nullptr;
  }
  json value = json::parse(answer.value().body, nullptr, false);
  return value.is_object() ? value : json(nullptr);
}

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void see_health(const Reach& reach, Observation& seen) {
  const json health = ask(reach.api + "/health", &seen.api_error);
  if (health.is_null()) return;
  seen.api_answers = true;
  seen.health = text(health, "status");
  const auto components = health.find("components");
  if (components == health.end() || !components->is_object()) return;
  for (const auto& [name, component] : components->items()) {
    if (component.is_object())
      seen.components.push_back({name, text(component, "status"), text(component, "detail")});
  }
}

void see_engines(const Reach& reach, Observation& seen) {
  const json answer = ask(reach.api + "/engines");
  if (!answer.is_object() || !answer.contains("engines") || !answer["engines"].is_array()) return;
  seen.engines.emplace();
  for (const auto& engine : answer["engines"]) {
    if (!engine.is_object()) continue;
    const auto budget = engine.find("restart_budget_left");
    seen.engines->push_back(
        {text(engine, "name"), text(engine, "status"), text(engine, "last_error"),
         budget != engine.end() && budget->is_number_integer() ? budget->get<std::int64_t>() : 0});
  }
}

void see_live(const Reach& reach, Observation& seen) {
  json live = ask(reach.control + "/live/status");
  seen.control_answers = live.is_object();
  if (!live.is_object()) live = ask(reach.api + "/live/status");
  if (!live.is_object()) return;
  if (live.contains("ws_status") && live["ws_status"].is_object())
    seen.market_feed = text(live["ws_status"], "market");
  const json lease = ask(reach.api + "/chaos/lease");
  if (!lease.is_object() || !lease.contains("lease") || !lease["lease"].is_object()) return;
  seen.chaos_run = text(lease["lease"], "run");
  seen.chaos_owner = text(lease["lease"], "owner");
}

void see_latch(const Reach& reach, Observation& seen) {
  json latch = ask(reach.control + "/live/kill");
  if (!latch.is_object()) latch = ask(reach.api + "/live/kill");
  if (latch.is_object() && latch.contains("sealed") && latch["sealed"].is_boolean()) {
    seen.sealed = latch["sealed"].get<bool>();
    if (latch.contains("holders") && latch["holders"].is_array()) {
      for (const auto& holder : latch["holders"]) {
        if (!holder.is_object()) continue;
        seen.holders.push_back(
            {text(holder, "holder"), text(holder, "reason"), text(holder, "actor")});
      }
    }
  }
  if (reach.latch_file.empty()) return;
  const auto file = latch::Latch::attach(reach.latch_file);
  if (!file) return;
  if (!seen.sealed) seen.sealed = file.value().load().sealed();
  const auto gateway = file.value().gateway();
  seen.process = os::is_alive({gateway.pid, gateway.start_ticks, os::identify_self().boot_id})
                     ? ProcessSeen::kAlive
                     : ProcessSeen::kDead;
}

void see_supervisor(const Reach& reach, Observation& seen) {
  if (reach.supervisor_socket.empty()) return;
  const json state = ask("unix:" + reach.supervisor_socket + ":/state");
  seen.supervisor_answers = state.is_object();
  if (!state.is_object()) return;
  const auto failed = state.find("failed");
  seen.supervisor_gave_up = failed != state.end() && failed->is_boolean() && failed->get<bool>();
  const auto pid = state.find("levid_pid");
  if (pid != state.end() && pid->is_number_integer())
    seen.supervised_pid = pid->get<std::int64_t>();
}

}  // namespace

Observation observe(const Reach& reach) {
  Observation seen;
  see_health(reach, seen);
  see_live(reach, seen);
  if (seen.api_answers) see_engines(reach, seen);
  see_latch(reach, seen);
  see_supervisor(reach, seen);
  return seen;
}

}  // namespace levi::recover
