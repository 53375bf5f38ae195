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
  // Those of `symbols` that the venue lists, in their order, with ids by place: one that it has
  // taken off its list is no reason to leave the others alone.
  using Done = std::function<void(Result<std::vector<Instrument>>)>;

  StartUp(const venue::GatewayOptions& options, Rest& rest, VenueClock& clock)
      : options_(options), rest_(rest), clock_(clock) {}

  // kUnreachable: no answer (worth another try); kRefused: clock or key (mend it); kInvalid: the
  // venue lists none of the symbols.
  void load(std::vector<std::string> symbols, Done done);
  // What the last load did not find, for people: "ETHUSDT: ...; ..."; empty: nothing.
  const std::string& missing() const { return missing_; }

 private:
  struct Load {
    std::vector<std::string> symbols;
    Done done;
    std::vector<std::vector<std::string>> groups = {};  // still to be asked for; the last is next
    std::vector<Instrument> found = {};
    std::string missing = {};
  };
  using LoadHandle = std::shared_ptr<Load>;  // the answers' own: a later load may begin meanwhile

  void ask_time(const LoadHandle& load);
  void ask_key(const LoadHandle& load);
  void ask_symbols(const LoadHandle& load);
  Status judge_time(Instant sent, const Answer& answer);
  Status judge_key(const Answer& answer) const;
  void on_symbols(const LoadHandle& load, const std::vector<std::string>& group,
                  const Answer& answer);
  Status take_symbols(Load& load, const std::vector<std::string>& group,
                      const Answer& answer) const;
  void finish(const LoadHandle& load);
  Error unusable(const std::string& what, const Answer& answer) const;

  const venue::GatewayOptions& options_;
  Rest& rest_;
  VenueClock& clock_;
  std::string missing_;
  LoadHandle current_;  // the answers of any other are dropped
};

}  // namespace levi::mexc
