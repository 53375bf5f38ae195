// One trial: preflight -> steady -> inject -> prove -> observe -> revert -> settle -> judge (DESIGN
// §7).
//
// A state machine: each step does its work and names the next. Whatever happens after an injection,
// the way leads through revert. The verdict comes last, from what was seen: nothing here says
// "pass" before the judge.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "chaos/experiment/measures.h"
#include "chaos/experiment/prober.h"
#include "chaos/experiment/run_context.h"
#include "chaos/experiment/scenario.h"
#include "chaos/experiment/store_check.h"
#include "chaos/experiment/verdict.h"
#include "chaos/experiment/watch.h"
#include "chaos/fault/registry.h"
#include "reports/record.h"

namespace levi::chaos {

enum class Step { kPreflight, kSteady, kInject, kProve, kObserve, kRevert, kSettle, kJudge, kDone };
const char* to_string(Step step);  // "preflight", ...

// What watches the target through all trials of a scenario, and between them: a steady state that
// held through the end of one trial needs not be waited for anew by the next.
struct Eyes {
  explicit Eyes(const Scenario& scenario);
  Watch watch;
  std::unique_ptr<Prober> prober;  // from the first steady state on
};

class Trial {
 public:
  Trial(RunContext& context, const Scenario& scenario, Eyes& eyes, int number);
  reports::TrialRecord run(const std::function<void(Step)>& on_step);

 private:
  Step step(Step step);
  Step preflight();
  Step steady();
  Step inject();
  Step prove();
  Step observe();
  Step revert();
  Step settle();
  Step judge();

  void know_life();
  bool plan(const FaultOrder& order);
  Step mark_ledgers();
  void note_injection(Injected injected);

  // observe, by what kind of fault it is
  void observe_recovery();
  void observe_hold();
  void observe_kill();
  void observe_seal_on();
  Result<std::int64_t> open_order_connections();
  bool orders_flow() const;
  std::optional<std::int64_t> open_at_exchange();
  std::optional<std::int64_t> open_with(const std::string& prefix);
  bool orders_cleared(MonoTime asked);
  void judge_exit();
  bool recovered() const;

  // revert
  void let_go_of_seal();
  bool seal_is_left() const;
  void judge_unsealed();
  void revert_by_guard();
  void undo_after_dead_guard();

  // settle
  MonoTime settle_deadline() const;
  void judge_settled();
  Status restore_budget();

  // judge
  void read_events_on();
  void judge_flow();
  void judge_kill();
  void judge_missing_s(std::uint64_t sequence);
  void judge_throughout();
  void judge_silence(std::size_t probe);
  void judge_unwatched(std::size_t probe);
  void judge_lull(const std::string& probe);
  void find_socket_end();
  void judge_ledger();
  Status compare_ledgers();
  Status look_at_ledgers(std::optional<Horizon>& horizon);
  void judge_store();
  Result<std::vector<std::string>> look_at_store(const StoreScope& scope);
  void judge_audit();
  std::string missing_in_audit() const;
  void judge_restarts();
  void judge_measures();
  Findings findings() const;

  // Reads the ledgers on meanwhile.
  Waited wait(const std::function<bool()>& done, MonoTime deadline);
  std::string still_failing() const;
  void pause(Step step);
  void skip(const std::string& why);
  // The trial decides nothing, and why; the first reason stands.
  void invalid(reports::Undecided code, const std::string& why);
  void failed(const std::string& why);
  void violation(const std::string& check, const std::string& detail);
  bool was_taken_down() const;
  void left_behind(const std::vector<Trace>& traces);
  void broken();
  bool wants(const std::string& invariant) const;

  RunContext& context_;
  const Scenario& scenario_;
  const FaultKind& kind_;
  reports::TrialRecord record_;
  MonoTime began_;
  std::unique_ptr<Prober>& prober_;  // of the scenario's Eyes
  Watch& watch_;
  std::unique_ptr<Fault> fault_;
  Undo undo_;
  std::optional<int> injected_;  // the guard's number; empty: nothing to take back
  std::optional<int> pressed_;   // of a press that failed, and may have landed all the same
  Injection injection_;
  Observed observed_;
  MonoTime deadline_;
  MonoTime next_read_;
  std::optional<MonoTime> steady_deadline_;
  using Requests = std::map<std::string, std::uint64_t>;  // by "METHOD path"
  Requests audited_before_;  // of this run, in the target's audit chain
  bool chain_was_there_ = false;
  Requests requests_;     // that this trial made and the target granted: they must follow
  Nanos blocked_max_{0};  // our loop stood still, to look for the fault's proof
  std::optional<MonoTime> settled_at_;
  std::string invalid_;
  reports::Undecided undecided_ = reports::Undecided::kNone;
  std::string failed_;
  bool skipped_ = false;
  bool connections_ended_ = false;
  bool let_go_ = false;  // of the seal, by us
};

}  // namespace levi::chaos
