#include "exchange/admin/admin_api.h"

#include <algorithm>
#include <array>

#include "core/base/version.h"
#include "exchange/admin/admin_parameters.h"

namespace levi::exchange {
namespace {

constexpr std::string_view kFaultPath = "/faults/";
constexpr int kFlowRateMax = 100'000;

void write_problem(AdminAnswer& answer, int status, std::string_view message,
                   std::string_view fix) {
  answer.http_status = status;
  answer.body.clear();
  JsonWriter json(answer.body);
  json.open('{').field("error", message);
  if (!fix.empty()) json.field("fix", fix);
  json.close('}');
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kBusy:
      return 503;
    default:
      return 500;
  }
}

AdminAnswer refused(const Error& why) {
  AdminAnswer answer;
  write_problem(answer, status_of(why.code), why.message, why.fix);
  return answer;
}

}  // namespace

AdminApi::Handler AdminApi::find_handler(std::string_view method, std::string_view path,
                                         bool& path_known) {
  struct Route {
    std::string_view method;
    std::string_view path;
    Handler handler;
  };
  static const std::array<Route, 11> kRoutes{{
      {"GET", "/ledger", &AdminApi::ledger},
      {"GET", "/ledger/summary", &AdminApi::summary},
      {"GET", "/ledger/orders", &AdminApi::orders},
      {"GET", "/ledger/rate", &AdminApi::rate},
      {"GET", "/connections", &AdminApi::connections},
      {"GET", "/faults", &AdminApi::list_faults},
      {"DELETE", "/faults", &AdminApi::revert_faults},
      {"POST", "/flow", &AdminApi::flow},
      {"GET", "/flow", &AdminApi::flow},
      {"GET", "/state", &AdminApi::state},
      {"GET", "/health", &AdminApi::health},
  }};
  path_known = path.starts_with(kFaultPath);
  if (path_known) return method == "POST" ? &AdminApi::inject : nullptr;
  for (const Route& route : kRoutes) {
    if (route.path != path) continue;
    path_known = true;
    if (route.method == method) return route.handler;
  }
  return nullptr;
}

AdminAnswer AdminApi::handle(std::string_view method, std::string_view path, std::string_view query,
                             std::string_view body) {
  AdminAnswer answer;
  bool path_known = false;
  const Handler handler = find_handler(method, path, path_known);
  path_ = path;
  if (!parameters_.read(query, body)) {
    write_problem(answer, 400, "the parameters can't be read",
                  "give name=value pairs or one flat JSON object");
  } else if (handler != nullptr) {
    const Status readable = handler == &AdminApi::inject
                                ? ok()  // which depends on the fault
                                : check_parameters(parameters_, parameters_of_call(method, path));
    if (!readable) return refused(readable.error());
    (this->*handler)(answer);
  } else if (path_known) {
    write_problem(answer, 405, "this path does not take " + std::string(method), "");
  } else {
    write_problem(answer, 404, "no such path", "docs/exchange.md lists them");
  }
  return answer;
}

std::size_t AdminApi::page_limit() const {
  const std::int64_t asked = parameters_.integer("limit").value_or(0);
  return asked <= 0 ? kPageDefault
                    : std::min<std::size_t>(static_cast<std::size_t>(asked), kPageMax);
}

void AdminApi::inject(AdminAnswer& answer) {
  const auto spec = read_fault(path_.substr(kFaultPath.size()));
  if (!spec) {
    answer = refused(spec.error());
    return;
  }
  const auto fault = faults_.inject(spec.value());
  if (!fault) {
    answer = refused(fault.error());
    return;
  }
  JsonWriter json(answer.body);
  write_fault(json, *fault.value());
}

Result<FaultSpec> AdminApi::read_fault(std::string_view name) const {
  constexpr std::array<FaultKind, 8> kKinds{FaultKind::kReset,        FaultKind::kHalfOpen,
                                            FaultKind::kRefuse,       FaultKind::kSilence,
                                            FaultKind::kSkipVersions, FaultKind::kLoseAnswer,
                                            FaultKind::kClockOffset,  FaultKind::kLatency};
  const auto kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](FaultKind k) { return name == to_string(k); });
  if (kind == kKinds.end())
    return error(ErrorCode::kNotFound, "no such fault: " + std::string(name));
  LEVI_TRY_STATUS(check_parameters(parameters_, parameters_of_fault(*kind)));
  FaultSpec spec;
  spec.kind = *kind;
  LEVI_TRY_STATUS(read_fault_scope(spec));
  LEVI_TRY_STATUS(read_fault_amount(spec));
  spec.new_connections = parameters_.text("new") == "true";
  spec.match = parameters_.text(spec.kind == FaultKind::kSilence ? "channel" : "path");
  spec.method = parameters_.text("method");
  if (spec.kind == FaultKind::kLoseAnswer) {  // An order's, unless something else is asked for.
    if (spec.match.empty()) spec.match = "/api/v3/order";
    if (spec.method.empty()) spec.method = "POST";
  }
  return spec;
}

