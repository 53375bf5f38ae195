// What one step works on: the state, what is derived from it, and where effects go. Private to
// core/machine.
//
// Each concern (orders, positions, engines, ...) is a namespace of functions over a Context; none
// keeps anything of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/machine/effect.h"
#include "core/machine/state.h"
#include "core/machine/text.h"

namespace levi::machine {

// Follows from State; rebuilt by `derived::rebuild` after a snapshot was read.
struct Indexes {
  struct Tag {
    std::uint32_t tag = 0;
    std::uint64_t sequence = 0;
  };
  std::vector<std::uint64_t>
      pending;  // orders that are not settled, ascending: what a Timer looks at
  std::vector<std::vector<Tag>> tags;  // live orders by engine
  std::size_t settled = 0;
};

struct Context {
  State& state;
  Indexes& indexes;
  Effects& effects;
  std::vector<Order>* retired = nullptr;  // where orders that leave the state go, if anywhere

  Instant now() const { return state.now; }
  void emit(Effect effect) { effects.push_back(std::move(effect)); }
  void alert(AlertKind kind, const Text& what) { effects.push_back(Alert{kind, what}); }
};

// Null where the id names nothing that was defined.
inline Instrument* find_instrument(State& state, SymbolId symbol) {
  if (symbol.value >= state.instruments.size() || !state.instruments[symbol.value].defined)
    return nullptr;
  return &state.instruments[symbol.value];
}
inline Engine* find_engine(State& state, EngineId engine) {
  if (engine.value >= state.engines.size() || !state.engines[engine.value].defined) return nullptr;
  return &state.engines[engine.value];
}
inline Order* find_order(State& state, OrderSequence sequence) {
  const auto found = state.orders.find(sequence.value);
  return found == state.orders.end() ? nullptr : &found->second;
}

}  // namespace levi::machine
