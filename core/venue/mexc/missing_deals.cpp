#include "core/venue/mexc/missing_deals.h"

#include <algorithm>

namespace levi::mexc {
namespace {

constexpr Nanos kForgetAfter{60s};  // deals of an order of which nothing more was heard

}  // namespace

void MissingDeals::on_deal(std::uint64_t sequence, Quantity quantity, MonoTime now) {
  Progress& progress = progress_[sequence];
  progress.seen += quantity;
  progress.changed = now;
  const bool is_whole = progress.pushed && progress.order.status == machine::VenueStatus::kFilled &&
                        progress.seen >= progress.order.executed;
  if (is_whole) progress_.erase(sequence);
  // The oldest go: what they miss is found by the next question about them.
  if (progress_.size() > kOrdersMax) progress_.erase(progress_.begin());
}

void MissingDeals::on_order(std::uint64_t sequence, const OrderRecord& order, MonoTime now) {
  Progress& progress = progress_[sequence];
  const bool is_filled = order.status == machine::VenueStatus::kFilled;
  if (is_filled && progress.seen >= order.executed) {
    progress_.erase(sequence);
    return;
  }
  progress.order = order;
  progress.pushed = true;
  progress.changed = now;
}

std::vector<MissingDeals::Late> MissingDeals::take_late(MonoTime now, Nanos grace) {
  std::vector<Late> late;
  for (auto entry = progress_.begin(); entry != progress_.end();) {
    Progress& progress = entry->second;
    const Nanos age = now - progress.changed;
    const bool is_short = progress.pushed && progress.seen < progress.order.executed;
    if (is_short && age >= grace) {
      late.push_back({entry->first, progress.order});
      progress.seen = progress.order.executed;  // Asked for: the answer brings them.
    }
    const bool is_over = progress.pushed && is_terminal(progress.order.status) &&
                         progress.seen >= progress.order.executed;
    entry = is_over || age >= kForgetAfter ? progress_.erase(entry) : std::next(entry);
  }
  return late;
}

}  // namespace levi::mexc
