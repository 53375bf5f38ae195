// The middle of a trial: what the fault did, and that it is taken back.
#include <algorithm>

#include "chaos/experiment/release.h"
#include "chaos/experiment/trial.h"
#include "chaos/guard/undo.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"
#include "core/os/http.h"

namespace levi::chaos {

using reports::Undecided;

namespace {

constexpr Nanos kReadAlong = 400ms;
constexpr Nanos kLookAgainMax = kCallTimeout * 3;

}  // namespace

Step Trial::observe() {
  if (kind_.seals) {
    observe_kill();
  } else if (kind_.held) {
    observe_hold();
  } else {
    observe_recovery();
  }
  return Step::kRevert;
}

// Something was seen to break, by a probe or by the core itself, and all of it is whole again and
// stays so.
bool Trial::recovered() const {
  const auto& events = context_.stream->events();
  const auto down = first_down(events, kind_, observed_.t0);
  if (!down && !watch_.first_deviation()) return false;
  if (down && !last_up(events, kind_, *down)) return false;
  return watch_.held_for(scenario_.settle, os::mono_now());
}

void Trial::observe_recovery() {
  const Waited waited = wait([this] { return recovered(); }, deadline_);
  if (waited == Waited::kBroken) return broken();
  if (waited == Waited::kDone) return;
  const bool seen =
      watch_.first_deviation() || first_down(context_.stream->events(), kind_, observed_.t0);
  if (!seen)
    return invalid(Undecided::kNoEffect, "the fault landed, and nothing was seen to break");
  violation("recovered",
            "not within " + std::to_string(scenario_.timeout / 1ms) + " ms: " + still_failing());
}

std::string Trial::still_failing() const {
  const std::string failing = watch_.failing(os::mono_now());
  if (!failing.empty()) return failing;
  const auto down = first_down(context_.stream->events(), kind_, observed_.t0);
  if (down && !last_up(context_.stream->events(), kind_, *down))
    return "the core did not report the end of it";
  return "it does not stay whole for " + std::to_string(scenario_.settle / 1ms) + " ms";
}

void Trial::observe_hold() {
  const MonoTime end = observed_.t0 + scenario_.hold(record_.trial);
  if (wait([] { return false; }, end) == Waited::kBroken) return broken();
  // It stood to the end, not only when it landed.
  const GuardClient::Blocking blocking(*context_.guard, kLookAgainMax);
  const MonoTime begun = os::mono_now();
  const auto proof = fault_->prove(context_.target, undo_, injection_, begun);
  blocked_max_ = std::max(blocked_max_, os::mono_now() - begun);
  if (!proof)
    invalid(Undecided::kUnproven, "the fault did not stand to its end: " + proof.error().message);
}

// The core keeps a bounded number of finished orders and fills in memory: a long wait must not
// outrun the reader. What can't be read now is read, or found missing, later.
Waited Trial::wait(const std::function<bool()>& done, MonoTime deadline) {
  for (;;) {
    const Waited waited = context_.pump.until(done, std::min(deadline, next_read_));
    if (waited != Waited::kDeadline || os::mono_now() >= deadline) return waited;
    if (context_.books && context_.books->read_venue()) (void)context_.books->read_core();
    next_read_ = os::mono_now() + kReadAlong;
  }
}

// The exchange has seen the end of every connection that carried an order, and has no open order of
// ours.
void Trial::observe_kill() {
  judge_exit();
  const auto ended = [this] {
    const auto open = open_order_connections();
    return open && open.value() == 0;
  };
  Waited waited = wait(ended, deadline_);
  if (waited == Waited::kBroken) return broken();
  connections_ended_ = waited == Waited::kDone;
  if (!connections_ended_)
    violation("kill.connections", "order connections are still open at the exchange");
  MonoTime asked = observed_.t0;
  waited = wait([&] { return orders_cleared(std::exchange(asked, os::mono_now())); }, deadline_);
  if (waited == Waited::kBroken) return broken();
  if (waited == Waited::kDeadline) violation("kill.orders", "orders are still open at the venue");
  if (connections_ended_) observe_seal_on();
}

// A core that thinks better of it opens a fresh connection a moment later: the seal stays on for as
// long as a steady state must hold.
void Trial::observe_seal_on() {
  if (wait([] { return false; }, os::mono_now() + scenario_.settle) == Waited::kBroken)
    return broken();
  const auto open = open_order_connections();
  if (!open) {
    return invalid(Undecided::kNoAnswer,
                   "the order connections can't be looked at again: " + open.error().text());
  }
  connections_ended_ = open.value() == 0;
  if (!connections_ended_)
    violation("kill.connections", "an order connection was opened again under the seal");
}

Result<std::int64_t> Trial::open_order_connections() {
  LEVI_TRY(all, context_.caller->exchange("GET", "/connections"));
  if (!all.is_array()) return error(ErrorCode::kCorrupt, "the exchange's /connections is no list");
  return std::count_if(all.begin(), all.end(),
                       [](const Json& one) { return integer_at(one, "orders") > 0; });
}

// Flatten orders are open orders, too.
std::optional<std::int64_t> Trial::open_at_exchange() {
  const auto normal = open_with("LVO" + context_.books->instance());
  const auto flatten = open_with("LVF" + context_.books->instance());
  return normal && flatten ? std::optional(*normal + *flatten) : std::nullopt;
}

std::optional<std::int64_t> Trial::open_with(const std::string& prefix) {
  const auto summary =
      context_.caller->exchange("GET", "/ledger/summary?prefix=" + os::percent_encode(prefix));
  if (!summary || !summary.value().contains("open_orders")) return std::nullopt;
  return integer_at(summary.value(), "open_orders");
}

// The latch was seen sealed, so a command that pressed it ends with 0 exactly if nothing was open
// at the exchange by then.
void Trial::judge_exit() {
  if (!injection_.detail.contains("exit")) return;
  const std::int64_t code = integer_at(injection_.detail, "exit", -1);
  const auto open = open_at_exchange();
  if (!open) {
    return invalid(Undecided::kNoAnswer, "the exchange does not say what was open when it ended");
  }
  if ((code == 0) == (*open == 0)) return;
  violation("kill.exit", "exit " + std::to_string(code) + ", and the exchange has " +
                             std::to_string(*open) + " open orders");
}

bool Trial::orders_cleared(MonoTime asked_before) {
  if (open_at_exchange() != 0) return false;
  const MonoTime now = os::mono_now();
  observed_.orders_cleared = Moment{now, now - asked_before};
  return true;
}

Step Trial::revert() {
  if (context_.guard_dead()) {
    undo_after_dead_guard();
    return Step::kJudge;
  }
  // The last word of the ledger before anything may be sent again.
  if (kind_.seals) judge_kill();
  if (kind_.seals || kind_.held) observed_.reverted = os::mono_now();
  if (kind_.seals) let_go_of_seal();
  revert_by_guard();
  record_.fault.reverted_at = os::format_utc(os::wall_now());
  return context_.pump.broken() ? Step::kJudge : Step::kSettle;
}

void Trial::let_go_of_seal() {
  const bool first = !std::exchange(let_go_, true);  // a guard's death makes us do it once more
  const std::string reason = "end of the kill trial " + std::to_string(record_.trial);
  const auto released = release_seal(context_, undo_, reason, os::mono_now() + scenario_.timeout);
  if (released) {
    context_.seal_left.reset();
    if (!released.value().by.empty()) requests_["POST /live/restore"] += released.value().by.size();
    if (first && !released.value().was_held && !record_.fault.proof.empty()) judge_unsealed();
  } else {
    context_.seal_left = undo_;
    invalid(Undecided::kNotRestored, "the chaos seal was not released: " + released.error().text());
  }
}

// The latch was seen sealed, and is not any more, though nobody of us let go of it.
void Trial::judge_unsealed() {
  const auto latch = context_.caller->api("GET", "/live/kill");
  if (latch) return violation("kill.unsealed", "the seal was gone before it was released");
  invalid(Undecided::kNoAnswer,
          "whether the seal still stands is not told: " + latch.error().text());
}

// Tried once more at the end of the run, which says what became of it.
bool Trial::seal_is_left() const { return kind_.seals && context_.seal_left.has_value(); }

void Trial::revert_by_guard() {
  const auto number = injected_ ? injected_ : pressed_;
  if (!number) return;
  const auto left = context_.guard->revert(*number);
  if (left) {
    if (!seal_is_left()) left_behind(left.value());
  } else if (context_.guard_dead()) {
    undo_after_dead_guard();
  } else {
    left_behind({{"the guard could not revert: " + left.error().text(), "levictl chaos undo"}});
  }
}

// The guard died with faults standing: its lock is free, and we do its work. A kill is released by
// us, who are alive.
void Trial::undo_after_dead_guard() {
  invalid(Undecided::kGuardDied, "the guard died");
  if (kind_.seals) let_go_of_seal();
  const auto undone = undo_run(context_.guard->folder());
  if (undone) {
    if (!seal_is_left()) left_behind(undone.value().leftovers);
  } else if (undone.error().code != ErrorCode::kNotFound) {
    left_behind(
        {{"the undo log can't be worked off: " + undone.error().text(), "levictl chaos undo"}});
  }
}

Step Trial::settle() {
  judge_settled();
  settled_at_ = os::mono_now();
  observed_.first_deviation = watch_.first_deviation();
  observed_.recovered = watch_.recovered();
  // Only now: whatever is done to the core before would be taken for its own recovery.
  const Status restored = restore_budget();
  if (!restored) {
    invalid(Undecided::kNotRestored,
            "the restart budget was not restored: " + restored.error().text());
  }
  return Step::kJudge;
}

// `timeout` is over all of it, from the fault's end. A seal's end is its release, which has as
// long.
MonoTime Trial::settle_deadline() const {
  const MonoTime now = os::mono_now();
  // A recovery that failed was waited for once: what is broken now stays so until the next trial's
  // steady state says more.
  if (!failed_.empty()) return now;
  if (kind_.seals) return now + scenario_.timeout;
  return std::max(deadline_, observed_.reverted.value_or(observed_.t0) + scenario_.timeout);
}

void Trial::judge_settled() {
  // Counted from the fault's end: where no probe saw it, the unbroken stretch began before it.
  const MonoTime settled = observed_.reverted.value_or(observed_.t0) + scenario_.settle;
  const auto holds = [this, settled] {
    const auto down = first_down(context_.stream->events(), kind_, observed_.t0);
    const bool whole = !down || last_up(context_.stream->events(), kind_, *down);
    const MonoTime now = os::mono_now();
    return whole && now >= settled && watch_.held_for(scenario_.settle, now);
  };
  const Waited waited = wait(holds, settle_deadline());
  if (waited == Waited::kBroken) return broken();
  if (waited == Waited::kDeadline && invalid_.empty() && failed_.empty())
    violation("settled", "no steady state after the fault: " + still_failing());
}

// Restarts that a fault caused would use up the engines' budget over the trials: an audited start
// gives it back. An engine that does not run is the core's to start, and the judge's to see.
Status Trial::restore_budget() {
  LEVI_TRY(engines, context_.caller->api("GET", "/engines"));
  for (const auto& engine : list_at(engines, "engines")) {
    if (text_at(engine, "status") != "running") continue;
    const std::string path = "/engines/" + os::percent_encode(text_at(engine, "name")) + "/start";
    LEVI_TRY(answer, context_.caller->api("POST", path,
                                          Json{{"actor", context_.actor()},
                                               {"reason", "chaos: restores the budget"}}));
    (void)answer;
    ++requests_["POST " + path];
  }
  return ok();
}

}  // namespace levi::chaos
