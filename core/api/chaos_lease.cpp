// /chaos/lease: one chaos run at a time.
#include "core/api/api.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"

namespace levi::api::chaos_lease {
namespace {

std::int64_t left_ms(const control::ChaosLease& lease) {
  return std::max<std::int64_t>(0, (lease.expires - os::mono_now()).count() / 1'000'000);
}

Json describe(const control::ChaosLease& lease) {
  return {{"run", lease.run.str()},
          {"owner", lease.owner.str()},
          {"scenario", lease.scenario.str()},
          {"expires_in_ms", left_ms(lease)}};
}

void refuse_held(Api& api, Call& call) {
  Json held = describe(*api.lease().current());
  call.problem(409,
               "run " + held["run"].get<std::string>() + " of " + held["owner"].get<std::string>() +
                   " holds the lease: wait for its end, or end it with levictl chaos stop",
               held);
  api.audit(call);
}

// Empty, or what is wrong with the text.
std::string defect(const char* name, const std::string& value) {
  if (value.empty()) return std::string(name) + " is missing";
  if (value.size() > FixedString<31>().data_.size())
    return std::string(name) + " is longer than 31 bytes";
  return {};
}

}  // namespace

void take(Api& api, const CallPtr& call) {
  const Json fields = read_fields(call->request).json;
  const std::string run = text_at(fields, "run");
  const std::string owner = text_at(fields, "owner");
  const std::string scenario = text_at(fields, "scenario");
  const std::int64_t ttl_ms = integer_at(fields, "ttl_ms");
  call->actor = owner;
  call->reason = "chaos " + run + " " + scenario;
  std::string wrong = defect("run", run);
  if (wrong.empty()) wrong = defect("owner", owner);
  if (wrong.empty()) wrong = defect("scenario", scenario);
  if (wrong.empty() && (ttl_ms < Lease::kTtlMin / 1ms || ttl_ms > Lease::kTtlMax / 1ms)) {
    wrong = "ttl_ms must be 1000 to 600000";
  }
  if (!wrong.empty()) {
    call->problem(400, R"(expected {"run","owner","scenario","ttl_ms"}: )" + wrong);
    return api.audit(*call);
  }
  control::ChaosLease lease;
  lease.run = run;
  lease.owner = owner;
  lease.scenario = scenario;
  if (!api.lease().take(lease, std::chrono::milliseconds(ttl_ms))) return refuse_held(api, *call);
  call->answer(Json{{"ok", true}, {"run", run}, {"expires_in_ms", ttl_ms}});
  api.audit(*call);
}

void end(Api& api, const CallPtr& call) {
  const std::string run = call->parameter("run").value_or("");
  call->actor = call->parameter("actor").value_or("");
  call->reason = "chaos " + run + " ends";
  if (!api.lease().end(run)) return refuse_held(api, *call);
  call->answer(Json{{"ok", true}});
  api.audit(*call);
}

void show(Api& api, const CallPtr& call) {
  const auto& lease = api.lease().current();
  call->answer(Json{{"lease", lease ? describe(*lease) : Json(nullptr)}});
}

}  // namespace levi::api::chaos_lease
