// What one trial of a scenario came to: the line in results.jsonl (DESIGN §9). Plain values; any
// thread.
//
// reports knows neither chaos nor recover: they fill these records, and everything in this folder
// reads only them. Times are nanoseconds here and seconds in the file; counts are counts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::reports {

enum class Verdict { kPass, kFail, kInvalid, kSkipped };
const char* to_string(Verdict verdict);  // "pass", "fail", "invalid", "skipped"
std::optional<Verdict> parse_verdict(std::string_view text);

// Why a trial decided nothing. A code, so that a program can tell them apart; `reason` is for
// people.
enum class Undecided {
  kNone,          // it decided
  kNoSteady,      // no steady state before the fault
  kNoFlow,        // fewer orders than the scenario wants the fault to meet
  kUnplanned,     // nothing to break was found
  kNotInjected,   // the injecting call failed
  kUnproven,      // the fault was not seen to land
  kNoEffect,      // it landed, and nothing was seen to break
  kNoAnswer,      // a witness could not be asked
  kNoStream,      // the core's event stream can't be opened
  kGap,           // the core's event stream is not whole
  kClock,         // the target's clock can't be compared with ours
  kLedgerUnread,  // a ledger can't be read, or not be compared
  kUnwitnessed,   // what the scenario checks could not be looked at by anybody but the target
  kNotSeen,       // what a measure must have seen was not there
  kTooClose,      // a measure is closer to its target than its error
  kNotRestored,   // what the trial itself changed was not given back
  kInterrupted,   // by a person, or the run's time is over
  kGuardDied,
};
const char* to_string(Undecided undecided);  // "", "no-steady", "unproven", ...
std::optional<Undecided> parse_undecided(std::string_view text);
const std::vector<std::string>& known_undecided();  // without ""

// Who says so: a witness outside the target, the venue's API, or the target about itself.
enum class Assurance { kWitnessed, kVenueApi, kSelfReported };
const char* to_string(Assurance assurance);
std::optional<Assurance> parse_assurance(std::string_view text);

enum class Unit { kSeconds, kCount, kPerSecond };
const char* to_string(Unit unit);  // "s", "count", "1/s"

// A target for one measure. `max` is judged in each trial, the percentiles over all trials of a
// scenario.
struct Target {
  std::optional<std::int64_t> max;  // ns, or a count
  std::optional<std::int64_t> p50;
  std::optional<std::int64_t> p95;
  std::optional<std::int64_t> p99;
  bool empty() const { return !max && !p50 && !p95 && !p99; }
};

struct Measure {
  std::string name;
  Unit unit = Unit::kSeconds;
  std::optional<std::int64_t> value;  // absent: nothing to measure (n/a), never 0
  std::int64_t error = 0;             // the truth lies within value ± error
  bool required = false;              // without a value its trial decides nothing
  Target target;
};

// pass if value + error <= max, fail if value - error > max, else undecided. Without a max: pass.
// Without a value: undecided where one is required, else pass (n/a).
Verdict judge(const Measure& measure);

struct Violation {
  std::string check;  // "ledger.reconciled", "kill.beyond-s", "throughout:orders.flowing", ...
  std::string detail;
};

struct FaultRecord {
  std::string kind;
  std::map<std::string, std::string> parameters;
  std::string proof;        // what the witness saw; empty: nothing was seen
  std::string injected_at;  // ISO 8601 UTC; empty: never
  std::string reverted_at;
};

struct TrialRecord {
  std::string id;    // "C-1"
  std::string name;  // "engine-kill"
  std::string variant;
  int trial = 0;  // from 1
  std::uint64_t seed = 0;
  Verdict status = Verdict::kInvalid;
  Assurance assurance = Assurance::kSelfReported;
  Nanos duration{0};
  FaultRecord fault;
  std::vector<Measure> measures;
  std::vector<Violation> violations;
  std::vector<std::string> leftovers;
  std::map<std::string, std::string> environment;
  std::string reason;                      // why it is not a pass
  Undecided undecided = Undecided::kNone;  // of an invalid trial: never kNone
  bool must_pass = false;                  // anything but a pass fails the gate alone
  bool skip_approved = false;              // a skip that does not count against the pass rate
};

// Violations of these fail the gate alone, in every scenario.
bool always_must_hold(std::string_view check);

std::string to_line(
    const TrialRecord& record);  // compact, without a blank after ':' and without '\n'
Result<TrialRecord> parse_line(std::string_view line);

}  // namespace levi::reports
