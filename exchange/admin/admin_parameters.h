// Which parameters each admin call takes, and how each of them is written.
//
// A parameter that is not read is worse than none: `ms=1e9` or `chanel=…` would make a fault that
// does nothing, and a chaos run that breaks nothing.
#pragma once

#include <span>
#include <string_view>

#include "core/base/result.h"
#include "exchange/ledger/ledger.h"
#include "exchange/rest/parameters.h"

namespace levi::exchange {

enum class ParameterForm {
  kText,     // anything, also nothing
  kWhole,    // a whole number
  kCount,    // a whole number that is not negative
  kTruth,    // true or false
  kKinds,    // of ledger entries: order,fill
  kOrder,    // an order's id, as the exchange wrote it
  kChannel,  // the beginning of a WebSocket channel's name
};

struct ParameterRule {
  std::string_view name;
  ParameterForm form;
};

// kInvalid: one that is not among the rules, or not of its form.
Status check_parameters(const Parameters& given, std::span<const ParameterRule> rules);

std::span<const ParameterRule> parameters_of_call(std::string_view method, std::string_view path);
std::span<const ParameterRule> parameters_of_fault(FaultKind kind);

}  // namespace levi::exchange
