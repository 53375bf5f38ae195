// UnknownFees: trades of ours whose fee is in an asset that is neither of their symbol's (MX, say).
//
// Such a fee counts as none: profit looks better than it is, and the limit for a day's loss comes
// later than it should. Owned by the venue, on its thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/records.h"

namespace levi::mexc {

class UnknownFees {
 public:
  explicit UnknownFees(const Instruments& instruments) : instruments_(instruments) {}

  // Every trade of ours that is told of; again with every telling.
  void look_at(const TradeRecord& trade);
  std::uint64_t count() const { return count_; }
  std::string trouble() const;  // names the symbols, for people; empty: none

 private:
  const Instruments& instruments_;
  std::uint64_t count_ = 0;
  std::vector<SymbolId> symbols_;
};

}  // namespace levi::mexc
