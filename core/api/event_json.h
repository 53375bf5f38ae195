// One journal record as the JSON of /events:
// {"sequence","type","instant_ns","mono_ns","data":{...}}.
//
// Prices and quantities are decimal text in the instrument's steps, money in 1e-8; what the replica
// does not know (an order that has retired, an instrument that was not defined yet) is null, with
// the plain step count beside it (`..._steps`).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/instant.h"
#include "core/control/writer.h"
#include "core/journal/journal.h"
#include "core/machine/machine.h"

namespace levi::api {

inline constexpr std::size_t kEventBytesMax = 8192;

// `state` gives names and exponents. Nothing of it needs to be of the record's own time: ids and
// names belong together for the life of a journal.
void write_event(control::Writer& out, const journal::Record& record, const machine::Event& event,
                 const machine::State& state, std::optional<MonoTime> mono);

// Decimals for the whole API.
std::string price_text(const machine::State& state, SymbolId symbol, Price price);
std::string quantity_text(const machine::State& state, SymbolId symbol, Quantity quantity);
std::string money_text(Money money);
std::string symbol_text(const machine::State& state,
                        SymbolId symbol);  // "" where it is not defined
std::string engine_text(const machine::State& state, EngineId engine);

const machine::Instrument* find_instrument(const machine::State& state, SymbolId symbol);
const machine::Engine* find_engine(const machine::State& state, EngineId engine);

}  // namespace levi::api
