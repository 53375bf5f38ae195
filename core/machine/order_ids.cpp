#include "core/machine/order_ids.h"

#include <algorithm>

namespace levi::machine {
namespace {

// Incarnations count on over the copies: each ancestor's begin behind those of the one before.
const InstanceId& instance_of(Incarnation incarnation, const InstanceId& own,
                              const std::vector<Ancestor>& ancestors) {
  const auto found = std::find_if(ancestors.begin(), ancestors.end(), [&](const Ancestor& one) {
    return incarnation <= one.incarnation_last;
  });
  return found == ancestors.end() ? own : found->instance;
}

ClientOrderId format(const InstanceId& instance, OrderKind kind, Incarnation incarnation,
                     OrderSequence sequence) {
  if (instance.view().size() != kInstanceIdLength) return {};
  return format_client_order_id({kind, instance, incarnation, sequence});
}

}  // namespace

ClientOrderId OrderIds::id_of(OrderKind kind, Incarnation incarnation,
                              OrderSequence sequence) const {
  return format(instance_of(incarnation, own_, ancestors_), kind, incarnation, sequence);
}

std::optional<ClientOrderIdParts> OrderIds::own_order(std::string_view client_id) const {
  auto parts = parse_client_order_id(client_id);
  if (!parts || parts->instance == own_) return parts;
  const auto found = std::find_if(ancestors_.begin(), ancestors_.end(), [&](const Ancestor& one) {
    return one.instance == parts->instance;
  });
  const bool inherited = found != ancestors_.end() && parts->sequence <= found->sequence_last &&
                         instance_of(parts->incarnation, own_, ancestors_) == found->instance;
  return inherited ? parts : std::nullopt;
}

ClientOrderId client_order_id(const State& state, OrderKind kind, Incarnation incarnation,
                              OrderSequence sequence) {
  return format(instance_of(incarnation, state.started.instance, state.ancestors), kind,
                incarnation, sequence);
}

}  // namespace levi::machine
