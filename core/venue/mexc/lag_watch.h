// LagWatch: how old pushes are when they arrive, and how long a stream has been late with them.
//
// Owned by a market connection, on its thread. An age is the venue's clock, as we know it, less the
// time that the venue wrote on the push.
#pragma once

#include <optional>
#include <string>

#include "core/base/instant.h"
#include "core/venue/mexc/rest.h"
#include "core/venue/mexc/wire/push.pb.h"

namespace levi::mexc {

class LagWatch {
 public:
  // `age_max`: of a push that is fresh; `lag_max`: so long, in one piece, a stream may be late.
  LagWatch(Rest& rest, Nanos age_max, Nanos lag_max)
      : rest_(rest), age_max_(age_max), lag_max_(lag_max) {}

  Nanos age_of(const pb::PushDataV3ApiWrapper& push);
  // `lag`: at this look; 0: it is not late. True once it was so for too long.
  bool lasts(Nanos lag, MonoTime now);
  void forget() { since_.reset(); }  // another socket

 private:
  Rest& rest_;
  const Nanos age_max_;
  const Nanos lag_max_;
  std::optional<MonoTime> since_;
};

std::string lag_text(Nanos lag);

}  // namespace levi::mexc
