#include "chaos/experiment/trial.h"

#include <algorithm>

#include "chaos/guard/pause.h"
#include "core/base/check.h"
#include "core/base/json_fields.h"
#include "core/base/random.h"
#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::chaos {

using reports::Undecided;

namespace {

constexpr Nanos kFreshMax = 500ms;
constexpr Nanos kStreamWait = 3s;
constexpr Nanos kFlowPoll = 50ms;
constexpr Nanos kProofDeadline = 3s;
constexpr Nanos kLeaseMargin = 15s;
// How long the guard may have to do without our loop: two calls to the target at most, and a proof
// that was begun in time is finished.
constexpr Nanos kPlanMax = kCallTimeout * 3;
constexpr Nanos kProveMax = kProofDeadline + kCallTimeout * 3;

std::uint64_t short_seed(std::uint64_t seed) {
  return seed >> 11;
}  // a JSON number that every reader keeps whole

std::vector<std::string> watched_probes(const Scenario& scenario) {
  std::vector<std::string> all = scenario.steady;
  for (const auto& probe : scenario.throughout) {
    if (std::find(all.begin(), all.end(), probe) == all.end()) all.push_back(probe);
  }
  return all;
}

const FaultKind& kind_of(const Scenario& scenario) {
  const FaultKind* kind = find_fault(scenario.fault);
  LEVI_CHECK(kind != nullptr);  // the scenario was validated
  return *kind;
}

}  // namespace

const char* to_string(Step step) {
  switch (step) {
    case Step::kPreflight:
      return "preflight";
    case Step::kSteady:
      return "steady";
    case Step::kInject:
      return "inject";
    case Step::kProve:
      return "prove";
    case Step::kObserve:
      return "observe";
    case Step::kRevert:
      return "revert";
    case Step::kSettle:
      return "settle";
    case Step::kJudge:
      return "judge";
    case Step::kDone:
      return "done";
  }
  LEVI_UNREACHABLE();
}

Eyes::Eyes(const Scenario& scenario) : watch(watched_probes(scenario), kFreshMax) {}

Trial::Trial(RunContext& context, const Scenario& scenario, Eyes& eyes, int number)
    : context_(context),
      scenario_(scenario),
      kind_(kind_of(scenario)),
      began_(os::mono_now()),
      prober_(eyes.prober),
      watch_(eyes.watch) {
  watch_.mark(began_);
  record_.id = scenario.id;
  record_.name = scenario.name;
  record_.variant = scenario.variant(number);
  record_.trial = number;
  record_.seed = short_seed(
      derive_seed(derive_seed(context.options.seed, std::hash<std::string>{}(scenario.id)),
                  static_cast<std::uint64_t>(number)));
  record_.must_pass = scenario.must_pass;
  record_.fault.kind = scenario.fault;
  record_.fault.parameters = scenario.parameters;
  record_.environment = context.environment;
  observed_.kind = &kind_;
}

reports::TrialRecord Trial::run(const std::function<void(Step)>& on_step) {
  for (Step next = Step::kPreflight; next != Step::kDone;) {
    on_step(next);
    pause(next);
    next = step(next);
  }
  record_.duration = os::mono_now() - began_;
  return record_;
}

Step Trial::step(Step step) {
  switch (step) {
    case Step::kPreflight:
      return preflight();
    case Step::kSteady:
      return steady();
    case Step::kInject:
      return inject();
    case Step::kProve:
      return prove();
    case Step::kObserve:
      return observe();
    case Step::kRevert:
      return revert();
    case Step::kSettle:
      return settle();
    case Step::kJudge:
      return judge();
    case Step::kDone:
      break;
  }
  LEVI_UNREACHABLE();
}

void Trial::pause(Step step) {
  pause_at(to_string(step),
           [this] { return wait([] { return false; }, os::mono_now() + 2ms) != Waited::kBroken; });
}

void Trial::invalid(Undecided code, const std::string& why) {
  if (!invalid_.empty()) return;
  undecided_ = code;
  invalid_ = why;
}

void Trial::skip(const std::string& why) {
  skipped_ = true;
  const auto& approved = context_.options.skips_approved;
  record_.skip_approved =
      std::find(approved.begin(), approved.end(), scenario_.id) != approved.end();
  invalid_ = why;
}

void Trial::failed(const std::string& why) {
  if (failed_.empty()) failed_ = why;
}

