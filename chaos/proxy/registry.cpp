// The one place that names the toxics: a new one adds its file and a line here.
#include <array>

#include "chaos/proxy/toxic.h"
#include "core/base/check.h"

#define LEVI_TOXICS(X) \
  X(noop)              \
  X(latency)           \
  X(bandwidth)         \
  X(slow_close)        \
  X(timeout)           \
  X(reset_peer)        \
  X(slicer)            \
  X(limit_data)        \
  X(packet_loss)       \
  X(ws_close)          \
  X(ws_corrupt)        \
  X(ws_delay)          \
  X(ws_drop)           \
  X(ws_duplicate)      \
  X(ws_gap)            \
  X(ws_refuse)         \
  X(ws_reorder)        \
  X(ws_silence)        \
  X(ws_slow_handshake) \
  X(http_delay)        \
  X(http_lost_answer)  \
  X(http_status)

namespace levi::proxy {

#define LEVI_DECLARE(name) extern const ToxicType toxic_##name;
LEVI_TOXICS(LEVI_DECLARE)
#undef LEVI_DECLARE

std::span<const ToxicType* const> toxic_types() {
#define LEVI_ENTRY(name) &toxic_##name,
  static constexpr std::array kTypes = {LEVI_TOXICS(LEVI_ENTRY)};
#undef LEVI_ENTRY
  return kTypes;
}

const ToxicType* find_toxic_type(std::string_view name) {
  for (const ToxicType* type : toxic_types()) {
    if (type->name == name) return type;
  }
  return nullptr;
}

const std::variant<std::int64_t, double, std::string>& Setting::find(std::string_view name) const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name == name) return values_[i].value;
  }
  LEVI_UNREACHABLE();  // A toxic asks for a field that it does not list.
}

}  // namespace levi::proxy
