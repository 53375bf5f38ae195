#include "core/policy/staleness.h"

#include <algorithm>

#include "core/base/check.h"

namespace levi::policy {

StalenessWatch::StalenessWatch(StalenessLimits limits, MonoTime now)
    : limits_(limits), looked_at_(now) {
  LEVI_CHECK(limits.silence_max > Nanos{0} && limits.pause_max > Nanos{0});
}

std::size_t StalenessWatch::add(MonoTime now) {
  subjects_.push_back({.heard_at = now});
  return subjects_.size() - 1;
}

void StalenessWatch::heard(std::size_t subject, MonoTime now) {
  LEVI_CHECK(subject < subjects_.size());
  subjects_[subject].heard_at = now;
  subjects_[subject].heard_since = true;
  subjects_[subject].silence = Nanos{0};
}

void StalenessWatch::look(MonoTime now) {
  const Nanos counted = std::min(now - looked_at_, limits_.pause_max);
  looked_at_ = now;
  for (Subject& subject : subjects_) {
    if (subject.heard_since) {
      subject.silence = std::clamp(now - subject.heard_at, Nanos{0}, counted);
    } else {
      subject.silence += counted;
    }
    subject.heard_since = false;
  }
}

Nanos StalenessWatch::silence(std::size_t subject) const {
  LEVI_CHECK(subject < subjects_.size());
  return subjects_[subject].silence;
}

}  // namespace levi::policy
