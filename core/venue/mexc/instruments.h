// Instruments: what the adaptor knows of each symbol, by the id that levid gave it and by the
// venue's name. Owned by the venue, used on its thread.
//
// Two kinds: those that are traded, once the venue has named them, and those that the journal knows
// of. Orders of the latter may stand at the venue before it has answered anything (a clock that is
// off, a refused key) and after the configuration dropped their symbol: they can be asked for and
// cancelled, never sent. Pointers into the first kind are good until the next `assign`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/decimal.h"
#include "core/base/ids.h"
#include "core/machine/event.h"

namespace levi::mexc {

struct Instrument {
  machine::InstrumentDefined definition;
  std::string name;
  std::string base_asset;   // "BTC"
  std::string quote_asset;  // "USDT"
};

class Instruments {
 public:
  explicit Instruments(const std::vector<machine::InstrumentDefined>& journalled = {});
  // Replaces those that are traded, whose ids are levid's already.
  void assign(std::vector<Instrument> instruments) { traded_ = std::move(instruments); }

  // Of either kind; null: neither names it.
  const Instrument* find(SymbolId id) const;
  const Instrument* find(std::string_view name) const;
  const Instrument* find_traded(SymbolId id) const;
  const std::vector<Instrument>& traded() const { return traded_; }

 private:
  std::vector<Instrument> traded_;
  std::vector<Instrument> journalled_;  // without the names of their assets
};

// Gives each the definition of its name, hence levid's id. Names that have none keep theirs.
void renumber(std::vector<Instrument>& instruments,
              const std::vector<machine::InstrumentDefined>& definitions);

// A fee in the quote asset. Venues give fees with more digits than Money holds: cut, not refused.
// nullopt where the asset is neither of the symbol's own, or the text is no number.
std::optional<Money> fee_in_quote(std::string_view amount, std::string_view asset, Price price,
                                  const Instrument& instrument);

}  // namespace levi::mexc
