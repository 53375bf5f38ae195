// The end of a trial: from what was seen to a verdict.
#include <algorithm>

#include "chaos/experiment/trial.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"

namespace levi::chaos {

using reports::Undecided;

namespace {

constexpr Nanos kLedgerDeadline =
    6s;  // an unknown order is final after recvWindow + 1 s, twice asked
constexpr Nanos kLedgerPoll = 20ms;
constexpr Nanos kAuditDeadline = 1s;

}  // namespace

Step Trial::judge() {
  observed_.events = context_.stream->events();
  const bool landed = !record_.fault.proof.empty();
  if (landed) {
    judge_flow();
    judge_throughout();
    find_socket_end();
  }
  if (injected_) judge_ledger();
  if (injected_ && !skipped_ && !context_.pump.broken()) judge_audit();
  judge_measures();
  const auto& fault = context_.stream->fault();
  if (landed && fault.code != Undecided::kNone) invalid(fault.code, fault.why);
  decide();
  return Step::kDone;
}

void Trial::judge_flow() {
  if (scenario_.flow.orders_per_second_min == 0 || !context_.books) return;
  if (const Status read = context_.books->read_venue(); !read)
    return invalid(Undecided::kLedgerUnread, read.error().text());
  const std::uint64_t orders =
      orders_in(context_.books->since_mark(), observed_.t0, scenario_.flow.window);
  const auto window_ms = scenario_.flow.window / 1ms;
  observed_.orders_per_second = static_cast<std::int64_t>(
      static_cast<double>(orders) * 1e9 / static_cast<double>(scenario_.flow.window.count()));
  if (static_cast<double>(orders) >= scenario_.flow.orders_min()) return;
  invalid(Undecided::kNoFlow, "no order flow when the fault landed: " + std::to_string(orders) +
                                  " orders in " + std::to_string(window_ms) + " ms");
}

// Called when the ledger was read for the last time before the seal is released.
void Trial::judge_kill() {
  if (!context_.books || record_.fault.proof.empty()) return;
  const auto sequence = static_cast<std::uint64_t>(integer_at(injection_.detail, "sequence"));
  KillJudge judge({context_.books->instance(), sequence, observed_.t0});
  for (const auto& entry : context_.books->since_mark()) judge.venue(entry);
  observed_.kill = judge.judgement();
  for (const auto& detail : observed_.kill->details) violation("kill.beyond-s", detail);
  if (connections_ended_ && observed_.kill->orders > 0 && !observed_.kill->s_arrived)
    judge_missing_s(sequence);
}

// S was written, and its connection's end was seen, but it never came: the core must not believe
// that it did.
void Trial::judge_missing_s(std::uint64_t sequence) {
  const auto answer = context_.caller->api(
      "GET", "/orders?rows=true&after=" + std::to_string(sequence - 1) + "&limit=1");
  if (!answer)
    return invalid(Undecided::kNoAnswer,
                   "the order S can't be looked up: " + answer.error().text());
  for (const auto& json : list_at(answer.value(), "orders")) {
    const auto order = parse_our_order(json);
    if (!order) return invalid(Undecided::kNoAnswer, order.error().message);
    if (order.value().sequence != sequence) continue;
    const OurState state = order.value().state;
    if (state == OurState::kLive || state == OurState::kDone || state == OurState::kRejected) {
      violation("kill.s-missing", "S = " + std::to_string(sequence) +
                                      " never reached the venue, and the core calls it settled");
    }
  }
}

void Trial::judge_throughout() {
  for (std::size_t i = 0; i < watch_.names().size(); ++i) {
    const std::string& name = watch_.names()[i];
    const auto& all = scenario_.throughout;
    if (std::find(all.begin(), all.end(), name) == all.end() || !watch_.deviated(i)) continue;
    const std::string& why = watch_.deviation_text(i);
    // A silent witness has seen nothing: neither that the probe held, nor that it did not.
    if (place_of(find_probe(name)->document).at_exchange && why.starts_with(kNoAnswer)) {
      invalid(Undecided::kNoAnswer, "throughout:" + name + ": the witness gave " + why);
    } else {
      violation("throughout:" + name, why);
    }
  }
}

// When the exchange saw the broken feed's sockets end, by its ledger.
void Trial::find_socket_end() {
  if (!context_.books || !undo_.parameters.contains("connections")) return;
  if (!context_.books->read_venue()) return;  // judge_ledger says what is wrong with it
  observed_.feed = text_at(undo_.parameters, "on");
  const Json& victims = list_at(undo_.parameters, "connections");
  for (const auto& entry : context_.books->since_mark()) {
    const bool victim =
        std::find(victims.begin(), victims.end(), Json(entry.connection)) != victims.end();
    if (entry.kind != VenueKind::kEnd || !victim || entry.mono < observed_.t0) continue;
    if (!observed_.socket_ended || entry.mono < *observed_.socket_ended)
      observed_.socket_ended = entry.mono;
  }
}

void Trial::judge_ledger() {
  if (!wants("ledger.reconciled") || !context_.books) return;
  const MonoTime deadline = os::mono_now() + kLedgerDeadline;
  std::optional<Horizon> horizon;
  std::string problem = "never read";
  while (true) {
    if (!horizon) {
      auto now = context_.books->horizon();
      if (now) {
        horizon = now.value();
      } else {
        problem = now.error().text();
      }
    }
    if (horizon) {
      auto balance = context_.books->balance(*horizon);
      if (balance) {
        observed_.balance = balance.value();
        problem.clear();
        if (balance.value().even()) break;
      } else {
        problem = balance.error().text();
      }
    }
    if (os::mono_now() >= deadline || context_.pump.broken()) break;
    (void)wait([] { return false; }, os::mono_now() + kLedgerPoll);
  }
  if (horizon) context_.books->settle(*horizon);
  if (context_.pump.broken()) return;
  if (!problem.empty())
    return invalid(Undecided::kLedgerUnread, "the ledgers can't be compared: " + problem);
  const Balance& balance = *observed_.balance;
  if (balance.lost + balance.duplicated + balance.unexpected > 0) {
    for (const auto& detail : balance.details) violation("ledger.reconciled", detail);
  } else if (balance.unsettled > 0) {
    violation("ledger.reconciled",
              balance.details.empty() ? "orders are unsettled" : balance.details.front());
  }
}

void Trial::judge_audit() {
  if (!wants("audit.chained") || !context_.audit) return;
  const MonoTime deadline = os::mono_now() + kAuditDeadline;
  while (true) {
    if (const Status read = context_.audit->read_on(); !read) {
      return violation("audit.chained", read.error().message);
    }
    // The audited starts of `settle` must be there, behind the chain that was there before.
    if (context_.audit->lines() > audit_lines_) return;
    if (os::mono_now() >= deadline) break;
    (void)wait([] { return false; }, os::mono_now() + kLedgerPoll);
  }
  violation("audit.chained", "this trial's changing requests are not in the audit chain");
}

void Trial::judge_measures() {
  if (record_.fault.proof.empty()) return;
  for (const auto& order : scenario_.measures) {
    reports::Measure taken = measure(order, observed_);
    switch (reports::judge(taken)) {
      case reports::Verdict::kFail:
        failed(taken.name + " missed its target");
        break;
      case reports::Verdict::kInvalid:
        invalid(Undecided::kTooClose, taken.name + " is too close to its target for its error");
        break;
      default:
        break;
    }
    record_.measures.push_back(std::move(taken));
  }
}

// A broken invariant is a finding whatever else was undecided; a missed measure counts only in a
// valid trial.
void Trial::decide() {
  const bool witnessed = context_.books != nullptr;
  record_.assurance =
      witnessed ? reports::Assurance::kWitnessed : reports::Assurance::kSelfReported;
  if (skipped_) {
    record_.status = reports::Verdict::kSkipped;
    record_.reason = invalid_;
  } else if (!record_.leftovers.empty() ||
             (!record_.violations.empty() && !context_.pump.broken())) {
    record_.status = reports::Verdict::kFail;
    record_.reason = failed_.empty() ? "something was left behind" : failed_;
  } else if (!invalid_.empty()) {
    record_.status = reports::Verdict::kInvalid;
    record_.reason = invalid_;
    record_.undecided = undecided_;
  } else if (!failed_.empty()) {
    record_.status = reports::Verdict::kFail;
    record_.reason = failed_;
  } else {
    record_.status = reports::Verdict::kPass;
  }
}

}  // namespace levi::chaos
