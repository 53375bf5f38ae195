// The core's own event stream (GET /events) as a witness of when the core noticed what.
//
// Owned by the loop's thread. Follows the stream across reconnects and restarts of the core by
// Last-Event-ID; what it missed is said, never guessed: `gap` makes a trial invalid, and so does a
// clock that is not ours. A gap is over with `forget`, a foreign clock only with the greeting of a
// core whose clock is ours.
#pragma once

#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "chaos/experiment/sse.h"
#include "core/base/instant.h"
#include "core/os/loop.h"
#include "core/os/socket.h"
#include "reports/record.h"

namespace levi::chaos {

using Json = nlohmann::json;

struct CoreEvent {
  std::uint64_t sequence = 0;
  std::string type;
  MonoTime mono;
  Json data = Json::object();
};

struct StreamFault {
  reports::Undecided code = reports::Undecided::kNone;
  std::string why;
};

class EventStream {
 public:
  // `types`: what is asked for; market data and order flow are left to the exchange's ledger.
  EventStream(os::Loop& loop, os::Endpoint api, std::vector<std::string> types);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // Greeted, and since then whole: no event from now on is missed unsaid.
  bool connected() const { return greeted_; }
  // Events since `forget`, oldest first.
  const std::deque<CoreEvent>& events() const { return events_; }
  void forget() {
    events_.clear();
    gap_ = {};
  }
  // Why the times of all events mean nothing here. kNone: they can be compared with ours.
  const StreamFault& clock_fault() const { return clock_fault_; }
  // What is missing since `forget`. kNone: nothing.
  const StreamFault& gap() const { return gap_; }

 private:
  void connect();
  void on_ready(std::uint32_t ready);
  void read_some();
  void take(std::string_view bytes);
  void on_event(const SseEvent& event);
  void on_hello(const Json& hello);
  void missed(const char* what);
  void lost();

  os::Loop& loop_;
  os::Endpoint api_;
  std::string types_;
  os::Fd socket_;
  bool sent_ = false;
  bool head_done_ = false;
  bool greeted_ = false;
  std::string head_;
  SseParser parser_;
  std::optional<std::uint64_t> last_id_;
  std::deque<CoreEvent> events_;
  StreamFault clock_fault_;
  StreamFault gap_;
  os::Loop::TimerId retry_ = 0;
  os::Loop::TimerId patience_ = 0;
};

// The inode of /proc/self/ns/time, as the target's hello names its own; 0 where the kernel has
// none.
std::uint64_t own_time_namespace();

}  // namespace levi::chaos
