#include "chaos/experiment/watch.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace levi::chaos {

Watch::Watch(std::vector<std::string> probes, Nanos fresh_max)
    : names_(std::move(probes)), states_(names_.size()), fresh_max_(fresh_max) {
  LEVI_CHECK(!names_.empty());
}

void Watch::saw(const Sighting& sighting) {
  LEVI_CHECK(sighting.probe < states_.size() && sighting.asked <= sighting.answered);
  if (holding_) {
    held_.push_back(sighting);
  } else {
    apply(sighting);
  }
}

void Watch::apply(const Sighting& sighting) {
  State& state = states_[sighting.probe];
  state.unwatched_max = unwatched(sighting.probe, sighting.asked);
  const bool holds = sighting.failing.empty();
  const bool goes_on = holds && state.seen && state.holds;
  if (!goes_on || sighting.asked - state.last_answered > fresh_max_)
    state.watched_since = sighting.answered;
  if (holds && !goes_on) {
    state.holds_since_asked = sighting.asked;
    state.holds_since_answered = sighting.answered;
  }
  if (holds) state.silent_since.reset();
  if (!holds && sighting.asked >= since_) note_failure(state, sighting);
  state.seen = true;
  state.holds = holds;
  state.last_asked = sighting.asked;
  state.last_answered = sighting.answered;
  state.why = sighting.failing;
}

void Watch::note_failure(State& state, const Sighting& sighting) {
  // It broke between the last good sighting (or the mark) and this one.
  const MonoTime good = state.seen && state.holds ? std::max(since_, state.last_asked) : since_;
  if (!first_deviation_) first_deviation_ = Moment{sighting.answered, sighting.answered - good};
  state.deviated = true;
  state.last_failure_asked = sighting.asked;
  if (!sighting.silent) {
    state.silent_since.reset();
    if (state.first_failure.empty()) state.first_failure = sighting.failing;
    return;
  }
  if (!state.silent_since) state.silent_since = sighting.asked;
  state.silence_max = std::max(state.silence_max, sighting.answered - *state.silent_since);
}

void Watch::mark(MonoTime since) {
  since_ = since;
  first_deviation_.reset();
  for (State& state : states_) {
    state.deviated = false;
    state.silent_since.reset();
    state.silence_max = Nanos{0};
    state.unwatched_max = Nanos{0};
    state.first_failure.clear();
  }
  holding_ = false;
  for (const Sighting& sighting : std::exchange(held_, {})) apply(sighting);
}

Nanos Watch::unwatched(std::size_t probe, MonoTime now) const {
  const State& state = states_[probe];
  const MonoTime looked = state.seen ? std::max(since_, state.last_answered) : since_;
  return std::max(state.unwatched_max, now - looked);
}

bool Watch::held_for(Nanos duration, MonoTime now) const {
  return std::all_of(states_.begin(), states_.end(), [&](const State& state) {
    return state.seen && state.holds && now - state.last_answered <= fresh_max_ &&
           state.last_asked - state.watched_since >= duration;
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
