// Quotes that nobody can look after: the engines' orders are cancelled where what they were placed
// on is no longer known. Private to core/machine.
//
// A cancel that has no effect is repeated as every cancel is (retries.cpp). Flatten orders and
// adopted ones are not quotes: they end by themselves, or are cancelled already.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::quotes {

void on_timer(Context& context);

}  // namespace levi::machine::quotes
