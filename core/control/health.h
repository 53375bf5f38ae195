// Is this core well? Judged from what its threads publish, the same for both servers, without
// allocation.
//
// A sealed latch is not an illness: it is healthy and says that it is sealed. What only costs
// freshness (a feed, the store, an engine) is degraded; what stops or blinds the core (the trading
// thread, the journal, a lost latch file) is unhealthy.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/fixed_string.h"
#include "core/base/instant.h"
#include "core/control/facts.h"
#include "core/control/shared.h"
#include "core/control/writer.h"
#include "core/latch/latch.h"

namespace levi::control {

enum class Wellness : std::uint8_t { kHealthy, kDegraded, kUnhealthy };
const char* to_string(Wellness wellness);

// The limits of health; the defaults are generous to a busy two-core machine.
struct HealthLimits {
  Nanos round_age_max{2500ms};  // the trading and persist threads round at least once a second
  Nanos data_age_max{5s};       // of the newest market frame
  double ring_fill_degraded = 0.5;
  double ring_fill_unhealthy = 0.9;
  std::uint64_t store_lag_max = 50'000;  // records
  std::int64_t clock_offset_ms_max = 1000;
};

struct Component {
  struct Number {
    const char* name = "";
    double value = 0;
  };
  const char* name = "";
  Wellness wellness = Wellness::kHealthy;
  FixedString<191> detail;
  std::array<Number, 4> numbers{};
};

struct Health {
  static constexpr std::size_t kComponents = 10;
  Wellness overall = Wellness::kHealthy;
  std::array<Component, kComponents> components;
};

Health judge_health(const SharedStatus& status, const latch::Latch& latch,
                    const HealthLimits& limits, MonoTime now);

// The bodies of /health and /readyz. Each returns the HTTP status that goes with it.
int write_health(Writer& out, const Facts& facts, const Health& health, MonoTime now);
int write_ready(Writer& out, const SharedStatus& status, const Health& health);

}  // namespace levi::control
