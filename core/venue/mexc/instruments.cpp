#include "core/venue/mexc/instruments.h"

#include <algorithm>

namespace levi::mexc {
namespace {

const Instrument* find_in(const std::vector<Instrument>& all, SymbolId id) {
  // Tens of symbols at most, mostly in place: the guess is right unless the configuration was
  // reordered.
  if (id.value < all.size() && all[id.value].definition.symbol == id) return &all[id.value];
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Instrument& i) { return i.definition.symbol == id; });
  return found == all.end() ? nullptr : &*found;
}

const Instrument* find_in(const std::vector<Instrument>& all, std::string_view name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Instrument& i) { return i.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

Instruments::Instruments(const std::vector<machine::InstrumentDefined>& journalled) {
  for (const machine::InstrumentDefined& definition : journalled)
    journalled_.push_back({definition, definition.name.str(), {}, {}});
}

void renumber(std::vector<Instrument>& instruments,
              const std::vector<machine::InstrumentDefined>& definitions) {
  for (Instrument& instrument : instruments) {
    const auto found = std::find_if(
        definitions.begin(), definitions.end(),
        [&](const machine::InstrumentDefined& d) { return d.name.view() == instrument.name; });
    if (found != definitions.end()) instrument.definition = *found;
  }
}

const Instrument* Instruments::find_traded(SymbolId id) const { return find_in(traded_, id); }

const Instrument* Instruments::find(SymbolId id) const {
  const Instrument* found = find_in(traded_, id);
  return found != nullptr ? found : find_in(journalled_, id);
}

const Instrument* Instruments::find(std::string_view name) const {
  const Instrument* found = find_in(traded_, name);
  return found != nullptr ? found : find_in(journalled_, name);
}

std::optional<Money> fee_in_quote(std::string_view amount, std::string_view asset, Price price,
                                  const Instrument& instrument) {
  const std::size_t dot = amount.find('.');
  if (dot != std::string_view::npos) amount = amount.substr(0, dot + 1 + kMoneyExponent);
  if (amount.empty()) return Money{};
  const auto parsed = parse_decimal(amount, kMoneyExponent);
  if (!parsed) return std::nullopt;
  if (asset == instrument.quote_asset || parsed.value() == 0) return Money{parsed.value()};
  if (asset != instrument.base_asset) return std::nullopt;
  const auto in_quote = notional(price, Quantity{parsed.value()},
                                 instrument.definition.price_exponent, kMoneyExponent);
  if (!in_quote) return std::nullopt;
  return in_quote.value();
}

}  // namespace levi::mexc
