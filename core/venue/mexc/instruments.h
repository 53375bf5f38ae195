// Instruments: what the adaptor knows of each symbol, by the id that levid gave it and by the
// venue's name. Filled at start-up, then only read; owned by the venue, used on its thread.
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
  // Replaces everything: at load, with ids by place.
  void assign(std::vector<Instrument> instruments) { instruments_ = std::move(instruments); }
  // levid's numbers for the same names. Names that were not loaded are ignored.
  void renumber(const std::vector<machine::InstrumentDefined>& definitions);

  const Instrument* find(SymbolId id) const;
  const Instrument* find(std::string_view name) const;
  const std::vector<Instrument>& all() const { return instruments_; }

 private:
  std::vector<Instrument> instruments_;
};

// An order's number is ours only under our instance id: another instance's orders are foreign
// (DESIGN §4).
std::optional<ClientOrderIdParts> own_order(std::string_view client_id, const InstanceId& instance);

// A fee in the quote asset. Venues give fees with more digits than Money holds: cut, not refused.
// nullopt where the asset is neither of the symbol's own, or the text is no number.
std::optional<Money> fee_in_quote(std::string_view amount, std::string_view asset, Price price,
                                  const Instrument& instrument);

}  // namespace levi::mexc
