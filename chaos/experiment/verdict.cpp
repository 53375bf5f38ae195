#include "chaos/experiment/verdict.h"

namespace levi::chaos {

using reports::Assurance;
using reports::Undecided;
using reports::Verdict;

Decision decide(const Findings& f) {
  if (f.skipped) return {Verdict::kSkipped, Undecided::kNone, f.invalid};
  if (f.left_behind || f.violated) {
    return {Verdict::kFail, Undecided::kNone,
            f.failed.empty() ? "something was left behind" : f.failed};
  }
  if (!f.invalid.empty()) return {Verdict::kInvalid, f.undecided, f.invalid};
  if (!f.failed.empty()) return {Verdict::kFail, Undecided::kNone, f.failed};
  if (f.needs_witness && f.assurance == Assurance::kSelfReported) {
    return {Verdict::kInvalid, Undecided::kUnwitnessed,
            "nobody but the target itself has seen this: that passes neither kill nor ledger"};
  }
  return {Verdict::kPass, Undecided::kNone, ""};
}

}  // namespace levi::chaos
