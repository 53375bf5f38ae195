// A trading core and its exchange, small enough to be wrong on purpose: what chaos sees of them,
// and nothing behind it.
//
// Runs on a thread of its own, speaks docs/api.md and the exchange's admin calls on free ports, has
// a real kill latch on tmpfs, a real SQLite file and real child processes for engines and core.
// `Broken` switches one behaviour off, as levid-sabotage does.
#pragma once

#include <memory>
#include <string>

#include "chaos/fault/target.h"

namespace levi::chaos {

struct Broken {
  bool takeover = false;     // a dead engine stays dead
  bool reconnect = false;    // a reset feed stays down
  bool watchdog = false;     // a frozen feed is never noticed
  bool async_store = false;  // orders wait for the store
  bool latch_check = false;  // orders pass a sealed latch
  bool reconcile = false;    // a fill that came while the core was dead is lost
  bool audit = false;        // changing requests leave no line
  bool production = false;   // calls itself a production system
  bool no_flow = false;      // sends no orders
};

class FakeTarget {
 public:
  explicit FakeTarget(Broken broken = {});
  ~FakeTarget();
  FakeTarget(const FakeTarget&) = delete;
  FakeTarget& operator=(const FakeTarget&) = delete;

  const TargetSpec& spec() const;
  // Somebody else's lease.
  void lease_to(const std::string& run);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace levi::chaos
