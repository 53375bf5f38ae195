// What a Machine holds. Private to core/machine.
#pragma once

#include "core/machine/context.h"
#include "core/machine/machine.h"

namespace levi::machine {

struct Machine::Impl {
  State state;
  Indexes indexes;
  std::vector<Order>* retired = nullptr;
};

}  // namespace levi::machine
