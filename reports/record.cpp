#include "reports/record.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/json_fields.h"

namespace levi::reports {
namespace {

using Json =
    nlohmann::ordered_json;  // results.jsonl starts with `id`, as the runbook's readers expect

Unit parse_unit(std::string_view text) {
  for (const Unit unit : {Unit::kCount, Unit::kPerSecond}) {
    if (text == to_string(unit)) return unit;
  }
  return Unit::kSeconds;
}

// Seconds are written with all nanoseconds: 1.234567891.
Json to_json(std::int64_t value, Unit unit) {
  if (unit != Unit::kSeconds) return value;
  return static_cast<double>(value) / 1e9;
}

std::optional<std::int64_t> from_json(const Json& value, Unit unit) {
  if (!value.is_number()) return std::nullopt;
  if (unit != Unit::kSeconds) return value.is_number_integer() ? value.get<std::int64_t>() : 0;
  const double ns = value.get<double>() * 1e9;
  if (!(std::fabs(ns) < 9e18)) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(ns));
}

Json target_json(const Measure& measure) {
  Json target = Json::object();
  const auto add = [&](const char* name, const std::optional<std::int64_t>& value) {
    if (value) target[name] = to_json(*value, measure.unit);
  };
  add("max", measure.target.max);
  add("p50", measure.target.p50);
  add("p95", measure.target.p95);
  add("p99", measure.target.p99);
  return target;
}

Json measures_json(const TrialRecord& record) {
  Json measures = Json::object();
  for (const auto& measure : record.measures) {
    Json entry = Json::object();
    entry["value"] = measure.value ? to_json(*measure.value, measure.unit) : Json(nullptr);
    entry["error"] = to_json(measure.error, measure.unit);
    entry["unit"] = to_string(measure.unit);
    if (measure.required) entry["required"] = true;
    measures[measure.name] = std::move(entry);
  }
  return measures;
}

Json fault_json(const FaultRecord& fault) {
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
  };
  return Json{{"kind", fault.kind},
              {"parameters", fault.parameters},
              {"proof", text_or_null(fault.proof)},
              {"injected_at", text_or_null(fault.injected_at)},
              {"reverted_at", text_or_null(fault.reverted_at)}};
}

void read_measures(const Json& root, TrialRecord& record) {
  const Json& targets = object_at(root, "targets");
  for (const auto& [name, entry] : object_at(root, "measures").items()) {
    Measure measure;
    measure.name = name;
    measure.unit = parse_unit(text_at(entry, "unit"));
    measure.value = from_json(value_at(entry, "value"), measure.unit);
    measure.error = from_json(value_at(entry, "error"), measure.unit).value_or(0);
    measure.required = boolean_at(entry, "required");
    const Json& target = object_at(targets, name.c_str());
    measure.target.max = from_json(value_at(target, "max"), measure.unit);
    measure.target.p50 = from_json(value_at(target, "p50"), measure.unit);
    measure.target.p95 = from_json(value_at(target, "p95"), measure.unit);
    measure.target.p99 = from_json(value_at(target, "p99"), measure.unit);
    record.measures.push_back(std::move(measure));
  }
}

std::map<std::string, std::string> read_texts(const Json& object) {
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) texts[name] = value.get<std::string>();
  }
  return texts;
}

void read_lists(const Json& root, TrialRecord& record) {
  for (const auto& entry : list_at(root, "violations")) {
    record.violations.push_back({text_at(entry, "check"), text_at(entry, "detail")});
  }
  for (const auto& entry : list_at(root, "leftovers")) {
    if (entry.is_string()) record.leftovers.push_back(entry.get<std::string>());
  }
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kInvalid:
      return "invalid";
    case Verdict::kSkipped:
      return "skipped";
  }
  LEVI_UNREACHABLE();
}

std::optional<Verdict> parse_verdict(std::string_view text) {
  for (const Verdict v : {Verdict::kPass, Verdict::kFail, Verdict::kInvalid, Verdict::kSkipped}) {
    if (text == to_string(v)) return v;
  }
  return std::nullopt;
}

namespace {

constexpr std::pair<Undecided, const char*> kUndecidedNames[] = {
    {Undecided::kNone, ""},
    {Undecided::kNoSteady, "no-steady"},
    {Undecided::kNoFlow, "no-flow"},
    {Undecided::kUnplanned, "unplanned"},
    {Undecided::kNotInjected, "not-injected"},
    {Undecided::kUnproven, "unproven"},
    {Undecided::kNoEffect, "no-effect"},
    {Undecided::kNoAnswer, "no-answer"},
    {Undecided::kNoStream, "no-stream"},
    {Undecided::kGap, "gap"},
    {Undecided::kClock, "clock"},
    {Undecided::kLedgerUnread, "ledger-unread"},
    {Undecided::kUnwitnessed, "unwitnessed"},
    {Undecided::kNotSeen, "not-seen"},
    {Undecided::kTooClose, "too-close"},
    {Undecided::kNotRestored, "not-restored"},
    {Undecided::kInterrupted, "interrupted"},
    {Undecided::kGuardDied, "guard-died"},
};

}  // namespace

