// Watch: what the probes saw, and what that says: does the steady state hold, since when, when was
// it first seen broken? Pure.
//
// A sighting is (asked, answered, holds or why not). Between two sightings nothing is known: every
// instant given here carries how far the truth may lie from it. Silence (no answer at all) is a
// deviation, too, but nobody has seen what lies behind it: how long it lasted is told apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"

namespace levi::chaos {

struct Moment {
  MonoTime at;
  Nanos uncertainty{0};  // the truth lies within at ± uncertainty
};

struct Sighting {
  std::size_t probe = 0;
  MonoTime asked;
  MonoTime answered;
  std::string failing;  // empty: it holds
  bool silent = false;  // nobody answered; `failing` says how
};

class Watch {
 public:
  // Sightings older than `fresh_max` say nothing about now.
  Watch(std::vector<std::string> probes, Nanos fresh_max);

  void saw(const Sighting& sighting);

  // Sightings are kept for `mark`: the instant from which deviations count is known only then.
  void hold() { holding_ = true; }
  // Deviations count from `since` on: what was asked before is forgotten.
  void mark(MonoTime since);

  // Every probe was seen to hold for `duration` on end, and was seen lately. What lies before a gap
  // of more than `fresh_max` does not count: nobody looked.
  bool held_for(Nanos duration, MonoTime now) const;
  // Which probes do not, and why; for messages.
  std::string failing(MonoTime now) const;

  std::optional<Moment> first_deviation() const { return first_deviation_; }
  // The first instant of the unbroken stretch in which every probe holds; empty while one does not,
  // or without a deviation.
  std::optional<Moment> recovered() const;
  // Seen to fail, by an answer.
  bool deviated(std::size_t probe) const { return !states_[probe].first_failure.empty(); }
  const std::string& deviation_text(std::size_t probe) const {
    return states_[probe].first_failure;
  }
  // The longest stretch in which nobody answered.
  Nanos silence(std::size_t probe) const { return states_[probe].silence_max; }
  // The longest stretch since the mark in which we ourselves did not look, up to now.
  Nanos unwatched(std::size_t probe, MonoTime now) const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  struct State {
    bool seen = false;
    bool holds = false;
    bool deviated = false;  // since the mark
    MonoTime last_asked;
    MonoTime last_answered;
    MonoTime holds_since_answered;  // first sighting of the present stretch
    MonoTime holds_since_asked;
    MonoTime watched_since;       // of that stretch, what was looked at without a gap
    MonoTime last_failure_asked;  // before that stretch; meaningful where deviated
    std::optional<MonoTime> silent_since;
    Nanos silence_max{0};
    Nanos unwatched_max{0};
    std::string why;
    std::string first_failure;  // that was an answer
  };
  void apply(const Sighting& sighting);
  void note_failure(State& state, const Sighting& sighting);

  std::vector<std::string> names_;
  std::vector<State> states_;
  Nanos fresh_max_;
  MonoTime since_;
  bool holding_ = false;
  std::vector<Sighting> held_;
  std::optional<Moment> first_deviation_;
};

}  // namespace levi::chaos
