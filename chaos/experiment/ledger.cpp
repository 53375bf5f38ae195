#include "chaos/experiment/ledger.h"

#include "core/base/json_fields.h"

namespace levi::chaos {

std::string plain_number(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

std::string fill_key(std::uint64_t sequence, const std::string& trade, const std::string& price,
                     const std::string& quantity) {
  return "the fill of order " + std::to_string(sequence) + ", trade " + trade + ": " + quantity +
         " at " + price;
}

std::string order_key(const std::string& client_id, const std::string& price,
                      const std::string& quantity) {
  const bool market = price.empty() || price == "0";
  return "the order " + client_id + ": " + quantity + (market ? " at market" : " at " + price);
}

namespace {

std::string text_of(const Json& row, std::size_t i) {
  return row.is_array() && i < row.size() && row[i].is_string() ? row[i].get<std::string>()
                                                                : std::string();
}

std::int64_t number_of(const Json& row, std::size_t i) {
  return row.is_array() && i < row.size() && row[i].is_number_integer() ? row[i].get<std::int64_t>()
                                                                        : 0;
}

std::optional<OurState> state_of(const std::string& text) {
  if (text == "in-flight") return OurState::kInFlight;
  if (text == "unknown") return OurState::kUnknown;
  if (text == "unsent") return OurState::kUnsent;
  if (text == "rejected") return OurState::kRejected;
  if (text == "open" || text == "partly-filled") return OurState::kLive;
  if (text == "filled" || text == "canceled") return OurState::kDone;
  return std::nullopt;
}

}  // namespace

VenueEntry parse_venue_entry(const Json& row) {
  VenueEntry entry;
  entry.arrival = static_cast<std::uint64_t>(number_of(row, 0));
  const std::string kind = text_of(row, 1);
  entry.connection = static_cast<std::uint64_t>(number_of(row, 2));
  entry.mono = MonoTime{number_of(row, 3)};
  if (kind == "end") entry.kind = VenueKind::kEnd;
  if (kind != "order" && kind != "fill" && kind != "cancel") return entry;
  entry.client_id = text_of(row, 4);
  entry.ours = parse_client_order_id(entry.client_id);
  entry.price = plain_number(text_of(row, 6));
  entry.quantity = plain_number(text_of(row, 7));
  const std::string status = text_of(row, 5);
  if (kind == "cancel") {
    if (status == "canceled" || status == "partially_canceled") entry.kind = VenueKind::kCancel;
  } else if (kind == "order") {
    entry.kind = VenueKind::kOrder;
    entry.accepted = status == "accepted";
    entry.duplicate = status == "duplicate";
  } else {
    entry.kind = VenueKind::kFill;
    entry.trade_id = status;
  }
  return entry;
}

Result<OurOrder> parse_our_order(const Json& row) {
  OurOrder order;
  order.sequence = static_cast<std::uint64_t>(number_of(row, 0));
  order.client_id = text_of(row, 1);
  const std::string state = text_of(row, 2);
  const auto known = state_of(state);
  if (!known) {
    return error(ErrorCode::kCorrupt, "the core's order " + order.client_id +
                                          " is in the unknown state '" + state + "'");
  }
  order.state = *known;
  return order;
}

OurFill parse_our_fill(const Json& row) {
  return {static_cast<std::uint64_t>(number_of(row, 1)), text_of(row, 2),
          plain_number(text_of(row, 3)), plain_number(text_of(row, 4))};
}

}  // namespace levi::chaos
