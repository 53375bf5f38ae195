// The venue's refusals: HTTP status, code and message. Codes are MEXC's, where it documents one for
// the case.
//
// Ours alone: -2010 for a repeated newClientOrderId (MEXC does not say what it does; see
// docs/exchange.md).
#pragma once

#include <string>

#include "exchange/matching/types.h"

namespace levi::exchange {

struct VenueError {
  int code = 0;
  std::string message;
  int http_status = 400;
};

inline constexpr int kCodeDuplicate = -2010;
inline constexpr int kCodeUnknownCancel = -2011;
inline constexpr int kCodeUnknownOrder = -2013;

VenueError error_of(Reject reject, const SymbolSpec& spec);
VenueError missing_parameter(std::string_view name);  // 700004
VenueError illegal_parameter(std::string_view name);  // 700008
VenueError bad_symbol();                              // 10007

}  // namespace levi::exchange
