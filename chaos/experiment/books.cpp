#include "chaos/experiment/books.h"

#include <algorithm>

#include "core/base/json_fields.h"

namespace levi::chaos {
namespace {

constexpr int kPage = 5000;
constexpr int kPagesMax = 1000;
constexpr std::int64_t kFromTheOldest = -1;

}  // namespace

Result<std::unique_ptr<Books>> Books::open(Caller& caller, std::string instance) {
  // The venue first: an order above `last` is sent after this look, so its entry is among those to
  // be read.
  LEVI_TRY(ledger, caller.exchange("GET", "/ledger?after=0&limit=1"));
  LEVI_TRY(orders, caller.api("GET", "/orders?limit=1"));
  const auto last = static_cast<std::uint64_t>(integer_at(orders, "sequence_last"));
  std::unique_ptr<Books> books(new Books(caller, std::move(instance), last + 1));
  books->orders_after_ = last;
  books->venue_next_ = static_cast<std::uint64_t>(integer_at(ledger, "last"));
  books->fills_next_ = kFromTheOldest;
  LEVI_TRY_STATUS(books->read_fills());  // of older orders: only their number counts
  return books;
}

Status Books::read_venue() {
  for (int page = 0; page < kPagesMax; ++page) {
    LEVI_TRY(answer, caller_.exchange("GET", "/ledger?after=" + std::to_string(venue_next_) +
                                                 "&limit=" + std::to_string(kPage)));
    if (static_cast<std::uint64_t>(integer_at(answer, "truncated_before")) > venue_next_ + 1) {
      return error(ErrorCode::kCorrupt,
                   "the exchange's ledger dropped entries before they were read");
    }
    const Json& entries = list_at(answer, "entries");
    for (const auto& json : entries) {
      VenueEntry entry = parse_venue_entry(json);
      if (entry.arrival != venue_next_ + 1)
        return error(ErrorCode::kCorrupt, "the exchange's ledger has a gap");
      venue_next_ = entry.arrival;
      if (entry.kind == VenueKind::kOther) continue;
      reconciler_.venue(entry);
      since_mark_.push_back(std::move(entry));
    }
    if (entries.size() < static_cast<std::size_t>(kPage)) return ok();
  }
  return error(ErrorCode::kBusy, "the exchange's ledger grows faster than it can be read");
}

Status Books::read_core() {
  LEVI_TRY_STATUS(read_orders());
  return read_fills();
}

Status Books::read_orders() {
  // From the lowest order that may have changed since it was read.
  const std::uint64_t unsettled = reconciler_.first_unsettled();
  std::uint64_t after = unsettled == 0 ? orders_after_ : std::min(orders_after_, unsettled - 1);
  for (int page = 0; page < kPagesMax; ++page) {
    LEVI_TRY(answer, caller_.api("GET", "/orders?after=" + std::to_string(after) +
                                            "&limit=" + std::to_string(kPage)));
    if (static_cast<std::uint64_t>(integer_at(answer, "oldest")) > after + 1) {
      return error(ErrorCode::kCorrupt,
                   "the core dropped orders from memory before they were read");
    }
    const Json& orders = list_at(answer, "orders");
    for (const auto& json : orders) {
      LEVI_TRY(order, parse_our_order(json));
      after = std::max(after, order.sequence);
      reconciler_.ours(order);
    }
    orders_after_ = std::max(orders_after_, after);
    if (orders.size() == static_cast<std::size_t>(kPage)) continue;
    reconciler_.ours_complete_to(orders_after_);
    return ok();
  }
  return error(ErrorCode::kBusy, "the core sends orders faster than they can be read");
}

Status Books::read_fills() {
  for (int page = 0; page < kPagesMax; ++page) {
    const std::string after = std::to_string(std::max<std::int64_t>(0, fills_next_));
    LEVI_TRY(answer,
             caller_.api("GET", "/fills?after=" + after + "&limit=" + std::to_string(kPage)));
    if (fills_next_ != kFromTheOldest && integer_at(answer, "oldest") > fills_next_ + 1) {
      return error(ErrorCode::kCorrupt, "the core dropped fills from memory before they were read");
    }
    const Json& fills = list_at(answer, "fills");
    for (const auto& json : fills) reconciler_.ours(parse_our_fill(json));
    const std::int64_t next = integer_at(answer, "next", fills_next_);
    const bool more = next > fills_next_ && !fills.empty();
    fills_next_ = next;
    if (!more) return ok();
  }
  return error(ErrorCode::kBusy, "the core books fills faster than they can be read");
}

Result<Horizon> Books::horizon() {
  LEVI_TRY_STATUS(read_venue());
  const std::uint64_t arrival = venue_next_;
  LEVI_TRY_STATUS(read_core());
  return Horizon{orders_after_, arrival};
}

Result<Balance> Books::balance(const Horizon& horizon) {
  LEVI_TRY_STATUS(read_core());
  // The venue last: what the core knows has happened there before.
  LEVI_TRY_STATUS(read_venue());
  return reconciler_.balance(horizon);
}

}  // namespace levi::chaos
