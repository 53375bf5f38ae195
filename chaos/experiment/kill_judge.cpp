#include "chaos/experiment/kill_judge.h"

namespace levi::chaos {
namespace {

constexpr std::size_t kDetailsMax = 10;

}  // namespace

void KillJudge::venue(const VenueEntry& entry) {
  if (entry.kind != VenueKind::kOrder || !entry.ours ||
      entry.ours->instance.view() != facts_.instance)
    return;
  if (entry.ours->kind == OrderKind::kFlatten) {
    ++judgement_.flatten;
    return;
  }
  ++judgement_.orders;
  const std::uint64_t sequence = entry.ours->sequence.value;
  if (sequence == facts_.sequence) judgement_.s_arrived = true;
  if (entry.mono >= facts_.pressed) judgement_.last_arrival = entry.mono;
  if (sequence > facts_.sequence) {
    ++judgement_.beyond_s;
    if (judgement_.details.size() < kDetailsMax) {
      judgement_.details.push_back(entry.client_id + " (sequence " + std::to_string(sequence) +
                                   ") is beyond S = " + std::to_string(facts_.sequence));
    }
  } else if (entry.mono >= facts_.pressed) {
    ++judgement_.in_flight;
  }
}

std::uint64_t orders_in(const std::vector<VenueEntry>& entries, MonoTime until, Nanos window) {
  std::uint64_t count = 0;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->kind == VenueKind::kOrder && entry->mono <= until && entry->mono > until - window)
      ++count;
  }
  return count;
}

}  // namespace levi::chaos
