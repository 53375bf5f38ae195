// KeyRing: the API keys and whose they are. Secrets stay inside; only their signatures come out.
//
// Filled at start, then read by one thread (a Signer keeps state, so signing is not const).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/venue/mexc/wire/sign.h"
#include "exchange/matching/types.h"

namespace levi::exchange {

struct StartingBalance {
  AssetName asset;
  Money amount;
};

// One line of the keys file.
struct KeySpec {
  std::string key;
  std::string secret;
  std::string name;
  std::vector<StartingBalance> balances;
};

// {keys: [{key: K, secret: S, name: N, balances: {USDT: 1000000, BTC: 20}}]}; JSON is YAML. Errors
// name file and line.
Result<std::vector<KeySpec>> parse_keys(std::string_view text, const std::string& file_name);

// What an account of the default practice key starts with.
std::vector<StartingBalance> default_balances(const std::vector<SymbolSpec>& symbols);

class KeyRing {
 public:
  struct Key {
    AccountId account;
    mexc::Signer signer;
  };

  Status add(const KeySpec& spec, AccountId account);
  Key* find(std::string_view key);

 private:
  std::map<std::string, Key, std::less<>> keys_;
};

}  // namespace levi::exchange
