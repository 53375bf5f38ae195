#include "core/control/health.h"

#include <array>

#include "core/api/api.h"
#include "core/os/clock.h"

namespace levi::api::health {
namespace {

constexpr std::size_t kBodyBytes = 16 * 1024;

control::Health judge(Api& api, MonoTime now) {
  return control::judge_health(api.ports().status, api.ports().latch, api.options().health, now);
}

}  // namespace

void healthz(Api&, const CallPtr& call) { call->answer(200, R"({"status":"alive"})"); }

void readyz(Api& api, const CallPtr& call) {
  std::array<char, kBodyBytes> buffer;
  control::Writer out(buffer);
  const int status = control::write_ready(out, api.ports().status, judge(api, os::mono_now()));
  call->answer(status, std::string(out.view()));
}

void health(Api& api, const CallPtr& call) {
  std::array<char, kBodyBytes> buffer;
  control::Writer out(buffer);
  const MonoTime now = os::mono_now();
  const int status = control::write_health(out, api.options().facts, judge(api, now), now);
  call->answer(status, std::string(out.view()));
}

}  // namespace levi::api::health
