#include "chaos/experiment/measures.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/json_fields.h"

namespace levi::chaos {
namespace {

struct Value {
  std::int64_t value = 0;
  Nanos error{0};
};
using Maybe = std::optional<Value>;

Maybe since(MonoTime t0, const std::optional<MonoTime>& at, Nanos error) {
  if (!at) return std::nullopt;
  return Value{(*at - t0).count(), error};
}

Maybe impact(const Observed& o) {
  if (!o.first_deviation) return std::nullopt;
  return Value{(o.first_deviation->at - o.t0).count(), o.landing + o.first_deviation->uncertainty};
}

Maybe detect(const Observed& o) {
  return since(o.t0, first_down(o.events, *o.kind, o.t0), o.landing);
}

// From `from` to the first instant of the settled steady state. Where a deviation was too short for
// any probe, the core's own events say how long it was; where both speak, the later one counts.
Maybe recovery(const Observed& o, MonoTime from) {
  Maybe result;
  if (o.recovered)
    result = Value{(o.recovered->at - from).count(), o.landing + o.recovered->uncertainty};
  const auto down = first_down(o.events, *o.kind, o.t0);
  const auto up = down ? last_up(o.events, *o.kind, *down) : std::nullopt;
  if (up && (!result || (*up - from).count() > result->value))
    result = Value{(*up - from).count(), o.landing};
  if (result) result->value = std::max<std::int64_t>(result->value, 0);
  return result;
}

Maybe recover_after_revert(const Observed& o) {
  return o.reverted ? recovery(o, *o.reverted) : std::nullopt;
}

Maybe engine_restart(const Observed& o) {
  if (!o.engine) return std::nullopt;
  for (const auto& event : o.events) {
    const bool same =
        event.type == "engine-up" && integer_at(event.data, "engine", -1) == *o.engine;
    if (same && event.mono >= o.t0) return Value{(event.mono - o.t0).count(), o.landing};
  }
  return std::nullopt;
}

bool of_feed(const CoreEvent& event, const std::string& feed) {
  return text_at(event.data, "feed") == feed;
}

// Socket closed -> first book-building frame accepted. Whoever closed it first: a socket that the
// exchange froze is closed by the core, and the exchange sees that only when it thaws.
Maybe reconnect(const Observed& o) {
  std::optional<MonoTime> closed = o.socket_ended;
  for (const auto& event : o.events) {
    const bool down = event.type == "feed-down" && event.mono >= o.t0 && of_feed(event, o.feed);
    if (down && (!closed || event.mono < *closed)) closed = event.mono;
    if (event.type == "feed-up" && closed && event.mono >= *closed && of_feed(event, o.feed)) {
      return Value{(event.mono - *closed).count(), Nanos{0}};
    }
  }
  return std::nullopt;
}

Maybe kill_effect(const Observed& o) {
  return o.kill ? since(o.t0, o.kill->last_arrival, Nanos{0}) : std::nullopt;
}

Maybe orders_cleared(const Observed& o) {
  if (!o.orders_cleared) return std::nullopt;
  return Value{(o.orders_cleared->at - o.t0).count(), o.orders_cleared->uncertainty};
}

Maybe count(const Observed& o, std::uint64_t Balance::*field) {
  if (!o.balance) return std::nullopt;
  return Value{static_cast<std::int64_t>((*o.balance).*field), Nanos{0}};
}

Maybe value_of(const std::string& name, const Observed& o) {
  if (name == "impact") return impact(o);
  if (name == "detect") return detect(o);
  if (name == "mttr") return recovery(o, o.t0);
  if (name == "recover_after_revert") return recover_after_revert(o);
  if (name == "engine_restart") return engine_restart(o);
  if (name == "reconnect") return reconnect(o);
  if (name == "kill_ack")
    return o.kill_ack ? Maybe(Value{o.kill_ack->count(), Nanos{0}}) : std::nullopt;
  if (name == "kill_effect") return kill_effect(o);
  if (name == "orders_cleared") return orders_cleared(o);
  if (name == "lost") return count(o, &Balance::lost);
  if (name == "duplicated") return count(o, &Balance::duplicated);
  if (name == "unexpected") return count(o, &Balance::unexpected);
  if (name == "beyond_s")
    return o.kill ? Maybe(Value{static_cast<std::int64_t>(o.kill->beyond_s), Nanos{0}})
                  : std::nullopt;
  if (name == "orders_per_second")
    return o.orders_per_second ? Maybe(Value{*o.orders_per_second, Nanos{0}}) : std::nullopt;
  LEVI_UNREACHABLE();  // known_measures() names them all
}

}  // namespace

reports::Measure measure(const MeasureOrder& order, const Observed& observed) {
  reports::Measure measure;
  measure.name = order.name;
  measure.unit = order.unit;
  measure.target = order.target;
  measure.required = order.required;
  if (const Maybe value = value_of(order.name, observed)) {
    measure.value = value->value;
    measure.error = value->error.count();
  }
  return measure;
}

}  // namespace levi::chaos