// Its folders are gone: whoever did that (levictl down) ended the test, and no core failed it.
bool Trial::was_taken_down() const {
  const TargetSpec& target = context_.options.target;
  const auto gone = [](const std::string& path) { return !path.empty() && !os::exists(path); };
  return gone(target.data) || gone(target.runtime);
}

void Trial::violation(const std::string& check, const std::string& detail) {
  if (was_taken_down())
    return invalid(Undecided::kNoAnswer, "the target was taken down in the middle of the trial");
  record_.violations.push_back({check, detail});
  failed(check + ": " + detail);
}

void Trial::left_behind(const std::vector<Trace>& traces) {
  for (const auto& trace : traces) {
    record_.leftovers.push_back(trace.text);
    if (!trace.fix.empty()) context_.notes.push_back(trace.text + "; lift it by: " + trace.fix);
  }
}

void Trial::broken() {
  if (context_.guard_dead()) {
    invalid(Undecided::kGuardDied, "the guard died");
  } else if (const Error* lost = context_.lease_lost()) {
    invalid(Undecided::kInterrupted, lost->message);
  } else {
    invalid(Undecided::kInterrupted,
            context_.interrupted() ? "interrupted" : "the run's time is over");
  }
}

bool Trial::wants(const std::string& invariant) const {
  const auto& all = scenario_.invariants;
  return std::find(all.begin(), all.end(), invariant) != all.end();
}

Step Trial::preflight() {
  for (const auto& need : scenario_.needs) {
    const auto why = context_.unmet(need);
    if (why && why.value().empty()) continue;
    if (why)
      skip(why.value());
    else
      invalid(Undecided::kNoAnswer, "the target's " + need + ": " + why.error().text());
    return Step::kJudge;
  }
  know_life();
  const Waited waited =
      wait([this] { return context_.stream->connected(); }, os::mono_now() + kStreamWait);
  if (waited == Waited::kBroken) return broken(), Step::kJudge;
  if (waited == Waited::kDeadline) {
    invalid(Undecided::kNoStream, "the core's event stream can't be opened");
    return Step::kJudge;
  }
  if (const StreamFault& clock = context_.stream->clock_fault(); clock.code != Undecided::kNone) {
    invalid(clock.code, clock.why);
    return Step::kJudge;
  }
  // Nothing is broken under a lease that another run has taken meanwhile.
  if (const Status leased = context_.lease->take(scenario_.id); !leased) {
    invalid(Undecided::kNoAnswer, "the run's lease can't be renewed: " + leased.error().text());
    return Step::kJudge;
  }
  return mark_ledgers();
}

// Where the last judgement could not ask, what happened since is nobody's word.
void Trial::know_life() {
  if (context_.life) return;
  const GuardClient::Blocking blocking(*context_.guard, kPlanMax);
  if (const auto health = context_.target.health()) context_.life = life_of(health.value());
}

// What stands in them now is not of this trial.
Step Trial::mark_ledgers() {
  if (context_.books) {
    if (const Status read = context_.books->mark(); !read) {
      invalid(Undecided::kLedgerUnread, "the ledgers can't be read: " + read.error().text());
      return Step::kJudge;
    }
  }
  if (context_.audit && wants("audit.chained")) {
    // What is wrong with it now is so at the end, too.
    chain_was_there_ = context_.audit->read_on().has_value();
    audited_before_ = context_.audit->granted();
  }
  return Step::kSteady;
}

Step Trial::steady() {
  if (!prober_)
    prober_ = std::make_unique<Prober>(context_.loop, *context_.caller, watch_.names(), watch_);
  // Only what a connected stream tells from now on is whole.
  const auto holds = [this] {
    return context_.stream->connected() && watch_.held_for(scenario_.settle, os::mono_now());
  };
  if (!steady_deadline_) steady_deadline_ = os::mono_now() + scenario_.timeout;
  const MonoTime deadline = *steady_deadline_;
  Waited waited = wait(holds, deadline);
  while (waited == Waited::kDone && !orders_flow()) {
    // A lull: the fault waits for the flow that it is to meet.
    waited = wait([] { return false; }, std::min(deadline, os::mono_now() + kFlowPoll));
    if (waited == Waited::kDeadline && os::mono_now() < deadline) waited = wait(holds, deadline);
  }
  if (waited == Waited::kDone) return Step::kInject;
  if (waited == Waited::kBroken) {
    broken();
  } else if (!context_.stream->connected()) {
    invalid(Undecided::kNoStream, "the core's event stream does not stay open");
  } else {
    const std::string failing = watch_.failing(os::mono_now());
    invalid(failing.empty() ? Undecided::kNoFlow : Undecided::kNoSteady,
            "no steady state before the fault: " +
                (failing.empty() ? std::string("not enough order flow") : failing));
  }
  return Step::kJudge;
}

