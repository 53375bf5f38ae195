#include "recover/recovery.h"

#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/strict_yaml.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/http.h"
#include "core/os/loop.h"

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

// Engines that only show once the core is back are started by a second look: at most this many
// plans are carried out.
constexpr int kPlansMax = 3;

void act_on(const Plan& plan, const RecoveryOptions& options) {
  for (const Act& act : plan.acts) {
    const Status done = carry_out(act, options);
    options.say((done ? "done:   " : "FAILED: ") + describe(act) +
                (done ? "" : ": " + done.error().text()));
  }
}

// True once our own probe has seen it healthy several times in a row.
bool verify(const RecoveryOptions& options, MonoTime deadline) {
  os::Loop pause;
  unsigned in_a_row = 0;
  int plans = 1;
  bool core_was_back = false;
  while (os::mono_now() < deadline) {
    const Plan plan = diagnose(observe(options.reach));
    in_a_row = plan.healthy ? in_a_row + 1 : 0;
    if (in_a_row >= options.verify_times) return true;
    bool engines_only = !plan.acts.empty();
    for (const Act& act : plan.acts)
      engines_only = engines_only && act.kind != ActKind::kRestartCore;
    if (engines_only && !core_was_back && plans < kPlansMax) {
      core_was_back = true;
      ++plans;
      act_on(plan, options);
    }
    pause.run_until(os::mono_now() + kProbePeriod);
  }
  return false;
}

}  // namespace

Result<RecoveryOutcome> recover_now(const RecoveryOptions& options) {
  LEVI_CHECK(options.say != nullptr && options.verify_times > 0);
  const MonoTime begun = os::mono_now();
  RecoveryOutcome outcome;
  outcome.plan = diagnose(observe(options.reach));
  outcome.detect = os::mono_now() - begun;
  for (const Finding& finding : outcome.plan.findings) options.say("found:  " + describe(finding));
  for (const Act& act : outcome.plan.acts) options.say("plan:   " + describe(act));
  for (const std::string& line : outcome.plan.for_a_human) options.say("human:  " + line);

  if (!outcome.plan.running) {
    outcome.end = RecoveryEnd::kNotRunning;
  } else if (outcome.plan.refused) {
    outcome.end = RecoveryEnd::kRefused;
  } else if (outcome.plan.healthy) {
    outcome.end = RecoveryEnd::kHealthy;
  } else {
    outcome.end = RecoveryEnd::kPlanned;
  }
  if (outcome.end != RecoveryEnd::kPlanned || !options.act) return outcome;

  auto lock = os::FileLock::take(options.lock_file);
  if (!lock) {
    return error(ErrorCode::kBusy, "another recovery is at work: " + lock.error().message,
                 "let it finish");
  }
  const MonoTime acting = os::mono_now();
  act_on(outcome.plan, options);
  outcome.acted = os::mono_now() - acting;
  const MonoTime verifying = os::mono_now();
  const bool healthy = verify(options, verifying + options.verify_max);
  outcome.verified = os::mono_now() - verifying;
  outcome.end = healthy ? RecoveryEnd::kRecovered : RecoveryEnd::kNotRecovered;
  return outcome;
}

}  // namespace levi::recover
