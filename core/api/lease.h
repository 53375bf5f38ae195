// The one chaos run that may break this core now (DESIGN §7): who, until when. Kept in memory, told
// to the journal as ChaosMark and to control as SharedStatus::chaos, so that every status shows "is
// this us?".
//
// A lease that the journal still shows as begun when levid starts (it was killed under the run) is
// held for kOrphanMax, so that nobody else takes the core before the run renews it.
#pragma once

#include <functional>
#include <optional>

#include "core/control/shared.h"
#include "core/os/loop.h"

namespace levi::api {

class Lease {
 public:
  static constexpr Nanos kTtlMin = 1s;
  static constexpr Nanos kTtlMax = 600s;
  static constexpr Nanos kOrphanMax = 15s;

  // `tell` hands a ChaosMark to the trading thread; false when its queue is full (the mark is then
  // missing in the journal).
  Lease(os::Loop& loop, control::SharedStatus& status,
        std::function<bool(const machine::ChaosMark&)> tell)
      : loop_(loop), status_(status), tell_(std::move(tell)) {}
  ~Lease();

  void adopt(const machine::ChaosMark& mark);  // at start
  // False while another run holds it.
  bool take(const control::ChaosLease& wanted, Nanos ttl);
  // False where another run holds it; ending what is not held is fine.
  bool end(std::string_view run);
  const std::optional<control::ChaosLease>& current() const { return lease_; }

 private:
  void hold(const control::ChaosLease& lease, MonoTime expires);
  void expire();

  os::Loop& loop_;
  control::SharedStatus& status_;
  std::function<bool(const machine::ChaosMark&)> tell_;
  std::optional<control::ChaosLease> lease_;
  os::Loop::TimerId timer_ = 0;
};

}  // namespace levi::api
