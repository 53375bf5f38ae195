#include "core/venue/mexc/events.h"

namespace levi::mexc {

ClientOrderId client_order_id(const machine::OrderIds& ids, const machine::QueryOrder& order) {
  return ids.id_of(order.kind, order.incarnation, order.sequence);
}

machine::VenueOrderState to_order_state(const OrderRecord& record,
                                        const ClientOrderIdParts& parts) {
  machine::VenueOrderState state;
  state.sequence = parts.sequence;
  state.symbol = record.symbol;
  state.status = record.status;
  state.executed = record.executed;
  state.venue_order = record.venue_order;
  state.side = record.side;
  state.type = record.type;
  state.kind = parts.kind;
  state.incarnation = parts.incarnation;
  state.price = record.price;
  state.quantity = record.quantity;
  return state;
}

machine::VenueFill to_fill(const TradeRecord& trade, const ClientOrderIdParts& parts) {
  machine::VenueFill fill;
  fill.sequence = parts.sequence;
  fill.symbol = trade.symbol;
  fill.trade = trade.trade;
  fill.side = trade.side;
  fill.price = trade.price;
  fill.quantity = trade.quantity;
  fill.fee = trade.fee;
  fill.maker = trade.maker;
  fill.kind = parts.kind;
  fill.incarnation = parts.incarnation;
  return fill;
}

machine::ForeignOrder to_foreign(const OrderRecord& record) {
  machine::ForeignOrder order;
  order.symbol = record.symbol;
  order.venue_order = record.venue_order;
  order.client_id = std::string_view(record.client_id);
  return order;
}

}  // namespace levi::mexc
