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
constexpr Nanos kAuditDeadline = 3s;
constexpr Nanos kStoreDeadline = 6s;
constexpr Nanos kStorePoll = 50ms;
constexpr Nanos kEventsDeadline = 3s;
constexpr Nanos kSilenceMax = 1s;  // of the core's API, while the fault may not disturb it
// Between two sightings of what may not be disturbed, beside the time that a proof took.
constexpr Nanos kUnwatchedMax = 500ms;
constexpr Nanos kLookMax = kCallTimeout * 2;

}  // namespace

Step Trial::judge() {
  const bool landed = !record_.fault.proof.empty();
  if (landed && !context_.pump.broken()) read_events_on();
  observed_.events = context_.stream->events();
  if (landed) {
    judge_flow();
    judge_throughout();
    find_socket_end();
  }
  if (injected_) judge_ledger();
  if (injected_ && !context_.pump.broken()) judge_store();
  if (injected_ && !context_.pump.broken()) judge_audit();
  if (!skipped_ && !context_.pump.broken()) judge_restarts();
  judge_measures();
  for (const StreamFault& fault : {context_.stream->gap(), context_.stream->clock_fault()}) {
    if (landed && fault.code != Undecided::kNone) invalid(fault.code, fault.why);
  }
  record_.assurance = findings().assurance;
  const Decision decision = decide(findings());
  record_.status = decision.status;
  record_.undecided = decision.undecided;
  record_.reason = decision.reason;
  return Step::kDone;
}

// What the core has said up to now is here, not still on its way: a mark of our own comes behind
// it.
void Trial::read_events_on() {
  const std::string mark = RunLease::judging(scenario_.id);
  if (const Status marked = context_.lease->take(mark); !marked) {
    return invalid(Undecided::kNoAnswer,
                   "the end of the core's events can't be marked: " + marked.error().text());
  }
  const auto seen = [&] {
    const auto& events = context_.stream->events();
    return std::any_of(events.rbegin(), events.rend(), [&](const CoreEvent& event) {
      return event.type == "chaos-mark" && text_at(event.data, "scenario") == mark;
    });
  };
  const Waited waited = wait(seen, os::mono_now() + kEventsDeadline);
  if (waited == Waited::kBroken) return broken();
  if (waited == Waited::kDeadline)
    invalid(Undecided::kGap, "the core's event stream did not come up to date");
}

