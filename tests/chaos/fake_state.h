// What the fake core and the fake exchange share; all on the fake's loop. See fake_target.h.
#pragma once

#include <sqlite3.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/os/process.h"
#include "tests/chaos/fake_target.h"

namespace levi::chaos::fake {

using Json = nlohmann::json;

inline constexpr const char* kInstance = "fakefak";

struct Engine {
  std::string name;
  std::optional<os::Child> process;
  std::string status = "stopped";
  int restarts = 0;
};

struct Order {
  std::uint64_t sequence = 0;
  std::string client_id;
  std::string state = "filled";
};

struct Subscriber {
  std::shared_ptr<os::HttpReply> reply;
};

// The exchange's half.
struct Venue {
  std::vector<Json> ledger;  // [i] has arrival i + 1
  std::map<std::int64_t, Json> connections;
  std::map<std::string, Json> faults;  // by tag
  std::int64_t next_connection = 1;
  std::int64_t market_connection = 0;
  std::int64_t order_connection = 0;

  void record(Json entry);
  std::int64_t open_connection(const char* kind);
  void end_connection(std::int64_t id);
};

// The core's half.
struct Core {
  std::optional<os::Child> process;  // stands for levid: killing it takes the API down
  std::uint32_t incarnation = 1;
  std::vector<Engine> engines;
  std::deque<Order> orders;
  std::vector<Json> fills;
  std::uint64_t sequence = 0;
  std::uint64_t trades = 0;
  std::vector<Json> events;  // [i] has sequence i + 1
  std::vector<Subscriber> subscribers;
  bool market_up = false;
  std::int64_t reconnects = 0;
  MonoTime last_frame;
  bool store_behind = false;
  std::optional<Json> lease;
  std::string audit_previous = std::string(64, '0');
  int audit_lines = 0;
};

}  // namespace levi::chaos::fake
