#include "core/venue/mexc/lag_watch.h"

#include <algorithm>

namespace levi::mexc {

// Nothing is said against a push whose age can't be known. One that seems too old, or comes from
// the future, may also mean that a clock was set: the venue's is asked, and the next push shows.
Nanos LagWatch::age_of(const pb::PushDataV3ApiWrapper& push) {
  const auto age = push.sendtime() > 0 ? rest_.clock().age(push.sendtime()) : std::nullopt;
  if (!age) return Nanos{0};
  if (*age > age_max_ || *age < -age_max_) rest_.recheck_clock();
  return std::max(*age, Nanos{0});
}

bool LagWatch::lasts(Nanos lag, MonoTime now) {
  if (lag == Nanos{0}) {
    forget();
  } else if (!since_) {
    since_ = now;
  }
  return since_ && now - *since_ >= lag_max_;
}

std::string lag_text(Nanos lag) {
  return "the stream lags by " + std::to_string(lag / kMillisecond) + " ms";
}

}  // namespace levi::mexc