void Trial::judge_flow() {
  if (scenario_.flow.orders_per_second_min == 0) return;
  if (!context_.books)
    return invalid(Undecided::kUnwitnessed, "the order flow could not be looked at");
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

// Called before the seal is released. What is seen beyond S is a finding at any time; that nothing
// is there only counts where the whole ledger was read.
void Trial::judge_kill() {
  if (record_.fault.proof.empty()) return;
  if (!context_.books)
    return invalid(Undecided::kUnwitnessed, "what the kill stopped could not be looked at");
  const Json& named = value_at(injection_.detail, "sequence");
  if (!named.is_number_unsigned())
    return invalid(Undecided::kNoAnswer,
                   "the kill's answer names no S: nothing can be judged by it");
  const auto sequence = named.get<std::uint64_t>();
  const Status read = context_.books->read_venue();
  KillJudge judge({context_.books->instance(), sequence, observed_.t0});
  for (const auto& entry : context_.books->since_mark()) judge.venue(entry);
  const KillJudgement judgement = judge.judgement();
  for (const auto& detail : judgement.details) violation("kill.beyond-s", detail);
  if (!read) {
    return invalid(Undecided::kLedgerUnread,
                   "the ledger can't be read before the release: " + read.error().text());
  }
  observed_.kill = judgement;
  const bool due = sequence > context_.books->sequence_at_mark();
  if (connections_ended_ && due && !judgement.s_arrived) judge_missing_s(sequence);
}

// S was written, and its connection's end was seen, but it never came: the core must know of it,
// and must not believe that it did.
void Trial::judge_missing_s(std::uint64_t sequence) {
  const std::string missing = "S = " + std::to_string(sequence) + " never reached the venue, and ";
  const auto answer = context_.caller->api(
      "GET", "/orders?rows=true&after=" + std::to_string(sequence - 1) + "&limit=1");
  if (!answer) {
    return invalid(Undecided::kNoAnswer,
                   "the order S can't be looked up: " + answer.error().text());
  }
  const Json& rows = list_at(answer.value(), "orders");
  const auto order = parse_our_order(rows.empty() ? Json() : rows.front());
  if (rows.empty() || (order && order.value().sequence != sequence))
    return violation("kill.s-missing", missing + "the core does not know it");
  if (!order) return invalid(Undecided::kNoAnswer, order.error().message);
  const OurState state = order.value().state;
  if (state == OurState::kLive || state == OurState::kDone || state == OurState::kRejected)
    violation("kill.s-missing", missing + "the core calls it settled");
}

void Trial::judge_throughout() {
  const auto& all = scenario_.throughout;
  for (std::size_t i = 0; i < watch_.names().size(); ++i) {
    const std::string& name = watch_.names()[i];
    if (std::find(all.begin(), all.end(), name) == all.end()) continue;
    if (watch_.deviated(i)) violation("throughout:" + name, watch_.deviation_text(i));
    judge_silence(i);
    judge_unwatched(i);
  }
}

void Trial::judge_silence(std::size_t probe) {
  const Nanos silence = watch_.silence(probe);
  if (silence == Nanos{0}) return;
  // A silent witness has seen nothing: neither that the probe held, nor that it did not. Only
  // that the core itself says nothing for so long is a disturbance of its own.
  const std::string check = "throughout:" + watch_.names()[probe];
  const std::string text = "no answer for " + std::to_string(silence / 1ms) + " ms";
  const bool at_exchange = place_of(find_probe(watch_.names()[probe])->document).at_exchange;
  if (!at_exchange && silence >= kSilenceMax) {
    violation(check, text);
  } else {
    invalid(Undecided::kNoAnswer, check + ": " + text);
  }
}

// What happened while we did not look, the exchange's ledger has for the orders. Of the rest nobody
// can tell.
void Trial::judge_unwatched(std::size_t probe) {
  const std::string& name = watch_.names()[probe];
  if (place_of(find_probe(name)->document).at_exchange) {
    if (!watch_.deviated(probe) && watch_.silence(probe) == Nanos{0}) judge_lull(name);
    return;
  }
  const Nanos unwatched = watch_.unwatched(probe, os::mono_now());
  if (unwatched <= kUnwatchedMax + blocked_max_) return;
  invalid(Undecided::kGap,
          "throughout:" + name + ": nobody looked for " + std::to_string(unwatched / 1ms) + " ms");
}

void Trial::judge_lull(const std::string& probe) {
  if (!context_.books) return;  // its need is unmet, and told
  if (const Status read = context_.books->read_venue(); !read)
    return invalid(Undecided::kLedgerUnread, read.error().text());
  const MonoTime end = observed_.reverted.value_or(settled_at_.value_or(os::mono_now()));
  const Nanos lull = longest_lull(context_.books->since_mark(), observed_.t0, end);
  if (lull <= kFlowWindowMs * 1ms) return;
  violation("throughout:" + probe,
            "no order reached the venue for " + std::to_string(lull / 1ms) + " ms, by its ledger");
}

// When the exchange saw the broken feed's sockets end, by its ledger.
void Trial::find_socket_end() {
  if (!context_.books || !undo_.parameters.contains("connections")) return;
  if (const Status read = context_.books->read_venue(); !read)
    return invalid(Undecided::kLedgerUnread, "the sockets' end: " + read.error().text());
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
  if (!wants("ledger.reconciled")) return;
  if (!context_.books)
    return invalid(Undecided::kUnwitnessed, "ledger.reconciled could not be looked at");
  const Status compared = compare_ledgers();
  if (context_.pump.broken()) return;
  if (!compared) {
    return invalid(Undecided::kLedgerUnread,
                   "the ledgers can't be compared: " + compared.error().text());
  }
  const Balance& balance = *observed_.balance;
  if (balance.lost + balance.duplicated + balance.unexpected > 0) {
    for (const auto& detail : balance.details) violation("ledger.reconciled", detail);
  } else if (balance.unsettled > 0) {
    violation("ledger.reconciled",
              balance.details.empty() ? "orders are unsettled" : balance.details.front());
  }
}

// Until they come out even, or their time is over. An error: the last look failed, and there is no
// balance.
Status Trial::compare_ledgers() {
  const MonoTime deadline = os::mono_now() + kLedgerDeadline;
  std::optional<Horizon> horizon;
  Status looked = ok();
  while (true) {
    looked = look_at_ledgers(horizon);
    if (looked && observed_.balance->even()) break;
    if (os::mono_now() >= deadline || context_.pump.broken()) break;
    (void)wait([] { return false; }, os::mono_now() + kLedgerPoll);
  }
  if (looked) {
    context_.books->settle(*horizon);
  } else {
    context_.books->give_up();
  }
  return looked;
}

Status Trial::look_at_ledgers(std::optional<Horizon>& horizon) {
  observed_.balance.reset();
  if (!horizon) {
    LEVI_TRY(now, context_.books->horizon());
    horizon = now;
  }
  LEVI_TRY(balance, context_.books->balance(*horizon));
  observed_.balance = balance;
  return ok();
}

// What the venue has of ours by now is in the store, too, as soon as that has caught up.
void Trial::judge_store() {
  if (!wants("store.reconciled")) return;
  const std::string& data = context_.options.target.data;
  if (!context_.books || data.empty())
    return invalid(Undecided::kUnwitnessed, "store.reconciled could not be looked at");
  const StoreScope scope{context_.books->instance(), context_.books->sequence_at_mark(),
                         context_.books->venue_read_to()};
  const MonoTime deadline = os::mono_now() + kStoreDeadline;
  while (true) {
    const auto differ = look_at_store(scope);
    if (differ && differ.value().empty()) return;
    if (context_.pump.broken()) return broken();
    if (os::mono_now() < deadline) {
      (void)wait([] { return false; }, os::mono_now() + kStorePoll);
      continue;
    }
    if (!differ) {
      return invalid(Undecided::kLedgerUnread,
                     "the store can't be compared: " + differ.error().text());
    }
    for (const auto& detail : differ.value()) violation("store.reconciled", detail);
    return;
  }
}

Result<std::vector<std::string>> Trial::look_at_store(const StoreScope& scope) {
  LEVI_TRY(rows, read_store(context_.options.target.data, scope.sequence));
  LEVI_TRY_STATUS(context_.books->read_venue());
  return compare_store(context_.books->since_mark(), rows, scope);
}

// Every request of this trial that the target granted is in the chain, behind what was there
// before.
void Trial::judge_audit() {
  if (!wants("audit.chained")) return;
  if (!context_.audit)
    return invalid(Undecided::kUnwitnessed, "audit.chained could not be looked at");
  const MonoTime deadline = os::mono_now() + kAuditDeadline;
  while (true) {
    const Status read = context_.audit->read_on();
    if (!read && read.error().code == ErrorCode::kCorrupt)
      return violation("audit.chained", read.error().message);
    // Where there never was a chain, none of our lines is in it.
    if (!read && (read.error().code != ErrorCode::kNotFound || chain_was_there_))
      return invalid(Undecided::kNoAnswer, read.error().message);
    if (read && missing_in_audit().empty() && !context_.audit->torn()) return;
    if (os::mono_now() >= deadline) break;
    (void)wait([] { return false; }, os::mono_now() + kLedgerPoll);
  }
  if (context_.audit->torn())
    return violation("audit.chained", "the last line was changed, or is torn and nobody named it");
  const std::string missing = missing_in_audit();
  if (missing.empty())
    return invalid(Undecided::kUnwitnessed, "the target has no audit chain, and nothing was due");
  violation("audit.chained", missing);
}

// Granted, and not there as often as it was made; by method and path, so that no other request of
// this run stands in for it.
std::string Trial::missing_in_audit() const {
  const Requests& now = context_.audit->granted();
  const auto count = [](const Requests& all, const std::string& what) {
    const auto found = all.find(what);
    return found == all.end() ? std::uint64_t{0} : found->second;
  };
  for (const auto& [what, due] : requests_) {
    const std::uint64_t there = count(now, what) - count(audited_before_, what);
    if (there >= due) continue;
    return "only " + std::to_string(there) + " of this trial's " + std::to_string(due) + " " +
           what + " are in the audit chain";
  }
  return {};
}

// A core that crashed and came back in time has passed every other check.
void Trial::judge_restarts() {
  const std::uint64_t expected = kind_.restarts_core && injected_ ? 1 : 0;
  std::uint64_t seen = injected_ ? starts_since(observed_.events, observed_.t0) : 0;
  const GuardClient::Blocking blocking(*context_.guard, kLookMax);
  const auto health = context_.target.health();
  if (health) {
    const CoreLife now = life_of(health.value());
    if (context_.life) seen = std::max(seen, restarts_between(*context_.life, now));
    context_.life = now;
  } else {
    context_.life.reset();
    if (failed_.empty())
      invalid(Undecided::kNoAnswer, "whether the core restarted: " + health.error().text());
  }
  if (seen <= expected) return;
  violation("core.restarted", "the core began anew " + std::to_string(seen) + " times, and " +
                                  std::to_string(expected) + " of them was the fault");
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
        if (taken.value) {
          invalid(Undecided::kTooClose, taken.name + " is too close to its target for its error");
        } else {
          invalid(Undecided::kNotSeen, taken.name + " was not seen");
        }
        break;
      default:
        break;
    }
    record_.measures.push_back(std::move(taken));
  }
}

Findings Trial::findings() const {
  Findings found;
  found.skipped = skipped_;
  found.left_behind = !record_.leftovers.empty();
  found.violated = !record_.violations.empty();
  found.needs_witness = kind_.seals || scenario_.judges_ledger();
  found.assurance =
      context_.books ? reports::Assurance::kWitnessed : reports::Assurance::kSelfReported;
  found.undecided = undecided_;
  found.invalid = invalid_;
  found.failed = failed_;
  return found;
}

}  // namespace levi::chaos
