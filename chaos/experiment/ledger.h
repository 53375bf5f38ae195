// The two ledgers as chaos reads them: the exchange's (the witness) and the core's own. Parsing is
// pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::chaos {

using Json = nlohmann::json;

enum class VenueKind { kOrder, kFill, kCancel, kEnd, kOther };  // kEnd: of a connection

// An entry of GET /ledger?rows=true.
struct VenueEntry {
  std::uint64_t arrival = 0;
  VenueKind kind = VenueKind::kOther;
  std::uint64_t connection = 0;
  MonoTime mono;
  bool accepted = false;   // an order's
  bool duplicate = false;  // an order whose client id had come before
  std::string client_id;
  std::optional<ClientOrderIdParts> ours;  // what the client id says, where it is one of levid's
  std::string trade_id;
  std::string price;  // of the order, or of the fill
  std::string quantity;
};
// A cancel that the venue refused ends nothing: kOther.
VenueEntry parse_venue_entry(const Json& row);

enum class OurState { kInFlight, kUnknown, kUnsent, kRejected, kLive, kDone };

// An entry of the core's GET /orders?rows=true.
struct OurOrder {
  std::uint64_t sequence = 0;
  std::string client_id;
  OurState state = OurState::kInFlight;
};
Result<OurOrder> parse_our_order(const Json& row);

// An entry of the core's GET /fills?rows=true.
struct OurFill {
  std::uint64_t sequence = 0;  // of its order; the client id is not kept as long as the fill
  std::string trade_id;
  std::string price;
  std::string quantity;
};
OurFill parse_our_fill(const Json& row);

// What a fill is known by on all sides, and told as.
std::string fill_key(std::uint64_t sequence, const std::string& trade, const std::string& price,
                     const std::string& quantity);

// The same for an order. Without a price it is a market order, whatever the other side writes
// there.
std::string order_key(const std::string& client_id, const std::string& price,
                      const std::string& quantity);

// "0.0100" -> "0.01", "5." -> "5": two spellings of one number compare equal.
std::string plain_number(std::string text);

}  // namespace levi::chaos
