// What the venue's records are as machine events, and our orders as the venue's names. Pure.
#pragma once

#include "core/base/ids.h"
#include "core/machine/effect.h"
#include "core/machine/event.h"
#include "core/machine/order_ids.h"
#include "core/venue/mexc/records.h"

namespace levi::mexc {

ClientOrderId client_order_id(const machine::OrderIds& ids, const machine::QueryOrder& order);
machine::VenueOrderState to_order_state(const OrderRecord& record, const ClientOrderIdParts& parts);
machine::VenueFill to_fill(const TradeRecord& trade, const ClientOrderIdParts& parts);
machine::ForeignOrder to_foreign(const OrderRecord& record);

}  // namespace levi::mexc
