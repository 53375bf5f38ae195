// Entries of the two ledgers for the tests of the judges.
#pragma once

#include <string>

#include "chaos/experiment/ledger.h"

namespace levi::chaos {

inline constexpr const char* kInstance = "abcdefg";

inline std::string client_id(std::uint64_t sequence, OrderKind kind = OrderKind::kNormal,
                             std::string_view instance = kInstance) {
  return format_client_order_id({kind, instance, Incarnation{1}, OrderSequence{sequence}}).str();
}

inline VenueEntry venue_order(std::uint64_t sequence, std::int64_t mono_ns = 0,
                              OrderKind kind = OrderKind::kNormal) {
  VenueEntry entry;
  entry.kind = VenueKind::kOrder;
  entry.accepted = true;
  entry.quantity = "2";
  entry.mono = MonoTime{mono_ns};
  entry.client_id = client_id(sequence, kind);
  entry.ours = parse_client_order_id(entry.client_id);
  return entry;
}

inline VenueEntry venue_fill(std::uint64_t sequence, std::string trade, std::string quantity = "1",
                             std::uint64_t arrival = 0) {
  VenueEntry entry = venue_order(sequence);
  entry.kind = VenueKind::kFill;
  entry.arrival = arrival;
  entry.trade_id = std::move(trade);
  entry.price = "100";
  entry.quantity = std::move(quantity);
  return entry;
}

inline VenueEntry venue_cancel(std::uint64_t sequence, std::uint64_t arrival = 0) {
  VenueEntry entry = venue_order(sequence);
  entry.kind = VenueKind::kCancel;
  entry.arrival = arrival;
  return entry;
}

inline OurOrder our_order(std::uint64_t sequence, OurState state) {
  return {sequence, client_id(sequence), state};
}

inline OurFill our_fill(std::uint64_t sequence, std::string trade, std::string quantity = "1") {
  return {sequence, std::move(trade), "100", std::move(quantity)};
}

}  // namespace levi::chaos
