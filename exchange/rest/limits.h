// RateLimits: the venue's limits on requests, with time passed in. Off on the stage; on, a client
// learns to live with them.
//
// Weights are counted per endpoint in windows of 10 s, apart for each address and each account;
// batch orders and GET /account have a limit per second besides. Who keeps going against a 429 is
// banned (418) for a while.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/instant.h"
#include "exchange/matching/types.h"

namespace levi::exchange {

struct CallWeight {
  int ip = 1;
  int uid = 0;
};

class RateLimits {
 public:
  static constexpr int kWeightMax =
      500;  // per endpoint and window, by address and by account alike
  static constexpr Nanos kWindow{10'000'000'000};
  static constexpr int kRarePerSecond = 2;  // batch orders, GET /account: by account
  static constexpr int kRefusalsMax = 50;   // in kRefusalWindow; the next one is a ban
  static constexpr Nanos kRefusalWindow{60'000'000'000};
  static constexpr Nanos kBan{120'000'000'000};
  static constexpr std::size_t kOpenOrdersMax = 500;
  static constexpr std::size_t kCountersMax = 100'000;

  struct Verdict {
    int http_status = 200;  // 429 or 418 otherwise
    int retry_after_s = 0;
  };
  // `address` without its port. Counts the request, unless it is refused.
  Verdict take(std::string_view endpoint, std::string_view address, CallWeight weight,
               MonoTime now);
  Verdict take_account(std::string_view endpoint, AccountId account, CallWeight weight,
                       MonoTime now);
  // Of the endpoints that have a limit per second.
  Verdict take_rare(std::string_view endpoint, AccountId account, MonoTime now);

 private:
  struct Counter {
    MonoTime window_start;
    int used = 0;
  };
  struct Offender {
    MonoTime window_start;
    int refusals = 0;
    MonoTime banned_until;
  };
  bool spend(const std::string& key, int weight, int most, Nanos window, MonoTime now,
             Verdict& verdict);

  std::map<std::string, Counter> counters_;
  std::map<std::string, Offender, std::less<>> offenders_;
};

}  // namespace levi::exchange
