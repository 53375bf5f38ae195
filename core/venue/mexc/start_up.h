// StartUp: the questions that come before everything else, asked one after the other (contract:
// Venue::load_instruments). Errors are for people: they name what was asked, what came back and
// what to do.
//
// Owned by the venue, on its thread, which they never hold up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/venue/gateway.h"
#include "core/venue/mexc/answer.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/rest.h"
#include "core/venue/mexc/venue_clock.h"

namespace levi::mexc {

inline constexpr Nanos kClockOffsetMax{1s};  // the venue refuses a timestamp that is further ahead

class StartUp {
 public:
  // The instruments in the order of `symbols`, with ids by place.
  using Done = std::function<void(Result<std::vector<Instrument>>)>;

  StartUp(const venue::GatewayOptions& options, Rest& rest, VenueClock& clock)
      : options_(options), rest_(rest), clock_(clock) {}

  // kUnreachable: no answer (worth another try); kRefused: clock or key (mend it); kInvalid: a
  // symbol.
  void load(std::vector<std::string> symbols, Done done);

 private:
  struct Load {
    std::vector<std::string> symbols;
    Done done;
  };
  using LoadHandle = std::shared_ptr<Load>;  // the answers' own: a later load may begin meanwhile

  void ask_time(const LoadHandle& load);
  void ask_key(const LoadHandle& load);
  void ask_symbols(const LoadHandle& load);
  Status judge_time(Instant sent, const Answer& answer);
  Status judge_key(const Answer& answer) const;
  Result<std::vector<Instrument>> judge_symbols(const std::vector<std::string>& symbols,
                                                const Answer& answer) const;
  Error unusable(const std::string& what, const Answer& answer) const;

  const venue::GatewayOptions& options_;
  Rest& rest_;
  VenueClock& clock_;
  LoadHandle current_;  // the answers of any other are dropped
};

}  // namespace levi::mexc
