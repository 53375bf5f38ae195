#include "exchange/rest/user_streams.h"

#include <algorithm>

namespace levi::exchange {

std::string UserStreams::create(AccountId account, MonoTime now) {
  while (keys_of(account, now).size() >= kKeysPerAccount) {
    auto oldest = streams_.end();
    for (auto stream = streams_.begin(); stream != streams_.end(); ++stream) {
      const bool ours = stream->second.account == account;
      if (ours && (oldest == streams_.end() || stream->second.expires < oldest->second.expires))
        oldest = stream;
    }
    streams_.erase(oldest);
  }
  std::string key = make_key_();
  streams_[key] = {account, now + kLife};
  return key;
}

bool UserStreams::extend(AccountId account, std::string_view key, MonoTime now) {
  expire(now);
  const auto found = streams_.find(key);
  if (found == streams_.end() || found->second.account != account) return false;
  found->second.expires = now + kLife;
  return true;
}

bool UserStreams::remove(AccountId account, std::string_view key) {
  const auto found = streams_.find(key);
  if (found == streams_.end() || found->second.account != account) return false;
  streams_.erase(found);
  return true;
}

std::vector<std::string> UserStreams::keys_of(AccountId account, MonoTime now) {
  expire(now);
  std::vector<std::string> keys;
  for (const auto& [key, stream] : streams_) {
    if (stream.account == account) keys.push_back(key);
  }
  return keys;
}

std::optional<AccountId> UserStreams::find(std::string_view key, MonoTime now) {
  expire(now);
  const auto found = streams_.find(key);
  if (found == streams_.end()) return std::nullopt;
  return found->second.account;
}

void UserStreams::expire(MonoTime now) {
  std::erase_if(streams_, [now](const auto& entry) { return now >= entry.second.expires; });
}

}  // namespace levi::exchange
