#include "exchange/rest/limits.h"

namespace levi::exchange {
namespace {

int seconds_until(MonoTime until, MonoTime now) {
  return static_cast<int>((until - now).count() / 1'000'000'000) + 1;
}

}  // namespace

bool RateLimits::spend(const std::string& key, int weight, int most, Nanos window, MonoTime now,
                       Verdict& verdict) {
  if (weight == 0) return true;
  if (counters_.size() > kCountersMax)
    counters_.clear();  // A new window for everyone, rather than no end of memory.
  Counter& counter = counters_[key];
  if (counter.used == 0 || now - counter.window_start >= window) counter = {now, 0};
  if (counter.used + weight > most) {
    verdict = {429, seconds_until(counter.window_start + window, now)};
    return false;
  }
  counter.used += weight;
  return true;
}

RateLimits::Verdict RateLimits::take(std::string_view endpoint, std::string_view address,
                                     CallWeight weight, MonoTime now) {
  if (offenders_.size() > kCountersMax) offenders_.clear();
  const auto known = offenders_.find(address);
  if (known != offenders_.end() && now < known->second.banned_until) {
    return {418, seconds_until(known->second.banned_until, now)};
  }
  Verdict verdict;
  const std::string key = std::string(endpoint) + "|" + std::string(address);
  if (spend(key, weight.ip, kWeightMax, kWindow, now, verdict)) return verdict;
  Offender& offender = offenders_[std::string(address)];
  if (offender.refusals == 0 || now - offender.window_start >= kRefusalWindow)
    offender = {now, 0, {}};
  if (++offender.refusals <= kRefusalsMax) return verdict;
  offender = {now, 0, now + kBan};
  return {418, seconds_until(offender.banned_until, now)};
}

RateLimits::Verdict RateLimits::take_account(std::string_view endpoint, AccountId account,
                                             CallWeight weight, MonoTime now) {
  Verdict verdict;
  const std::string key = std::string(endpoint) + "#" + std::to_string(account.value);
  spend(key, weight.uid, kWeightMax, kWindow, now, verdict);
  return verdict;
}

RateLimits::Verdict RateLimits::take_rare(std::string_view endpoint, AccountId account,
                                          MonoTime now) {
  Verdict verdict;
  const std::string key = std::string(endpoint) + "#s#" + std::to_string(account.value);
  spend(key, 1, kRarePerSecond, 1s, now, verdict);
  return verdict;
}

}  // namespace levi::exchange
