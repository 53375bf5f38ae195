// Whose name an order bears at the venue: the client order ids of a journal that may be a copy.
//
// A restored copy of a data folder is an instance of its own, but the orders that it inherited
// stand at the venue under the name of the instance that placed them. Pure values.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/machine/state.h"

namespace levi::machine {

class OrderIds {
 public:
  OrderIds() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): most journals are nobody's copy
  OrderIds(InstanceId own, std::vector<Ancestor> ancestors = {})
      : own_(own), ancestors_(std::move(ancestors)) {}
  explicit OrderIds(const State& state) : OrderIds(state.started.instance, state.ancestors) {}

  // Empty while no instance is known.
  ClientOrderId id_of(OrderKind kind, Incarnation incarnation, OrderSequence sequence) const;
  // An order's number is ours under our instance's name, and under an ancestor's as far as this
  // journal took it over. What an ancestor sent after the copy was made (it may still run, and uses
  // the same numbers as we do) is foreign, as is any other instance's (DESIGN §4).
  std::optional<ClientOrderIdParts> own_order(std::string_view client_id) const;

 private:
  InstanceId own_;
  std::vector<Ancestor> ancestors_;
};

// The same for a single order of `state`, without a copy of its ancestors.
ClientOrderId client_order_id(const State& state, OrderKind kind, Incarnation incarnation,
                              OrderSequence sequence);

}  // namespace levi::machine
