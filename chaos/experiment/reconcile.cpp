#include "chaos/experiment/reconcile.h"

#include <algorithm>

#include "core/base/decimal.h"

namespace levi::chaos {
namespace {

constexpr std::size_t kBalanceDetailsMax = 10;

constexpr int kAmountExponent = 8;

// Nothing where it is finer or larger than can be counted.
std::optional<std::int64_t> amount_of(const std::string& quantity) {
  const auto parsed = parse_decimal(quantity, kAmountExponent);
  return parsed ? std::optional(parsed.value()) : std::nullopt;
}

void tell(Balance& balance, const std::string& text) {
  if (balance.details.size() < kBalanceDetailsMax) balance.details.push_back(text);
}

}  // namespace

bool Reconciler::is_ours(const std::optional<ClientOrderIdParts>& parts) const {
  return parts && parts->instance.view() == instance_ && parts->sequence.value >= first_sequence_;
}

void Reconciler::venue(const VenueEntry& entry) {
  if (!is_ours(entry.ours)) return;
  if (entry.kind == VenueKind::kOrder) return order_arrived(entry);
  if (entry.kind == VenueKind::kCancel) return note_end(entry);
  if (entry.kind != VenueKind::kFill) return;
  note_end(entry);
  const std::string key =
      fill_key(entry.ours->sequence.value, entry.trade_id, entry.price, entry.quantity);
  if (our_fills_.erase(key) > 0) {
    if (!is_closed(entry.client_id)) matched_fills_[entry.ours->sequence.value].push_back(key);
  } else {
    venue_fills_.emplace(key, entry.arrival);
  }
}

void Reconciler::order_arrived(const VenueEntry& entry) {
  if (is_closed(entry.client_id)) {
    duplicate_details_.push_back("the venue got " + entry.client_id + " again");
    return;
  }
  VenueOrder& order = venue_orders_[entry.client_id];
  order.sequence = entry.ours->sequence.value;
  ++order.arrived;
  if (entry.accepted) {
    ++order.accepted;
    order.left = amount_of(entry.quantity);
  }
  if (order.arrived > 1)
    duplicate_details_.push_back("the venue got " + entry.client_id + " twice");
}

void Reconciler::note_end(const VenueEntry& entry) {
  const auto found = venue_orders_.find(entry.client_id);
  if (found == venue_orders_.end()) return;  // closed, or older than what is compared
  VenueOrder& order = found->second;
  if (entry.kind == VenueKind::kFill) {
    const auto filled = amount_of(entry.quantity);
    order.left = order.left && filled ? std::optional(*order.left - *filled) : std::nullopt;
  }
  const bool over = entry.kind == VenueKind::kCancel || (order.left && *order.left <= 0);
  if (over && !order.ended) order.ended = entry.arrival;
}

std::optional<std::uint64_t> Reconciler::ended_at_venue(const OurOrder& order) const {
  const auto found = venue_orders_.find(order.client_id);
  return found == venue_orders_.end() ? std::nullopt : found->second.ended;
}

void Reconciler::ours(const OurOrder& order) {
  if (order.sequence < first_sequence_ || is_closed(order.client_id)) return;
  our_orders_[order.client_id] = order;
}

void Reconciler::ours(const OurFill& fill) {
  if (fill.sequence < first_sequence_) return;
  const std::string key = fill_key(fill.sequence, fill.trade_id, fill.price, fill.quantity);
  if (venue_fills_.erase(key) + told_fills_.erase(key) > 0) {
    matched_fills_[fill.sequence].push_back(key);
  } else if (is_matched(fill.sequence, key) || !our_fills_.insert(key).second) {
    duplicate_details_.push_back("the core booked twice: " + key);
  }
}

void Reconciler::settle(const Horizon& horizon) {
  // What lies behind the horizon was not judged: its other half is still to come.
  for (auto fill = venue_fills_.begin(); fill != venue_fills_.end();) {
    const bool judged = fill->second <= horizon.arrival;
    if (judged) told_fills_.insert(fill->first);
    fill = judged ? venue_fills_.erase(fill) : std::next(fill);
  }
  our_fills_.clear();
  duplicate_details_.clear();
  for (auto order = our_orders_.begin(); order != our_orders_.end();) {
    const OurState state = order->second.state;
    if (state != OurState::kDone && state != OurState::kUnsent && state != OurState::kRejected) {
      ++order;
      continue;
    }
    close(order->second);
    order = our_orders_.erase(order);
  }
}

void Reconciler::close(const OurOrder& order) {
  venue_orders_.erase(order.client_id);
  matched_fills_.erase(order.sequence);
  const auto parts = parse_client_order_id(order.client_id);
  if (parts) closed_orders_[parts->incarnation.value].add(parts->sequence.value);
}

bool Reconciler::is_closed(const std::string& client_id) const {
  const auto parts = parse_client_order_id(client_id);
  if (!parts) return false;
  const auto closed = closed_orders_.find(parts->incarnation.value);
  return closed != closed_orders_.end() && closed->second.contains(parts->sequence.value);
}

bool Reconciler::is_matched(std::uint64_t sequence, const std::string& key) const {
  const auto fills = matched_fills_.find(sequence);
  return fills != matched_fills_.end() &&
         std::find(fills->second.begin(), fills->second.end(), key) != fills->second.end();
}

std::size_t Reconciler::kept_of_closed() const {
  std::size_t kept = matched_fills_.size();
  for (const auto& [incarnation, closed] : closed_orders_) kept += closed.stretches();
  return kept;
}

std::uint64_t Reconciler::first_open_at_venue() const {
  std::uint64_t first = 0;
  for (const auto& [client_id, order] : venue_orders_) {
    const bool open = order.accepted > 0 && !order.ended && order.left;
    if (open && (first == 0 || order.sequence < first)) first = order.sequence;
  }
  return first;
}

std::uint64_t Reconciler::first_unsettled() const {
  std::uint64_t first = 0;
  for (const auto& [client_id, order] : our_orders_) {
    const bool open = order.state == OurState::kInFlight || order.state == OurState::kUnknown ||
                      (order.state == OurState::kLive && ended_at_venue(order));
    if (open && (first == 0 || order.sequence < first)) first = order.sequence;
  }
  return first;
}

// What the core says about each of its orders, against what arrived.
void Reconciler::check_orders(const Horizon& horizon, Balance& balance) const {
  for (const auto& [client_id, order] : our_orders_) check_order(order, horizon, balance);
}

void Reconciler::check_order(const OurOrder& order, const Horizon& horizon,
                             Balance& balance) const {
  const auto found = venue_orders_.find(order.client_id);
  const bool accepted = found != venue_orders_.end() && found->second.accepted > 0;
  const auto ended = ended_at_venue(order);
  const auto unexpected = [&](const std::string& text) {
    ++balance.unexpected;
    tell(balance, text);
  };
  const auto unsettled = [&](const char* how) {
    ++balance.unsettled;
    tell(balance, order.client_id + how);
  };
  switch (order.state) {
    case OurState::kInFlight:
    case OurState::kUnknown:
      if (order.sequence <= horizon.sequence) unsettled(" is not settled in the core");
      break;
    case OurState::kUnsent:
    case OurState::kRejected:
      if (accepted) {
        unexpected("the venue accepted " + order.client_id +
                   ", which the core calls unsent or rejected");
      }
      break;
    case OurState::kLive:
    case OurState::kDone:
      if (!accepted) {
        unexpected("the core has " + order.client_id + ", which the venue never accepted");
      } else if (order.state == OurState::kDone && !ended && found->second.left) {
        // What the core knows has happened at the venue before, and the venue was read last.
        unexpected("the core calls " + order.client_id + " ended, which is open at the venue");
      } else if (order.state == OurState::kLive && ended && *ended <= horizon.arrival) {
        unsettled(" has ended at the venue, and the core calls it open");
      }
      break;
  }
}

void Reconciler::check_venue_orders(Balance& balance) const {
  for (const auto& [client_id, order] : venue_orders_) {
    // What was sent after the core was asked last is not known to be unknown.
    if (our_orders_.contains(client_id) || order.sequence > complete_to_) continue;
    ++balance.unexpected;
    tell(balance, "the venue has " + client_id + ", which the core does not know");
  }
}

void Reconciler::check_fills(const Horizon& horizon, Balance& balance) const {
  for (const auto& [key, arrival] : venue_fills_) {
    if (arrival > horizon.arrival) continue;
    ++balance.lost;
    tell(balance, "the core does not have " + key);
  }
  balance.unexpected += our_fills_.size();
  for (const auto& key : our_fills_) tell(balance, "the venue does not have " + key);
  balance.duplicated = duplicate_details_.size();
  for (const auto& detail : duplicate_details_) tell(balance, detail);
}

Balance Reconciler::balance(const Horizon& horizon) const {
  Balance balance;
  check_fills(horizon, balance);
  check_orders(horizon, balance);
  check_venue_orders(balance);
  return balance;
}

}  // namespace levi::chaos