// As many orders as the scenario wants reached the venue just now. A ledger that can't be read is
// for the judge to tell.
bool Trial::orders_flow() const {
  if (scenario_.flow.orders_per_second_min == 0 || !context_.books) return true;
  const MonoTime now = os::mono_now();
  if (!context_.books->read_venue()) return true;
  const std::uint64_t orders = orders_in(context_.books->since_mark(), now, scenario_.flow.window);
  return static_cast<double>(orders) >= scenario_.flow.orders_min();
}

Step Trial::inject() {
  if (!context_.stream->connected()) return Step::kSteady;
  FaultOrder order{scenario_.fault,
                   scenario_.parameters,
                   record_.variant,
                   context_.options.run,
                   record_.trial,
                   record_.seed,
                   scenario_.timeout * (kind_.seals ? 2 : 1) +  // a seal is let go of by as long
                       scenario_.hold(record_.trial) + kLeaseMargin};
  if (!plan(order)) return Step::kJudge;
  context_.stream->forget();
  watch_.hold();  // until t0 is known
  auto injected = context_.guard->inject({undo_, order.lease, context_.options.leave_out});
  watch_.mark(injected ? injected.value().injection.before : os::mono_now());
  if (!injected) {
    // Whatever the guard did before it failed or died, it undoes itself, or we do in its place.
    invalid(Undecided::kNotInjected, "the fault was not injected: " + injected.error().text());
    if (!kind_.seals) left_behind(context_.guard->left_by_failed_inject());  // a seal is released
    pressed_ = context_.guard->number_of_failed_inject();
    return context_.guard_dead() || kind_.seals ? Step::kRevert : Step::kJudge;
  }
  note_injection(std::move(injected).value());
  return Step::kProve;
}

void Trial::note_injection(Injected injected) {
  injected_ = injected.number;
  injection_ = std::move(injected.injection);
  observed_.t0 = injection_.before;
  if (const Json& engine = value_at(undo_.parameters, "engine"); engine.is_number_integer()) {
    observed_.engine = engine.get<std::int64_t>();
  }
  if (kind_.seals) observed_.kill_ack = injection_.after - injection_.before;
  // A press by file goes past every server: nobody audits it.
  const bool asked = kind_.seals && record_.variant != "file" && !context_.options.leave_out;
  if (asked) ++requests_["POST /live/kill"];
  record_.fault.injected_at = os::format_utc(os::wall_now() - (os::mono_now() - injection_.before));
  deadline_ = injection_.before + scenario_.hold(record_.trial) + scenario_.timeout;
}

bool Trial::plan(const FaultOrder& order) {
  const GuardClient::Blocking blocking(*context_.guard, kPlanMax);
  fault_ = kind_.make();
  auto undo = fault_->plan(context_.target, order);
  if (!undo && undo.error().code == ErrorCode::kUnsupported) {
    skip(undo.error().text());
  } else if (!undo) {
    invalid(Undecided::kUnplanned, "the fault can't be planned: " + undo.error().text());
  } else {
    undo_ = std::move(undo).value();
  }
  return undo.has_value();
}

Step Trial::prove() {
  const GuardClient::Blocking blocking(*context_.guard, kProveMax);
  const MonoTime begun = os::mono_now();
  const auto proof = fault_->prove(context_.target, undo_, injection_, begun + kProofDeadline);
  blocked_max_ = os::mono_now() - begun;
  if (!proof) {
    if (integer_at(injection_.detail, "exit", -1) == 0)
      violation("kill.exit", "exit 0, and " + proof.error().message);
    const bool looked = proof.error().code == ErrorCode::kTimeout;
    invalid(looked ? Undecided::kUnproven : Undecided::kNoAnswer,
            "the fault was not seen to land: " + proof.error().message);
    return Step::kRevert;
  }
  observed_.landing = proof.value().at - injection_.before;
  record_.fault.proof = proof.value().text;
  return Step::kObserve;
}

}  // namespace levi::chaos
