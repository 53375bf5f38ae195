#include "chaos/experiment/ledger.h"

#include "core/base/json_fields.h"

namespace levi::chaos {

std::string plain_number(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

VenueEntry parse_venue_entry(const Json& json) {
  VenueEntry entry;
  entry.arrival = static_cast<std::uint64_t>(integer_at(json, "arrival"));
  entry.connection = static_cast<std::uint64_t>(integer_at(json, "connection"));
  entry.mono = MonoTime{integer_at(json, "mono_ns")};
  const std::string kind = text_at(json, "kind");
  if (kind == "end") entry.kind = VenueKind::kEnd;
  if (kind != "order" && kind != "fill") return entry;
  entry.client_id = text_at(json, "client_id");
  entry.ours = parse_client_order_id(entry.client_id);
  if (kind == "order") {
    entry.kind = VenueKind::kOrder;
    const std::string status = text_at(json, "status");
    entry.accepted = status == "accepted";
    entry.duplicate = status == "duplicate";
    entry.price = plain_number(text_at(json, "price"));
    entry.quantity = plain_number(text_at(json, "quantity"));
  } else {
    entry.kind = VenueKind::kFill;
    entry.trade_id = text_at(json, "trade_id");
    entry.price = plain_number(text_at(json, "fill_price"));
    entry.quantity = plain_number(text_at(json, "fill_quantity"));
  }
  return entry;
}

Result<OurOrder> parse_our_order(const Json& json) {
  OurOrder order;
  order.sequence = static_cast<std::uint64_t>(integer_at(json, "sequence"));
  order.client_id = text_at(json, "client_id");
  const std::string state = text_at(json, "state");
  if (state == "in-flight" || state == "in_flight") {
    order.state = OurState::kInFlight;
  } else if (state == "unknown") {
    order.state = OurState::kUnknown;
  } else if (state == "unsent") {
    order.state = OurState::kUnsent;
  } else if (state == "rejected") {
    order.state = OurState::kRejected;
  } else if (state == "open" || state == "partly-filled" || state == "partly_filled") {
    order.state = OurState::kLive;
  } else if (state == "filled" || state == "canceled") {
    order.state = OurState::kDone;
  } else {
    return error(ErrorCode::kCorrupt, "the core's order " + order.client_id +
                                          " is in the unknown state '" + state + "'");
  }
  return order;
}

OurFill parse_our_fill(const Json& json) {
  return {static_cast<std::uint64_t>(integer_at(json, "sequence")), text_at(json, "trade_id"),
          plain_number(text_at(json, "price")), plain_number(text_at(json, "quantity"))};
}

}  // namespace levi::chaos