Status AdminApi::read_fault_scope(FaultSpec& spec) const {
  spec.tag = parameters_.text("tag");
  if (spec.tag.size() > Faults::kTagMax)
    return error(ErrorCode::kInvalid, "the tag is longer than 64 characters");
  const bool held = spec.kind != FaultKind::kReset;
  if (held && spec.tag.empty()) {
    return error(ErrorCode::kInvalid, "a held fault needs a tag",
                 "add tag=NAME: DELETE /faults?tag=NAME takes it back");
  }
  const std::string_view on = parameters_.has("on") ? parameters_.text("on") : "all";
  constexpr std::array<FaultTarget, 4> kTargets{FaultTarget::kMarket, FaultTarget::kPrivate,
                                                FaultTarget::kRest, FaultTarget::kAll};
  const auto target = std::find_if(kTargets.begin(), kTargets.end(),
                                   [&](FaultTarget t) { return on == to_string(t); });
  if (target == kTargets.end())
    return error(ErrorCode::kInvalid, "on is none of market, private, rest, all");
  spec.on = *target;
  if (!parameters_.has("symbol")) return ok();
  spec.symbol = venue_.find_symbol(parameters_.text("symbol"));
  if (spec.symbol == kNoSymbol) return error(ErrorCode::kInvalid, "no such symbol");
  return ok();
}

Status AdminApi::read_fault_amount(FaultSpec& spec) const {
  const bool counted = spec.kind == FaultKind::kSkipVersions || spec.kind == FaultKind::kLoseAnswer;
  spec.count = parameters_.integer("count").value_or(counted ? 1 : 0);
  if (spec.count < 0 || (counted && spec.count == 0))
    return error(ErrorCode::kInvalid, "count must be positive");
  constexpr std::int64_t kDayMs = 86'400'000;
  const std::int64_t amount = parameters_.integer("ms").value_or(0);
  const std::int64_t lease = parameters_.integer("lease_ms").value_or(0);
  if (amount < -kDayMs || amount > kDayMs || lease < 0 || lease > kDayMs) {
    return error(ErrorCode::kInvalid, "ms and lease_ms must be within a day");
  }
  if (spec.kind == FaultKind::kLatency && amount < 0)
    return error(ErrorCode::kInvalid, "latency can't be negative");
  spec.amount = Nanos{amount * 1'000'000};
  spec.lease = Nanos{lease * 1'000'000};
  return ok();
}

void AdminApi::write_fault(JsonWriter& json, const Fault& fault) const {
  json.open('{')
      .field("id", fault.id)
      .field("kind", to_string(fault.spec.kind))
      .field("tag", fault.spec.tag);
  json.field("active", fault.active).field("on", to_string(fault.spec.on));
  json.field("since_mono_ns", fault.since.ns);
  if (fault.lease_until != kNever) json.field("lease_until_mono_ns", fault.lease_until.ns);
  if (fault.ended != kNever) json.field("ended_mono_ns", fault.ended.ns);
  if (!fault.spec.match.empty()) json.field("match", fault.spec.match);
  if (fault.spec.symbol != kNoSymbol)
    json.field("symbol", venue_.engine().symbol(fault.spec.symbol).name.view());
  if (fault.spec.amount.count() != 0) json.field("ms", fault.spec.amount.count() / 1'000'000);
  if (fault.spec.count > 0) json.field("count", fault.spec.count).field("left", fault.left);
  json.field("hit_count", fault.hit_count).key("hits").open('[');
  for (const FaultHit& hit : fault.hits) {
    json.open('{');
    if (hit.connection.value != 0) json.field("connection", hit.connection.value);
    json.field("mono_ns", hit.mono.ns);
    if (!hit.detail.empty()) json.field("detail", hit.detail);
    json.close('}');
  }
  json.close(']').close('}');
}

void AdminApi::list_faults(AdminAnswer& answer) {
  JsonWriter json(answer.body);
  json.open('{').field("boot_id", boot_id_).field("mono_now_ns", venue_.origin().mono.ns);
  const auto& all = faults_.all();
  json.field("active", std::count_if(all.begin(), all.end(),
                                     [](const Fault& fault) { return fault.active; }));
  json.key("faults").open('[');
  for (const Fault& fault : all) write_fault(json, fault);
  json.close(']').close('}');
}

void AdminApi::revert_faults(AdminAnswer& answer) {
  if (!parameters_.has("tag"))
    return write_problem(answer, 400, "which tag?", "DELETE /faults?tag=NAME");
  const std::size_t reverted = faults_.revert(parameters_.text("tag"));
  JsonWriter(answer.body)
      .open('{')
      .field("tag", parameters_.text("tag"))
      .field("reverted", reverted)
      .close('}');
}

void AdminApi::flow(AdminAnswer& answer) {
  FlowPace pace = host_.pace(nullptr);
  const bool asked = parameters_.has("rate") || parameters_.has("paused");
  if (parameters_.has("rate")) {
    const std::int64_t rate = parameters_.integer("rate").value_or(-1);
    if (rate < 0 || rate > kFlowRateMax)
      return write_problem(answer, 400, "rate must be 0 to 100000", "");
    pace.events_per_second = static_cast<int>(rate);
  }
  if (parameters_.has("paused")) pace.paused = parameters_.text("paused") == "true";
  pace = host_.pace(asked ? &pace : nullptr);
  JsonWriter(answer.body)
      .open('{')
      .field("rate", pace.events_per_second)
      .field("paused", pace.paused)
      .field("events", venue_.flow().events())
      .close('}');
}

void AdminApi::health(AdminAnswer& answer) {
  JsonWriter json(answer.body);
  json.open('{').field("status", "ok").field("version", kVersion).field("build", kBuild);
  json.field("boot_id", boot_id_).field("mono_now_ns", venue_.origin().mono.ns);
  json.field("last_arrival", venue_.ledger().last().value).close('}');
}

}  // namespace levi::exchange
