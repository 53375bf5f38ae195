#include "chaos/experiment/watch.h"

#include <algorithm>

#include "core/base/check.h"

namespace levi::chaos {

Watch::Watch(std::vector<std::string> probes, Nanos fresh_max)
    : names_(std::move(probes)), states_(names_.size()), fresh_max_(fresh_max) {
  LEVI_CHECK(!names_.empty());
}

void Watch::saw(std::size_t probe, MonoTime asked, MonoTime answered, const std::string& failing) {
  LEVI_CHECK(probe < states_.size() && asked <= answered);
  State& state = states_[probe];
  const bool holds = failing.empty();
  if (holds && !(state.seen && state.holds)) {
    state.holds_since_asked = asked;
    state.holds_since_answered = answered;
  }
  if (!holds && asked >= since_) {
    // It broke between the last good sighting (or the mark) and this one.
    const MonoTime good = state.seen && state.holds ? std::max(since_, state.last_asked) : since_;
    if (!first_deviation_) first_deviation_ = Moment{answered, answered - good};
    if (!state.deviated) state.first_failure = failing;
    state.deviated = true;
    state.last_failure_asked = asked;
  }
  state.seen = true;
  state.holds = holds;
  state.last_asked = asked;
  state.last_answered = answered;
  state.why = failing;
}

void Watch::mark(MonoTime since) {
  since_ = since;
  first_deviation_.reset();
  for (State& state : states_) {
    state.deviated = false;
    state.first_failure.clear();
  }
}

bool Watch::held_for(Nanos duration, MonoTime now) const {
  return std::all_of(states_.begin(), states_.end(), [&](const State& state) {
    return state.seen && state.holds && now - state.last_answered <= fresh_max_ &&
           state.last_asked - state.holds_since_answered >= duration;
  });
}

std::string Watch::failing(MonoTime now) const {
  std::string text;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const State& state = states_[i];
    std::string why;
    if (!state.seen) {
      why = "was never answered";
    } else if (!state.holds) {
      why = state.why;
    } else if (now - state.last_answered > fresh_max_) {
      why = "is not answered any more";
    }
    if (!why.empty()) text += (text.empty() ? "" : "; ") + names_[i] + ": " + why;
  }
  return text;
}

std::optional<Moment> Watch::recovered() const {
  if (!first_deviation_) return std::nullopt;
  std::optional<Moment> last;
  for (const State& state : states_) {
    if (!state.seen || !state.holds) return std::nullopt;
    if (!state.deviated) continue;
    if (last && last->at >= state.holds_since_answered) continue;
    last =
        Moment{state.holds_since_answered, state.holds_since_answered - state.last_failure_asked};
  }
  return last;
}

}  // namespace levi::chaos
