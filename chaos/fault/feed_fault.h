// What feed.reset and feed.half_open share: the practice exchange's admin port breaks the sockets,
// and lists them.
//
// The injector and the ledger of connections are one program, so its word alone would not do: the
// proof joins what the exchange shows of the very sockets with what the core shows of its feed.
#pragma once

#include <string>
#include <vector>

#include "chaos/fault/fault.h"

namespace levi::chaos {

struct Connection {
  std::int64_t id = 0;
  std::string kind;  // "rest", "public", "private"
  bool frozen = false;
};
Result<std::vector<Connection>> connections(const Target& target);  // those that are open now

// The feed as the core's own /live/status shows it.
struct FeedView {
  bool up = false;
  std::int64_t reconnects = 0;
  Nanos last_frame_age{0};
};
Result<FeedView> feed_view(const Target& target, const std::string& feed);

// The feeds of which the core shows numbers of its own, so that a fault in them can be proven.
// Those in ws_status are the market feed's: a fault in the private feed would be proven by a market
// feed that happens to reconnect.
std::vector<std::string> provable_feeds();

class FeedFault : public Fault {
 public:
  FeedFault(std::string kind, std::string admin_kind)
      : kind_(std::move(kind)), admin_kind_(std::move(admin_kind)) {}
  Result<Undo> plan(const Target& target, const FaultOrder& order) override;
  Result<Injection> inject(const Target& target, const Undo& undo) override;
  Status revert(const Target& target, const Undo& undo) override;
  Result<std::vector<Trace>> traces(const Target& target, const Undo& undo) override;

 protected:
  const FeedView& before() const { return before_; }
  const std::string& feed() const { return feed_; }
  // Those of the planned connections that the exchange still has.
  Result<std::vector<Connection>> victims(const Target& target) const;

 private:
  std::string kind_;
  std::string admin_kind_;
  std::string feed_ = "market";
  std::vector<std::int64_t> victims_;
  FeedView before_;
};

}  // namespace levi::chaos
