#include "chaos/fault/feed_fault.h"

#include <algorithm>

#include "chaos/fault/process_kill.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/socket.h"

namespace levi::chaos {

namespace {

// The exchange's word for the sockets of a feed.
std::string connection_kind(const std::string& feed) { return feed == "market" ? "public" : feed; }

// From plan to injection at most, with room for a clock that is set meanwhile.
constexpr Nanos kInjectedWithin = 60s;

// No good answer comes, and nothing of the fault stands. Past the lease that it has at the exchange
// that is so whoever answers: another program may have the port by now, and say no for ever. Before
// that only where nobody answers on this host, for its process is gone then. Of another host a
// failed connect says only that the way there is broken; the fault may stand behind it.
bool is_gone(const Target& target, const Undo& undo, const Error& problem) {
  if (os::wall_now().ns >= integer_at(undo.parameters, "over_by_ns", INT64_MAX)) return true;
  const auto endpoint = os::parse_endpoint(target.spec().exchange_admin);
  return problem.code == ErrorCode::kUnreachable && endpoint && endpoint.value().is_loopback();
}

}  // namespace

std::vector<std::string> provable_feeds() { return {"market"}; }

Result<std::vector<Connection>> connections(const Target& target) {
  LEVI_TRY(answer, target.exchange("GET", "/connections"));
  if (!answer.is_array())
    return error(ErrorCode::kCorrupt, "the exchange's /connections is no list");
  std::vector<Connection> all;
  for (const auto& entry : answer) {
    all.push_back(
        {integer_at(entry, "connection"), text_at(entry, "kind"), boolean_at(entry, "frozen")});
  }
  return all;
}

Result<FeedView> feed_view(const Target& target, const std::string& feed) {
  LEVI_TRY(status, target.api("GET", "/live/status"));
  const Json& ws = object_at(status, "ws_status");
  FeedView view;
  view.up = text_at(ws, feed.c_str()) == "up";
  view.reconnects = integer_at(ws, "reconnects");
  view.last_frame_age = Nanos{static_cast<std::int64_t>(number_at(ws, "last_frame_age_ms") * 1e6)};
  return view;
}

Result<Undo> FeedFault::plan(const Target& target, const FaultOrder& order) {
  const auto on = order.parameters.find("on");
  if (on != order.parameters.end()) feed_ = on->second;
  LEVI_TRY(all, connections(target));
  for (const auto& connection : all) {
    if (connection.kind == connection_kind(feed_)) victims_.push_back(connection.id);
  }
  if (victims_.empty()) {
    return error(ErrorCode::kNotFound, "the exchange has no " + feed_ + " connection to break",
                 "is the core connected?");
  }
  LEVI_TRY(view, feed_view(target, feed_));
  before_ = view;
  return Undo{kind_, tag_of(order),
              Json{{"on", feed_},
                   {"connections", victims_},
                   {"lease_ms", order.lease / 1ms},
                   {"over_by_ns", (os::wall_now() + kInjectedWithin + order.lease).ns}}};
}

Result<std::vector<Connection>> FeedFault::victims(const Target& target) const {
  LEVI_TRY(all, connections(target));
  std::vector<Connection> found;
  for (auto& connection : all) {
    if (std::find(victims_.begin(), victims_.end(), connection.id) != victims_.end())
      found.push_back(connection);
  }
  return found;
}

Result<Injection> FeedFault::inject(const Target& target, const Undo& undo) {
  Injection injection;
  injection.before = os::mono_now();
  LEVI_TRY(answer, target.exchange("POST", "/faults/" + admin_kind_,
                                   Json{{"tag", undo.tag},
                                        {"on", text_at(undo.parameters, "on")},
                                        {"lease_ms", integer_at(undo.parameters, "lease_ms")}}));
  injection.after = os::mono_now();
  injection.detail = {{"hit_count", integer_at(answer, "hit_count")}};
  return injection;
}

Status FeedFault::revert(const Target& target, const Undo& undo) {
  const auto answer = target.exchange("DELETE", "/faults?tag=" + os::percent_encode(undo.tag));
  if (answer || is_gone(target, undo, answer.error())) return ok();
  return answer.error();
}

Result<std::vector<Trace>> FeedFault::traces(const Target& target, const Undo& undo) {
  const auto answer = target.exchange("GET", "/faults");
  if (!answer && is_gone(target, undo, answer.error())) return std::vector<Trace>{};
  if (!answer) return answer.error();
  std::vector<Trace> left;
  for (const auto& fault : list_at(answer.value(), "faults")) {
    if (text_at(fault, "tag") != undo.tag || !boolean_at(fault, "active")) continue;
    left.push_back(
        {"the exchange still has the fault " + text_at(fault, "kind") + " with tag " + undo.tag,
         ""});
  }
  return left;
}

}  // namespace levi::chaos
