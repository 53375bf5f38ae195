#include "chaos/experiment/kill_judge.h"

#include <algorithm>

namespace levi::chaos {
namespace {

constexpr std::size_t kKillDetailsMax = 10;

}  // namespace

void KillJudge::tell(const std::string& detail) {
  if (judgement_.details.size() < kKillDetailsMax) judgement_.details.push_back(detail);
}

void KillJudge::venue(const VenueEntry& entry) {
  if (entry.kind != VenueKind::kOrder || !entry.ours ||
      entry.ours->instance.view() != facts_.instance)
    return;
  if (entry.ours->kind == OrderKind::kFlatten) {
    if (entry.mono < facts_.pressed) return;
    ++judgement_.flatten;
    tell(entry.client_id + ", a flatten order, arrived after the press");
    return;
  }
  ++judgement_.orders;
  const std::uint64_t sequence = entry.ours->sequence.value;
  if (sequence == facts_.sequence) judgement_.s_arrived = true;
  if (entry.mono >= facts_.pressed) judgement_.last_arrival = entry.mono;
  if (sequence > facts_.sequence) {
    ++judgement_.beyond_s;
    tell(entry.client_id + " (sequence " + std::to_string(sequence) +
         ") is beyond S = " + std::to_string(facts_.sequence));
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

Nanos longest_lull(const std::vector<VenueEntry>& entries, MonoTime from, MonoTime to) {
  Nanos longest{0};
  MonoTime last = from;
  for (const auto& entry : entries) {
    if (entry.kind != VenueKind::kOrder || entry.mono <= last || entry.mono > to) continue;
    longest = std::max(longest, entry.mono - last);
    last = entry.mono;
  }
  return std::max(longest, to - last);
}

}  // namespace levi::chaos
