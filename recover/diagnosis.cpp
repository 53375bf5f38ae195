#include "recover/diagnosis.h"

#include <algorithm>

#include "core/base/check.h"

namespace levi::recover {
namespace {

void add_core(const Observation& seen, Plan& plan) {
  if (seen.core_answers()) {
    if (!seen.api_answers)
      plan.findings.push_back({FindingKind::kControlSilent, "api", seen.api_error});
    if (!seen.control_answers)
      plan.findings.push_back({FindingKind::kControlSilent, "control", "does not answer"});
    return;
  }
  if (seen.process == ProcessSeen::kAlive) {
    plan.findings.push_back(
        {FindingKind::kCoreHung, "levid", "its process lives, but answers nothing"});
  } else if (seen.supervisor_answers) {
    plan.findings.push_back({FindingKind::kCoreDead, "levid",
                             seen.supervisor_gave_up ? "its supervisor gave up restarting it"
                                                     : "its supervisor is alive, the core is not"});
  } else {
    plan.running = false;
    plan.findings.push_back({FindingKind::kNothingRunning, "levid", seen.api_error});
    plan.for_a_human.push_back(
        "start it: systemctl start levid, levid --config FILE, or levictl up for a practice stage");
    return;
  }
  if (seen.supervisor_answers && !seen.supervisor_gave_up && seen.silent < kStartUpMax) {
    // To restart what is coming up would only begin it anew.
    plan.acts.push_back({ActKind::kAwait, "levid",
                         "its supervisor has not given up: it may be starting, for " +
                             std::to_string(kStartUpMax / 1s) + " s at most"});
  } else if (seen.supervisor_answers) {
    plan.acts.push_back({ActKind::kRestartCore, "levid", "it does not answer"});
  } else {
    plan.for_a_human.push_back(
        "no supervisor answers; restart the core by hand: systemctl restart levid");
  }
}

void add_engines(const Observation& seen, Plan& plan) {
  if (!seen.engines) return;
  for (const EngineSeen& engine : *seen.engines) {
    if (engine.status == "running") continue;
    if (engine.status == "starting") {
      plan.findings.push_back(
          {FindingKind::kEngineStarting, engine.name,
           engine.last_error.empty() ? "no tick handled yet" : "last: " + engine.last_error});
      plan.acts.push_back({ActKind::kAwait, engine.name, "see that it comes to run"});
      continue;
    }
    const bool failed = engine.status == "failed";
    plan.findings.push_back({failed ? FindingKind::kEngineFailed : FindingKind::kEngineStopped,
                             engine.name,
                             engine.last_error.empty() ? engine.status : engine.last_error});
    plan.acts.push_back(
        {ActKind::kStartEngine, engine.name,
         failed ? "its restart budget is spent: an audited start resets it" : "it is stopped"});
  }
}

// `engines` only counts what add_engines has named one by one; a sealed latch is for a human, one
// that can't be opened any more for nobody but a restart.
bool is_found_elsewhere(const ComponentSeen& component, const Observation& seen, bool feed_down) {
  if (component.name == "latch") return component.status != "unhealthy";
  if (component.name == "market_feed" || component.name == "price_feeds") return feed_down;
  return component.name == "engines" && seen.engines &&
         std::any_of(seen.engines->begin(), seen.engines->end(),
                     [](const EngineSeen& engine) { return engine.status != "running"; });
}

void add_components(const Observation& seen, Plan& plan) {
  const bool feed_down = seen.market_feed == "down" || seen.market_feed == "polling";
  if (feed_down) {
    plan.findings.push_back({FindingKind::kFeedDown, "market", "WebSocket " + seen.market_feed});
    plan.acts.push_back(
        {ActKind::kAwait, "market_feed", "the core reconnects by itself; see that it does"});
    plan.for_a_human.push_back(
        "if the feed stays down: check the venue's status and the way to it");
  }
  for (const ComponentSeen& component : seen.components) {
    if (component.status == "healthy" || is_found_elsewhere(component, seen, feed_down)) continue;
    const bool store = component.name == "store";
    plan.findings.push_back({store ? FindingKind::kStoreBehind : FindingKind::kComponent,
                             component.name, component.status + ": " + component.detail});
    plan.acts.push_back({ActKind::kAwait, component.name,
                         store ? "the projection catches up once it is unlocked"
                               : "see whether it mends by itself"});
    if (store) plan.for_a_human.push_back("find who locks it: fuser -v <data>/levi.db");
  }
  if (seen.health == "unhealthy" && plan.findings.empty()) {
    plan.findings.push_back({FindingKind::kUnhealthy, "levid", "and names no component"});
    plan.acts.push_back({ActKind::kAwait, "levid", "see whether it mends by itself"});
  }
}

void add_latch(const Observation& seen, Plan& plan) {
  if (!seen.sealed.value_or(false)) return;
  if (seen.holders.empty()) plan.findings.push_back({FindingKind::kLatchSealed, "latch", "sealed"});
  for (const HolderSeen& holder : seen.holders) {
    plan.findings.push_back(
        {FindingKind::kLatchSealed, holder.holder, holder.reason + " (" + holder.actor + ")"});
  }
  const std::string never = "recovery never opens the latch; when the cause is known: ";
  if (seen.holders.empty()) plan.for_a_human.push_back(never + resume_command("operator", ""));
  for (const HolderSeen& holder : seen.holders)
    plan.for_a_human.push_back(never + resume_command(holder.holder, holder.actor));
}

}  // namespace

Plan diagnose(const Observation& seen) {
  Plan plan;
  if (!seen.chaos_run.empty()) {
    plan.refused = true;
    plan.findings.push_back({FindingKind::kChaosActive, seen.chaos_run, "by " + seen.chaos_owner});
    plan.for_a_human.push_back(
        "this is us: levictl chaos stop --all ends the run and reverts its faults");
  }
  add_core(seen, plan);
  add_engines(seen, plan);
  add_components(seen, plan);
  add_latch(seen, plan);
  const bool well = seen.health == "healthy" || seen.health == "degraded";
  plan.healthy = plan.running && plan.acts.empty() && seen.api_answers && seen.control_answers &&
                 well && seen.engines.has_value();
  return plan;
}

std::string resume_command(const std::string& holder, const std::string& actor) {
  std::string command = "levictl resume";
  if (holder != "operator") command += " --holder " + holder;
  if (holder == "chaos" && !actor.empty()) command += " --actor " + actor;
  return command + " --reason '…'";
}

std::string describe(const Finding& finding) {
  switch (finding.kind) {
    case FindingKind::kNothingRunning:
      return "nothing is running: " + finding.detail;
    case FindingKind::kCoreDead:
      return "the core is dead: " + finding.detail;
    case FindingKind::kCoreHung:
      return "the core hangs: " + finding.detail;
    case FindingKind::kControlSilent:
      return finding.subject + " is silent: " + finding.detail;
    case FindingKind::kEngineStarting:
      return "engine " + finding.subject + " is still starting: " + finding.detail;
    case FindingKind::kEngineStopped:
      return "engine " + finding.subject + " is stopped: " + finding.detail;
    case FindingKind::kEngineFailed:
      return "engine " + finding.subject + " has failed: " + finding.detail;
    case FindingKind::kFeedDown:
      return "the market feed is down: " + finding.detail;
    case FindingKind::kStoreBehind:
      return "the store is behind: " + finding.detail;
    case FindingKind::kComponent:
      return finding.subject + " is " + finding.detail;
    case FindingKind::kUnhealthy:
      return "the core calls itself unhealthy " + finding.detail;
    case FindingKind::kLatchSealed:
      return "the latch is sealed by " + finding.subject + ": " + finding.detail;
    case FindingKind::kChaosActive:
      return "chaos is at work: run " + finding.subject + ", " + finding.detail;
  }
  LEVI_UNREACHABLE();
}

std::string describe(const Act& act) {
  switch (act.kind) {
    case ActKind::kRestartCore:
      return "restart the core through its supervisor: " + act.why;
    case ActKind::kStartEngine:
      return "start engine " + act.subject + ": " + act.why;
    case ActKind::kAwait:
      return "await " + act.subject + ": " + act.why;
  }
  LEVI_UNREACHABLE();
}

}  // namespace levi::recover