const char* to_string(Undecided undecided) {
  for (const auto& [code, name] : kUndecidedNames) {
    if (code == undecided) return name;
  }
  LEVI_UNREACHABLE();
}

std::optional<Undecided> parse_undecided(std::string_view text) {
  for (const auto& [code, name] : kUndecidedNames) {
    if (text == name) return code;
  }
  return std::nullopt;
}

const std::vector<std::string>& known_undecided() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const auto& [code, name] : kUndecidedNames) {
      if (code != Undecided::kNone) names.emplace_back(name);
    }
    return names;
  }();
  return kNames;
}

const char* to_string(Assurance assurance) {
  switch (assurance) {
    case Assurance::kWitnessed:
      return "witnessed";
    case Assurance::kVenueApi:
      return "venue-api";
    case Assurance::kSelfReported:
      return "self-reported";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(Unit unit) {
  switch (unit) {
    case Unit::kSeconds:
      return "s";
    case Unit::kCount:
      return "count";
    case Unit::kPerSecond:
      return "1/s";
  }
  LEVI_UNREACHABLE();
}

std::optional<Assurance> parse_assurance(std::string_view text) {
  for (const Assurance a :
       {Assurance::kWitnessed, Assurance::kVenueApi, Assurance::kSelfReported}) {
    if (text == to_string(a)) return a;
  }
  return std::nullopt;
}

Verdict judge(const Measure& measure) {
  if (!measure.value) return measure.required ? Verdict::kInvalid : Verdict::kPass;
  if (!measure.target.max) return Verdict::kPass;
  if (*measure.value + measure.error <= *measure.target.max) return Verdict::kPass;
  if (*measure.value - measure.error > *measure.target.max) return Verdict::kFail;
  return Verdict::kInvalid;
}

bool always_must_hold(std::string_view check) {
  return check == "ledger.reconciled" || check == "store.reconciled" || check == "audit.chained" ||
         check == "core.restarted" || check.starts_with("kill.") || check == "leftovers.none";
}

std::string to_line(const TrialRecord& record) {
  Json root = Json::object();
  root["id"] = record.id;
  root["name"] = record.name;
  if (!record.variant.empty()) root["variant"] = record.variant;
  root["trial"] = record.trial;
  root["seed"] = record.seed;
  root["status"] = to_string(record.status);
  root["assurance"] = to_string(record.assurance);
  root["duration"] = to_json(record.duration.count(), Unit::kSeconds);
  root["fault"] = fault_json(record.fault);
  root["measures"] = measures_json(record);
  Json targets = Json::object();
  for (const auto& measure : record.measures) {
    if (!measure.target.empty()) targets[measure.name] = target_json(measure);
  }
  root["targets"] = std::move(targets);
  root["violations"] = Json::array();
  for (const auto& violation : record.violations) {
    root["violations"].push_back({{"check", violation.check}, {"detail", violation.detail}});
  }
  root["leftovers"] = record.leftovers;
  root["environment"] = record.environment;
  if (!record.reason.empty()) root["reason"] = record.reason;
  if (record.undecided != Undecided::kNone) root["undecided"] = to_string(record.undecided);
  if (record.must_pass) root["must_pass"] = true;
  if (record.skip_approved) root["skip_approved"] = true;
  // Text from the target may hold bytes that are not UTF-8: replaced, never an exception.
  return root.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<TrialRecord> parse_line(std::string_view line) {
  const Json root = Json::parse(line, nullptr, false);
  if (!root.is_object()) return error(ErrorCode::kCorrupt, "not a JSON object");
  const auto verdict = parse_verdict(text_at(root, "status"));
  if (!verdict) return error(ErrorCode::kCorrupt, "no 'status' of pass, fail, invalid or skipped");
  const auto undecided = parse_undecided(text_at(root, "undecided"));
  if (!undecided) return error(ErrorCode::kCorrupt, "an 'undecided' that is no known code");
  TrialRecord record;
  record.undecided = *undecided;
  record.id = text_at(root, "id");
  record.name = text_at(root, "name");
  if (record.id.empty()) return error(ErrorCode::kCorrupt, "no 'id'");
  record.variant = text_at(root, "variant");
  record.trial = static_cast<int>(integer_at(root, "trial"));
  record.seed = static_cast<std::uint64_t>(integer_at(root, "seed"));
  record.status = *verdict;
  record.assurance = parse_assurance(text_at(root, "assurance")).value_or(Assurance::kSelfReported);
  record.duration = Nanos{from_json(value_at(root, "duration"), Unit::kSeconds).value_or(0)};
  const Json& fault = object_at(root, "fault");
  record.fault = {text_at(fault, "kind"), read_texts(object_at(fault, "parameters")),
                  text_at(fault, "proof"), text_at(fault, "injected_at"),
                  text_at(fault, "reverted_at")};
  read_measures(root, record);
  read_lists(root, record);
  record.environment = read_texts(object_at(root, "environment"));
  record.reason = text_at(root, "reason");
  record.must_pass = boolean_at(root, "must_pass");
  record.skip_approved = boolean_at(root, "skip_approved");
  return record;
}

}  // namespace levi::reports
