#include "exchange/rest/key_ring.h"

#include <algorithm>

#include "core/base/strict_yaml.h"

namespace levi::exchange {
namespace {

constexpr std::size_t kKeysMax = 30;  // per venue account; ours are one each
constexpr std::int64_t kBalanceMax =
    1'000'000'000LL * 100'000'000;  // all accounts together stay countable
constexpr std::int64_t kDefaultQuote = 1'000'000;
constexpr std::int64_t kDefaultBaseWorth = 1'000'000;  // in quote, at the first price

KeySpec read_key(YamlMap& entry) {
  KeySpec spec;
  spec.key = entry.text("key");
  spec.secret = entry.text("secret");
  spec.name = entry.text("name", spec.key);
  if (entry.has("key") && spec.key.empty())
    entry.fail("key", "the key is empty", "give the key's text");
  entry.scalars("balances", [&](const std::string& asset, const std::string& amount) {
    const auto value = parse_decimal(amount, kMoneyExponent);
    const bool good =
        value && value.value() >= 0 && value.value() <= kBalanceMax && AssetName::fits(asset);
    if (!good) {
      entry.fail("balances", "'" + amount + "' of " + asset + " is no balance",
                 "use 0 to 1000000000 with at most 8 decimals");
      return;
    }
    spec.balances.push_back({AssetName(asset), Money{value.value()}});
  });
  return spec;
}

}  // namespace

Result<std::vector<KeySpec>> parse_keys(std::string_view text, const std::string& file_name) {
  LEVI_TRY(root, YamlDocument::parse(text, file_name));
  std::vector<KeySpec> keys;
  root.list("keys", [&](YamlMap& entry) { keys.push_back(read_key(entry)); });
  if (keys.empty())
    root.fail("keys", "no key is given", "add a list `keys:` of {key, secret, name, balances}");
  if (keys.size() > kKeysMax) root.fail("keys", "more than 30 keys", "give fewer");
  LEVI_TRY_STATUS(root.finish());
  return keys;
}

std::vector<StartingBalance> default_balances(const std::vector<SymbolSpec>& symbols) {
  std::vector<StartingBalance> balances;
  const auto add = [&](const AssetName& asset, Money amount) {
    const auto known =
        std::find_if(balances.begin(), balances.end(),
                     [&](const StartingBalance& entry) { return entry.asset == asset; });
    if (known == balances.end()) balances.push_back({asset, amount});
  };
  for (const SymbolSpec& spec : symbols) add(spec.quote, Money{kDefaultQuote * 100'000'000});
  for (const SymbolSpec& spec : symbols) {
    const Money price = notional(spec.price_start, Quantity{1}, spec.price_exponent, 0).value();
    // Whole coins: round figures are easier to follow.
    add(spec.base, Money{(kDefaultBaseWorth * 100'000'000 / price.value + 1) * 100'000'000});
  }
  return balances;
}

Status KeyRing::add(const KeySpec& spec, AccountId account) {
  LEVI_TRY(signer, mexc::Signer::create(spec.secret));
  const bool fresh = keys_.emplace(spec.key, Key{account, std::move(signer)}).second;
  if (!fresh)
    return error(ErrorCode::kInvalid, "the API key '" + spec.key + "' is given twice",
                 "remove one");
  return ok();
}

KeyRing::Key* KeyRing::find(std::string_view key) {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

}  // namespace levi::exchange
