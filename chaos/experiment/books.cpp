#include "chaos/experiment/books.h"

#include <algorithm>

#include "core/base/json_fields.h"

namespace levi::chaos {
namespace {

constexpr std::size_t kVenuePage = 10'000;
constexpr std::size_t kCorePage = 5000;
constexpr std::int64_t kFromTheOldest = -1;

std::string page(const char* path, std::uint64_t after, std::size_t limit) {
  return std::string(path) + "?rows=true&after=" + std::to_string(after) +
         "&limit=" + std::to_string(limit);
}

Status check_running(const Caller& caller) {
  if (!caller.broken()) return ok();
  return error(ErrorCode::kInterrupted, "interrupted");
}

}  // namespace

Result<std::unique_ptr<Books>> Books::open(Caller& caller, std::string instance) {
  std::unique_ptr<Books> books(new Books(caller, std::move(instance)));
  LEVI_TRY_STATUS(books->start_anew());
  return books;
}

Status Books::start_anew() {
  // The venue first: an order above `last` is sent after this look, so its entry is among those to
  // be read. The latch's own word for it: what the API knows of orders may be behind.
  LEVI_TRY(ledger, caller_.exchange("GET", "/ledger?after=0&limit=1"));
  LEVI_TRY(latch, caller_.api("GET", "/live/kill"));
  const std::int64_t written = integer_at(latch, "sequence", -1);
  if (written < 0)
    return error(ErrorCode::kUnsupported, "the core does not tell the last order it wrote");
  const auto last = static_cast<std::uint64_t>(std::max(written, integer_at(latch, "in_flight")));
  reconciler_ = Reconciler(instance_, last + 1);
  since_mark_.clear();
  orders_after_ = last;
  venue_sequence_ = sequence_at_mark_ = last;
  venue_next_ = static_cast<std::uint64_t>(integer_at(ledger, "last"));
  fills_next_ = kFromTheOldest;
  return read_fills();  // of older orders: only their number counts
}

Status Books::mark() {
  since_mark_.clear();
  Status read = error(ErrorCode::kCorrupt, "given up");
  if (!given_up_) read = read_venue();
  if (read) read = read_core();
  if (!read && read.error().code == ErrorCode::kCorrupt) read = start_anew();
  if (read) given_up_ = false;
  sequence_at_mark_ = venue_sequence_;
  return read;
}

Status Books::read_venue() {
  std::uint64_t until = 0;  // the ledger grows meanwhile: what came later is read the next time
  do {
    LEVI_TRY_STATUS(check_running(caller_));
    LEVI_TRY(answer, caller_.exchange("GET", page("/ledger", venue_next_, kVenuePage) +
                                                 "&kinds=order,fill,cancel,end"));
    if (static_cast<std::uint64_t>(integer_at(answer, "truncated_before")) > venue_next_ + 1) {
      return error(ErrorCode::kCorrupt,
                   "the exchange's ledger dropped entries before they were read");
    }
    for (const auto& row : list_at(answer, "entries")) {
      VenueEntry entry = parse_venue_entry(row);
      if (entry.arrival <= venue_next_)
        return error(ErrorCode::kCorrupt, "the exchange's ledger is out of order");
      venue_next_ = entry.arrival;
      if (entry.ours && entry.ours->instance.view() == instance_)
        venue_sequence_ = std::max(venue_sequence_, entry.ours->sequence.value);
      reconciler_.venue(entry);
      // The other judges ask for what came and what was traded; cancels are as many again.
      if (entry.kind != VenueKind::kCancel) since_mark_.push_back(std::move(entry));
    }
    const auto next = static_cast<std::uint64_t>(integer_at(answer, "next"));
    if (next < venue_next_)
      return error(ErrorCode::kCorrupt, "the exchange's ledger gives no next page");
    venue_next_ = next;
    if (until == 0) until = static_cast<std::uint64_t>(integer_at(answer, "last"));
  } while (venue_next_ < until);
  return ok();
}

Status Books::read_core(bool all_open) {
  LEVI_TRY_STATUS(read_orders(all_open));
  return read_fills();
}

Status Books::read_orders(bool all_open) {
  // From the lowest order that may have changed since it was read.
  const std::uint64_t unsettled = reconciler_.first_unsettled();
  const std::uint64_t due = unsettled == 0 ? orders_after_ : std::min(orders_after_, unsettled - 1);
  const std::uint64_t open = all_open ? reconciler_.first_open_at_venue() : 0;
  std::uint64_t after = open == 0 ? due : std::min(due, open - 1);
  std::uint64_t until = 0;
  do {
    LEVI_TRY_STATUS(check_running(caller_));
    LEVI_TRY(answer, caller_.api("GET", page("/orders", after, kCorePage)));
    // What rests at the venue for long the core may hold alone, without its neighbours.
    if (static_cast<std::uint64_t>(integer_at(answer, "oldest")) > std::max(after, due) + 1) {
      return error(ErrorCode::kCorrupt,
                   "the core dropped orders from memory before they were read");
    }
    if (until == 0) until = static_cast<std::uint64_t>(integer_at(answer, "sequence_last"));
    const Json& orders = list_at(answer, "orders");
    for (const auto& row : orders) {
      LEVI_TRY(order, parse_our_order(row));
      after = std::max(after, order.sequence);
      reconciler_.ours(order);
    }
    orders_after_ = std::max(orders_after_, after);
    if (orders.size() < kCorePage) break;  // sequences may have holes: an order that was never made
  } while (orders_after_ < until);
  reconciler_.ours_complete_to(orders_after_);
  return ok();
}

Status Books::read_fills() {
  for (bool more = true; more;) {
    LEVI_TRY_STATUS(check_running(caller_));
    const auto after = static_cast<std::uint64_t>(std::max<std::int64_t>(0, fills_next_));
    LEVI_TRY(answer, caller_.api("GET", page("/fills", after, kCorePage)));
    if (fills_next_ != kFromTheOldest && integer_at(answer, "oldest") > fills_next_ + 1) {
      return error(ErrorCode::kCorrupt, "the core dropped fills from memory before they were read");
    }
    const Json& fills = list_at(answer, "fills");
    for (const auto& row : fills) reconciler_.ours(parse_our_fill(row));
    fills_next_ = std::max(fills_next_, integer_at(answer, "next", fills_next_));
    more = fills.size() == kCorePage;
  }
  return ok();
}

Result<Horizon> Books::horizon() {
  LEVI_TRY_STATUS(read_venue());
  const std::uint64_t arrival = venue_next_;
  LEVI_TRY_STATUS(read_core(true));
  return Horizon{orders_after_, arrival};
}

Result<Balance> Books::balance(const Horizon& horizon) {
  LEVI_TRY_STATUS(read_core());
  // The venue last: what the core knows has happened there before.
  LEVI_TRY_STATUS(read_venue());
  return reconciler_.balance(horizon);
}

}  // namespace levi::chaos
