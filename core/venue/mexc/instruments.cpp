#include "core/venue/mexc/instruments.h"

#include <algorithm>

namespace levi::mexc {

void Instruments::renumber(const std::vector<machine::InstrumentDefined>& definitions) {
  for (Instrument& instrument : instruments_) {
    const auto found = std::find_if(
        definitions.begin(), definitions.end(),
        [&](const machine::InstrumentDefined& d) { return d.name.view() == instrument.name; });
    if (found != definitions.end()) instrument.definition = *found;
  }
}

const Instrument* Instruments::find(SymbolId id) const {
  // Tens of symbols at most, mostly in place: the guess is right unless the configuration was
  // reordered.
  if (id.value < instruments_.size() && instruments_[id.value].definition.symbol == id) {
    return &instruments_[id.value];
  }
  const auto found = std::find_if(instruments_.begin(), instruments_.end(),
                                  [&](const Instrument& i) { return i.definition.symbol == id; });
  return found == instruments_.end() ? nullptr : &*found;
}

const Instrument* Instruments::find(std::string_view name) const {
  const auto found = std::find_if(instruments_.begin(), instruments_.end(),
                                  [&](const Instrument& i) { return i.name == name; });
  return found == instruments_.end() ? nullptr : &*found;
}

std::optional<ClientOrderIdParts> own_order(std::string_view client_id,
                                            const InstanceId& instance) {
  auto parts = parse_client_order_id(client_id);
  if (!parts || parts->instance != instance) return std::nullopt;
  return parts;
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
