#include "recover/recovery.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/check.h"
#include "core/base/strict_yaml.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/os/thread.h"

namespace levi::recover {
namespace {

constexpr Nanos kActMax{3s};
constexpr Nanos kProbePeriod{100ms};

Status post(const std::string& url, const std::string& actor) {
  const nlohmann::json body = {{"reason", "levictl recover"}, {"actor", actor}};
  LEVI_TRY(answer, os::http_call("POST", url, body.dump(), kActMax,
                                 {{"Content-Type", "application/json"}}));
  if (answer.status < 400) return ok();
  return error(ErrorCode::kRefused,
               url + " answered " + std::to_string(answer.status) + ": " + answer.body);
}

Status carry_out(const Act& act, const RecoveryOptions& options) {
  const Reach& reach = options.reach;
  switch (act.kind) {
    case ActKind::kRestartCore:
      return post("unix:" + reach.supervisor_socket + ":/levid/restart", options.actor);
    case ActKind::kStartEngine:
      return post(reach.api + "/engines/" + os::percent_encode(act.subject) + "/start",
                  options.actor);
    case ActKind::kAwait:
      return ok();
  }
  LEVI_UNREACHABLE();
}

// Engines that only show once the core is back are started by a later look, and so is one that went
// down again: at most this many plans are carried out.
constexpr int kPlansMax = 3;
constexpr Nanos kPlansApart{1s};  // an engine that was just told to start is given time to show it

void act_on(const Plan& plan, const RecoveryOptions& options) {
  for (const Act& act : plan.acts) {
    const Status done = carry_out(act, options);
    options.say((done ? "done:   " : "FAILED: ") + describe(act) +
                (done ? "" : ": " + done.error().text()));
  }
}

// Looks again and again, and knows for how long the same core has said nothing.
class Looker {
 public:
  explicit Looker(const RecoveryOptions& options) : options_(options) {}

  Plan look() {
    Observation seen = observe(options_.reach);
    if (seen.chaos_run.empty() && options_.chaos_run) {
      seen.chaos_run = options_.chaos_run();
      seen.chaos_owner = "this host: levictl chaos status";
    }
    const MonoTime now = os::mono_now();
    const bool same = silent_since_ && seen.supervised_pid == pid_;
    pid_ = seen.supervised_pid;
    if (seen.core_answers())
      silent_since_.reset();
    else if (!same)
      silent_since_ = now;
    if (silent_since_) seen.silent = now - *silent_since_;
    return diagnose(seen);
  }

 private:
  const RecoveryOptions& options_;
  std::int64_t pid_ = 0;
  std::optional<MonoTime> silent_since_;
};

bool has(const Plan& plan, ActKind kind) {
  return std::any_of(plan.acts.begin(), plan.acts.end(),
                     [kind](const Act& act) { return act.kind == kind; });
}

// True once our own probe has seen it healthy several times in a row.
bool verify(Looker& looker, const RecoveryOptions& options, bool restarted, MonoTime deadline) {
  os::Loop pause;
  unsigned in_a_row = 0;
  int plans = 1;
  MonoTime next_plan = os::mono_now() + kPlansApart;
  while (os::mono_now() < deadline && !os::interrupted()) {
    const Plan plan = looker.look();
    in_a_row = plan.healthy ? in_a_row + 1 : 0;
    if (in_a_row >= options.verify_times) return true;
    // A core that was just restarted may take its time: once is enough. A chaos run that began
    // meanwhile is left alone.
    const bool restart = has(plan, ActKind::kRestartCore);
    const bool due = !plan.refused && (restart ? !restarted : has(plan, ActKind::kStartEngine));
    if (due && plans < kPlansMax && os::mono_now() >= next_plan) {
      ++plans;
      restarted |= restart;
      next_plan = os::mono_now() + kPlansApart;
      act_on(plan, options);
    }
    pause.run_until(os::mono_now() + kProbePeriod);
  }
  return false;
}

RecoveryEnd end_without_acting(const Plan& plan) {
  if (plan.refused) return RecoveryEnd::kRefused;
  if (!plan.running) return RecoveryEnd::kNotRunning;
  return plan.healthy ? RecoveryEnd::kHealthy : RecoveryEnd::kPlanned;
}

void tell(const Plan& plan, const RecoveryOptions& options) {
  for (const Finding& finding : plan.findings) options.say("found:  " + describe(finding));
  for (const Act& act : plan.acts) options.say("plan:   " + describe(act));
  for (const std::string& line : plan.for_a_human) options.say("human:  " + line);
}

}  // namespace

Result<RecoveryOutcome> recover_now(const RecoveryOptions& options) {
  LEVI_CHECK(options.say != nullptr && options.verify_times > 0);
  const MonoTime begun = os::mono_now();
  RecoveryOutcome outcome;
  Looker looker(options);
  outcome.plan = looker.look();
  outcome.detect = os::mono_now() - begun;
  tell(outcome.plan, options);
  outcome.end = end_without_acting(outcome.plan);
  if (outcome.end != RecoveryEnd::kPlanned || !options.act) return outcome;

  auto lock = os::FileLock::take(options.lock_file);
  if (!lock) {
    return error(ErrorCode::kBusy, "another recovery is at work: " + lock.error().message,
                 "let it finish");
  }
  // What another recovery has just repaired must not be restarted once more.
  const Plan now = looker.look();
  outcome.end = end_without_acting(now);
  if (outcome.end != RecoveryEnd::kPlanned) {
    options.say("found:  it changed meanwhile");
    tell(now, options);
    return outcome;
  }
  const MonoTime acting = os::mono_now();
  act_on(now, options);
  outcome.acted = os::mono_now() - acting;
  const MonoTime verifying = os::mono_now();
  const bool restarted = has(now, ActKind::kRestartCore);
  const bool healthy = verify(looker, options, restarted, verifying + options.verify_max);
  outcome.verified = os::mono_now() - verifying;
  outcome.end = healthy ? RecoveryEnd::kRecovered : RecoveryEnd::kNotRecovered;
  return outcome;
}

}  // namespace levi::recover
