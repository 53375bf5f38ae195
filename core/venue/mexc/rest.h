// Rest: every call to the venue that is not an order: queries, cancels, snapshots, listen keys.
//
// Owned by the trading thread. Has its own few keep-alive connections, so these calls pass a sealed
// latch. Signs, keeps the clock's offset, obeys Retry-After (429: that method of that path rests;
// 418: all do), and asks once more by itself when the venue says that our timestamp is outside the
// window. A cancel is therefore held back by its own 429 alone, never by one that orders or
// questions on the same path were given.
// Callers repeat everything else. Answers come from the loop, never from inside a call; none comes
// after the destruction.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/instant.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/venue/gateway.h"
#include "core/venue/mexc/answer.h"
#include "core/venue/mexc/venue_clock.h"
#include "core/venue/mexc/wire/sign.h"

namespace levi::mexc {

// "/api/v3/order?symbol=...&recvWindow=...&timestamp=...&signature=..."
std::string signed_target(Signer& signer, std::string_view path, std::string_view query,
                          Nanos recv_window, std::int64_t timestamp_ms);

struct RestOptions {
  os::Endpoint endpoint;
  std::string key;
  Nanos recv_window{2s};
  Nanos timeout{2s};
  unsigned connections = 4;
  unsigned cancel_connections = 4;  // of their own: a cancel never waits behind a slow question
  std::string host = {};            // of the Host header; empty: the endpoint's own text
};

class Rest {
 public:
  using Done = std::function<void(const Answer&)>;

  Rest(os::Loop& loop, RestOptions options, Signer signer, VenueClock& clock);
  ~Rest();
  Rest(const Rest&) = delete;
  Rest& operator=(const Rest&) = delete;

  // `path` is "/api/v3/order"; `query` is encoded already ("symbol=BTCUSDT&limit=5"). Methods and
  // paths are literals, here and below: they are kept, not copied.
  void call(const char* method, const char* path, std::string query, Done done);
  void signed_call(const char* method, const char* path, std::string query, Done done);

  // Asks the venue's time and moves the clock's offset. The Result is the serverTime in ms.
  void server_time(std::function<void(Result<std::int64_t>)> done);

  // Something bears a time that our idea of the venue's clock can't be right about: it is asked
  // again now, but at most once a second.
  void recheck_clock();
  const VenueClock& clock() const { return clock_; }

  // The trouble that every signed call has, until one succeeds: a refused key. Empty: none.
  const std::string& trouble() const { return trouble_; }
  Nanos blocked_for(const char* method, const char* path) const;
  // The order connections, which don't pass through here, were told to wait, or were refused.
  void note(const Answer& answer, const char* method, const char* path, bool is_signed);

 private:
  struct Call;
  using Lane = std::pair<std::string_view, std::string_view>;  // method and path
  void start(std::shared_ptr<Call> call);
  void finish(const std::shared_ptr<Call>& call, Answer answer);
  std::string target(const Call& call);

  os::Loop& loop_;
  const RestOptions options_;
  Signer signer_;
  VenueClock& clock_;
  std::optional<MonoTime> clock_rechecked_;
  std::map<Lane, MonoTime> blocked_until_;  // empty ones: every lane
  std::string trouble_;
  // Callbacks that outlive this object find it expired: HttpClient and the loop hold them.
  std::shared_ptr<Rest*> alive_;
  std::unique_ptr<os::HttpClient> client_;
  std::unique_ptr<os::HttpClient> cancel_client_;
};

}  // namespace levi::mexc
