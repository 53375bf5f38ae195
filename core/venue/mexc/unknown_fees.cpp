#include "core/venue/mexc/unknown_fees.h"

#include <algorithm>

namespace levi::mexc {

void UnknownFees::look_at(const TradeRecord& trade) {
  if (trade.fee_known) return;
  ++count_;
  if (std::find(symbols_.begin(), symbols_.end(), trade.symbol) == symbols_.end())
    symbols_.push_back(trade.symbol);
}

std::string UnknownFees::trouble() const {
  std::string names;
  for (const SymbolId symbol : symbols_) {
    const Instrument* instrument = instruments_.find(symbol);
    if (instrument != nullptr) names += (names.empty() ? "" : ", ") + instrument->name;
  }
  return names.empty() ? names : names + ": fees in another asset count as none: losses are larger";
}

}  // namespace levi::mexc
