// UserStreams: listen keys. Each opens the private channels of one account for an hour, and an hour
// more when extended.
//
// One thread; the clock is passed in. 60 keys per account, as the venue allows; the oldest makes
// room.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/instant.h"
#include "exchange/matching/types.h"

namespace levi::exchange {

class UserStreams {
 public:
  static constexpr Nanos kLife{3'600'000'000'000};
  static constexpr std::size_t kKeysPerAccount = 60;
  static constexpr int kSocketsPerKey = 5;

  // `make_key` gives a fresh unguessable text.
  explicit UserStreams(std::function<std::string()> make_key) : make_key_(std::move(make_key)) {}

  std::string create(AccountId account, MonoTime now);
  bool extend(AccountId account, std::string_view key, MonoTime now);
  bool remove(AccountId account, std::string_view key);
  std::vector<std::string> keys_of(AccountId account, MonoTime now);
  std::optional<AccountId> find(std::string_view key, MonoTime now);

 private:
  struct Stream {
    AccountId account;
    MonoTime expires;
  };
  void expire(MonoTime now);

  std::function<std::string()> make_key_;
  std::map<std::string, Stream, std::less<>> streams_;
};

}  // namespace levi::exchange
