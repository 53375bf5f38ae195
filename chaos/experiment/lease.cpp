#include "chaos/experiment/lease.h"

#include "core/os/http.h"

namespace levi::chaos {
namespace {

constexpr Nanos kTtl = 15s;
constexpr Nanos kRenewal = 4s;
constexpr std::size_t kTextBytesMax = 31;  // the target keeps no more
constexpr const char* kJudging = " judged";

}  // namespace

Json RunLease::body() const {
  return {{"run", run_}, {"owner", owner_}, {"scenario", what_}, {"ttl_ms", kTtl / 1ms}};
}

Status RunLease::take(const std::string& what) {
  what_ = what;
  const auto answer = caller_.api("POST", "/chaos/lease", body());
  if (!answer) {
    if (taken_) note(answer.error());
    return answer.error();
  }
  taken_ = true;
  if (renewal_ == 0) renew_later();
  return ok();
}

std::string RunLease::judging(const std::string& scenario) {
  const std::string suffix = kJudging;
  return scenario.substr(0, kTextBytesMax - suffix.size()) + suffix;
}

// A core that was killed may have lost the lease: renewing takes it again. Where another run was
// quicker, or somebody gave ours away, two would break one core: ours ends.
void RunLease::renew_later() {
  renewal_ = caller_.loop().after(kRenewal, [this] {
    caller_.send("POST", "/chaos/lease", body(), [this](const Result<Json>& answer) {
      if (!answer) note(answer.error());
    });
    renew_later();
  });
}

void RunLease::note(const Error& refused) {
  if (refused.code != ErrorCode::kConflict || lost_) return;
  lost_ = error(ErrorCode::kConflict, "this run lost the target's lease: " + refused.message,
                "all was taken back; run it again when the other one is done");
}

void RunLease::stop() {
  caller_.loop().cancel(renewal_);
  renewal_ = 0;
}

void RunLease::give_back() {
  stop();
  (void)caller_.api("DELETE", "/chaos/lease?run=" + os::percent_encode(run_));
}

}  // namespace levi::chaos
