#include "chaos/experiment/prober.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/os/clock.h"
#include "core/os/socket.h"

namespace levi::chaos {
namespace {

constexpr Nanos kSelfCheckDeadline = 5s;

// What a probe says of an answer: empty where it holds.
std::string verdict(const Probe& probe, const Result<os::HttpResponse>& response) {
  if (!response) return "no answer: " + response.error().message;
  const Json document = Json::parse(response.value().body, nullptr, false);
  if (!document.is_object())
    return "answered " + std::to_string(response.value().status) + " and no JSON";
  return probe.failing(document);
}

}  // namespace

Prober::Prober(os::Loop& loop, Caller& caller, const std::vector<std::string>& probes, Watch& watch)
    : loop_(loop), caller_(caller), watch_(watch) {
  for (const auto& name : probes) {
    const Probe* probe = find_probe(name);
    LEVI_CHECK(probe != nullptr);  // the scenario was validated
    probes_.push_back(probe);
    documents_[static_cast<std::size_t>(probe->document)].needed = true;
  }
  for (std::size_t i = 0; i < kDocumentCount; ++i) {
    if (documents_[i].needed) ask(static_cast<Document>(i));
  }
}

Prober::~Prober() {
  *alive_ = false;
  for (const Asked& document : documents_) loop_.cancel(document.timer);
}

void Prober::ask(Document document) {
  const MonoTime asked = os::mono_now();
  const DocumentPlace place = place_of(document);
  caller_.fetch(place.at_exchange, place.path, kProbeTimeout,
                [this, alive = alive_, document, asked](const Result<os::HttpResponse>& response) {
                  if (*alive) answered(document, asked, response);
                });
}

void Prober::answered(Document document, MonoTime asked, const Result<os::HttpResponse>& response) {
  const MonoTime now = os::mono_now();
  const bool we_were_late = !response && now - asked > kProbeTimeout + kLateMax;
  // A core that refuses or resets is down, and that is seen. A witness that does is only silent.
  const bool silent =
      !response && (place_of(document).at_exchange || response.error().code == ErrorCode::kTimeout);
  for (std::size_t i = 0; i < probes_.size() && !we_were_late; ++i) {
    if (probes_[i]->document != document) continue;
    watch_.saw({i, asked, now, verdict(*probes_[i], response), silent});
  }
  const MonoTime next = std::max(now + kProbePeriod / 5, asked + kProbePeriod);
  documents_[static_cast<std::size_t>(document)].timer =
      loop_.at(next, [this, document] { ask(document); });
}

Status check_probes_can_fail(Pump& pump, const std::vector<std::string>& probes) {
  TargetSpec dead;
  {
    LEVI_TRY(listener, os::listen_on({"127.0.0.1", 0, ""}));
    LEVI_TRY(port, os::local_port(listener.get()));
    dead.api = dead.exchange_admin = "127.0.0.1:" + std::to_string(port);
  }  // nobody listens there now
  LEVI_TRY(caller, Caller::make(pump, dead));
  for (const auto& name : probes) {
    const Probe* probe = find_probe(name);
    LEVI_CHECK(probe != nullptr);
    auto answer = std::make_shared<std::optional<std::string>>();
    const DocumentPlace place = place_of(probe->document);
    caller->fetch(place.at_exchange, place.path, kProbeTimeout,
                  [answer, probe](const Result<os::HttpResponse>& r) {
                    answer->emplace(verdict(*probe, r));
                  });
    const Waited waited =
        pump.until([&] { return answer->has_value(); }, os::mono_now() + kSelfCheckDeadline);
    if (waited == Waited::kBroken) return error(ErrorCode::kInterrupted, "interrupted");
    if (waited == Waited::kDeadline || answer->value().empty()) {
      return error(ErrorCode::kInvalid,
                   "the probe " + name + " did not fail against a dead address: it proves nothing");
    }
  }
  return ok();
}

}  // namespace levi::chaos
