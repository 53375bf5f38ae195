// What the API's handlers work on: one object, one thread. Private to core/api.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/api/call.h"
#include "core/api/commands.h"
#include "core/api/lease.h"
#include "core/api/replica.h"
#include "core/api/scribe.h"
#include "core/api/server.h"
#include "core/api/streams.h"
#include "core/store/read.h"

namespace levi::api {

class Api {
 public:
  Api(os::Loop& loop, ApiOptions options, journal::RingHandle ring, ApiPorts ports,
      Replica replica);

  void handle(os::HttpRequest request, std::shared_ptr<os::HttpReply> reply);
  // POST /live/kill that never became a request still kills.
  std::optional<os::HttpResponse> handle_broken(const os::HttpRequest& begun, std::string_view rest,
                                                const std::string& peer);
  void look();   // at the journal, a bounded number of records
  void begin();  // on the API thread, before the loop runs
  void end();

  // For handlers.
  void catch_up();  // what the trading thread has journalled so far is in the replica now
  const machine::State& state() const { return replica_.state(); }
  Replica& replica() { return replica_; }
  const Replica& replica() const { return replica_; }
  Streams& streams() { return streams_; }
  Commands& commands() { return commands_; }
  Lease& lease() { return lease_; }
  Scribe& scribe() { return scribe_; }
  store::StoreReader& store() { return store_; }
  const ApiOptions& options() const { return options_; }
  const ApiPorts& ports() const { return ports_; }
  // Journal time now, as far as the current incarnation's start is known; else the newest record's.
  Instant instant_now() const;
  std::uint64_t engine_start_ticks(const machine::Engine& engine);
  std::uint64_t requests() const { return requests_; }

  void kill(const CallPtr& call, const control::StopRequest& request);
  // Runs `act` once the line of this request is in the audit chain; answers 503 itself where that
  // fails. For what opens something.
  void after_audit(const CallPtr& call, std::function<void()> act);
  void audit(const Call& call);  // its outcome

 private:
  struct Opening {  // waits for its audit line
    CallPtr call;
    std::function<void()> act;
    std::uint64_t ticket = 0;
    os::Loop::TimerId timer = 0;
  };
  void route(const CallPtr& call);
  void open(const CallPtr& call, void (*handler)(Api& api, const CallPtr& call));
  void check_openings();
  void audit_late(const machine::Command* command, const control::CommandAnswer& answer);
  control::AuditEntry entry_of(const Call& call, int status) const;
  void wake();

  os::Loop& loop_;
  const ApiOptions options_;
  ApiPorts ports_;
  control::AuditRing audit_ring_;
  Replica replica_;
  Scribe scribe_;
  Commands commands_;
  Lease lease_;
  journal::RingHandle ring_;
  Streams streams_;
  store::StoreReader store_;
  std::vector<Opening> openings_;
  struct KnownProcess {
    std::int32_t pid = 0;
    std::uint64_t start_ticks = 0;
  };
  std::vector<KnownProcess> processes_;  // by EngineId
  os::Waker waker_;
  os::Loop::TimerId look_timer_ = 0;
  MonoTime keep_alive_at_;
  std::uint64_t requests_ = 0;
};

// One row of the surface.
struct Route {
  const char* method;
  const char* path;  // "{}" stands for one segment
  void (*handler)(Api& api, const CallPtr& call);
  bool opens = false;  // or starts something: not for a web page of elsewhere
};
const std::vector<Route>& routes();

// Handlers, by file.
namespace live {  // live.cpp
void kill_state(Api& api, const CallPtr& call);
void status(Api& api, const CallPtr& call);
void restore(Api& api, const CallPtr& call);
void flatten(Api& api, const CallPtr& call);
}  // namespace live
namespace health {  // health.cpp
void health(Api& api, const CallPtr& call);
void healthz(Api& api, const CallPtr& call);
void readyz(Api& api, const CallPtr& call);
}  // namespace health
namespace engines {  // engines.cpp
void list(Api& api, const CallPtr& call);
void one(Api& api, const CallPtr& call);
void start(Api& api, const CallPtr& call);
void stop(Api& api, const CallPtr& call);
void restart(Api& api, const CallPtr& call);
}  // namespace engines
namespace books {  // books.cpp
void orders(Api& api, const CallPtr& call);
void fills(Api& api, const CallPtr& call);
void positions(Api& api, const CallPtr& call);
void trades(Api& api, const CallPtr& call);
void signals(Api& api, const CallPtr& call);
void state(Api& api, const CallPtr& call);
}  // namespace books
namespace chaos_lease {  // chaos_lease.cpp
void take(Api& api, const CallPtr& call);
void end(Api& api, const CallPtr& call);
void show(Api& api, const CallPtr& call);
}  // namespace chaos_lease
namespace docs {  // docs.cpp
void index(Api& api, const CallPtr& call);
void page(Api& api, const CallPtr& call);
}  // namespace docs
void events(Api& api, const CallPtr& call);   // api.cpp
void metrics(Api& api, const CallPtr& call);  // metrics.cpp

}  // namespace levi::api
