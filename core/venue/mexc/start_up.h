// StartUp: the questions that come before everything else, asked one after the other, blocking
// (contract: Venue::load_instruments). Errors are for people: they name what was asked, what came
// back and what to do.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/venue/gateway.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/venue_clock.h"
#include "core/venue/mexc/wire/sign.h"

namespace levi::mexc {

inline constexpr Nanos kClockOffsetMax{1s};  // the venue refuses a timestamp that is further ahead

class StartUp {
 public:
  StartUp(const venue::GatewayOptions& options, Signer& signer, VenueClock& clock)
      : options_(options), signer_(signer), clock_(clock) {}

  // kUnreachable: no answer (worth another try); kRefused: clock or key (mend it); kInvalid: a
  // symbol.
  Result<std::vector<Instrument>> load(const std::vector<std::string>& symbols);

 private:
  Status check_clock();
  Status check_key();
  Result<std::vector<Instrument>> load_symbols(const std::vector<std::string>& symbols);

  const venue::GatewayOptions& options_;
  Signer& signer_;
  VenueClock& clock_;
};

}  // namespace levi::mexc
