#include "exchange/admin/admin_parameters.h"

#include <algorithm>
#include <array>
#include <string>

#include "exchange/ledger/ledger_json.h"

namespace levi::exchange {
namespace {

using Form = ParameterForm;

bool is_kind(std::string_view word) {
  for (std::size_t i = 0; i < kEntryKindCount; ++i) {
    if (word == to_string(static_cast<EntryKind>(i))) return true;
  }
  return false;
}

bool all_kinds(std::string_view list) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (!is_kind(list.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

bool begins_channel(std::string_view text) {
  constexpr std::array<std::string_view, 2> kFamilies{"spot@public.", "spot@private."};
  return std::any_of(kFamilies.begin(), kFamilies.end(), [&](std::string_view family) {
    return text.starts_with(family) || family.starts_with(text);
  });
}

bool fits(const Parameters& given, const ParameterRule& rule, std::string_view value) {
  switch (rule.form) {
    case Form::kText:
      return true;
    case Form::kWhole:
      return given.integer(rule.name).has_value();
    case Form::kCount:
      return given.integer(rule.name).value_or(-1) >= 0;
    case Form::kTruth:
      return value == "true" || value == "false";
    case Form::kKinds:
      return all_kinds(value);
    case Form::kOrder:
      return value == "0" || value == format_order_id(parse_order_id(value));
    case Form::kChannel:
      return begins_channel(value);
  }
  return false;
}

const char* in_words(Form form) {
  switch (form) {
    case Form::kText:
      return "text";
    case Form::kWhole:
      return "a whole number";
    case Form::kCount:
      return "a whole number, 0 or more";
    case Form::kTruth:
      return "true or false";
    case Form::kKinds:
      return "a list of open, end, order, fill, cancel, fault";
    case Form::kOrder:
      return "an order's id, as 'next' gave it";
    case Form::kChannel:
      return "the beginning of a channel's name, such as spot@public.aggre.depth";
  }
  return "";
}

std::string names_of(std::span<const ParameterRule> rules) {
  std::string names;
  for (const ParameterRule& rule : rules)
    names += (names.empty() ? "" : ", ") + std::string(rule.name);
  return names.empty() ? "this call takes none" : "this call takes: " + names;
}

constexpr std::array<ParameterRule, 4> kLedger{{{"after", Form::kCount},
                                                {"limit", Form::kCount},
                                                {"kinds", Form::kKinds},
                                                {"rows", Form::kTruth}}};
constexpr std::array<ParameterRule, 2> kSummary{{{"prefix", Form::kText}, {"after", Form::kCount}}};
constexpr std::array<ParameterRule, 3> kOrders{
    {{"client_prefix", Form::kText}, {"after", Form::kOrder}, {"limit", Form::kCount}}};
constexpr std::array<ParameterRule, 2> kRate{
    {{"window_ms", Form::kCount}, {"until_mono_ns", Form::kCount}}};
constexpr std::array<ParameterRule, 1> kRevert{{{"tag", Form::kText}}};
constexpr std::array<ParameterRule, 2> kFlow{{{"rate", Form::kCount}, {"paused", Form::kTruth}}};

// Of every fault: which connections, and when it ends. Then each kind's own.
constexpr std::size_t kCommon = 3;
constexpr ParameterRule kTag{"tag", Form::kText}, kOn{"on", Form::kText},
    kLease{"lease_ms", Form::kCount}, kTimes{"count", Form::kCount}, kMs{"ms", Form::kWhole},
    kPath{"path", Form::kText}, kMethod{"method", Form::kText};
constexpr std::array<ParameterRule, kCommon> kPlain{{kTag, kOn, kLease}};
constexpr std::array<ParameterRule, kCommon + 1> kReset{{kTag, kOn, kLease, kTimes}};
constexpr std::array<ParameterRule, kCommon + 1> kHalfOpen{
    {kTag, kOn, kLease, {"new", Form::kTruth}}};
constexpr std::array<ParameterRule, kCommon + 1> kSilence{
    {kTag, kOn, kLease, {"channel", Form::kChannel}}};
constexpr std::array<ParameterRule, kCommon + 2> kSkipVersions{
    {kTag, kOn, kLease, kTimes, {"symbol", Form::kText}}};
constexpr std::array<ParameterRule, kCommon + 3> kLoseAnswer{
    {kTag, kOn, kLease, kTimes, kPath, kMethod}};
constexpr std::array<ParameterRule, kCommon + 1> kClockOffset{{kTag, kOn, kLease, kMs}};
constexpr std::array<ParameterRule, kCommon + 3> kLatency{{kTag, kOn, kLease, kMs, kPath, kMethod}};

}  // namespace

Status check_parameters(const Parameters& given, std::span<const ParameterRule> rules) {
  for (const auto& [name, value] : given.all()) {
    const auto rule =
        std::find_if(rules.begin(), rules.end(),
                     [&, wanted = name](const auto& each) { return each.name == wanted; });
    if (rule == rules.end())
      return error(ErrorCode::kInvalid, "there is no parameter '" + std::string(name) + "' here",
                   names_of(rules));
    if (fits(given, *rule, value)) continue;
    return error(ErrorCode::kInvalid, std::string(name) + " can't be '" + std::string(value) + "'",
                 std::string("it takes ") + in_words(rule->form));
  }
  return ok();
}

std::span<const ParameterRule> parameters_of_call(std::string_view method, std::string_view path) {
  if (path == "/ledger") return kLedger;
  if (path == "/ledger/summary") return kSummary;
  if (path == "/ledger/orders") return kOrders;
  if (path == "/ledger/rate") return kRate;
  if (path == "/faults" && method == "DELETE") return kRevert;
  if (path == "/flow" && method == "POST") return kFlow;
  return {};
}

std::span<const ParameterRule> parameters_of_fault(FaultKind kind) {
  switch (kind) {
    case FaultKind::kReset:
      return kReset;
    case FaultKind::kHalfOpen:
      return kHalfOpen;
    case FaultKind::kSilence:
      return kSilence;
    case FaultKind::kSkipVersions:
      return kSkipVersions;
    case FaultKind::kLoseAnswer:
      return kLoseAnswer;
    case FaultKind::kClockOffset:
      return kClockOffset;
    case FaultKind::kLatency:
      return kLatency;
    default:
      return kPlain;
  }
}

}  // namespace levi::exchange
