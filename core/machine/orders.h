// An order's life, from the intent to the last fill (DESIGN §4). Private to core/machine.
//
//   in-flight ── ack ──► open ── fill ──► partly-filled ── fill ──► filled
//       │                  └──────── canceled ◄──┘
//       ├── rejected, unsent
//       └── unknown: asked by client id until the venue says what it is; never sent again; its
//       symbol sends nothing new
//
// "Not found" ends an order only when it is final. A sign of life of an order that was thought dead
// (rejected, unsent) makes it unknown again and alarms. Fills count in every state, once per trade
// id. Where they do not yet add up to what the venue executed the trades are asked for, of a live
// order as of a terminal one, which is unsettled until they are here.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::orders {

// Gives the order its sequence and sends it. False when the sequence numbers are used up (2^48).
bool place(Context& context, Order order);
void request_cancel(Context& context, Order& order);
// Orders of an engine that nobody will cancel any more: of its processes before `younger`.
void cancel_of_engine(Context& context, EngineId engine, EngineIncarnation younger);
// The engine's live order with this tag; null when there is none.
Order* find_tagged(Context& context, EngineId engine, std::uint32_t tag);

void on_ack(Context& context, const VenueAck& event);
void on_canceled(Context& context, const VenueCanceled& event);
void on_rejected(Context& context, const VenueRejected& event);
void on_unknown(Context& context, const VenueUnknown& event);
void on_unsent(Context& context, const OrderUnsent& event);
void on_state(Context& context, const VenueOrderState& event);
void on_cancel_failed(Context& context, const CancelFailed& event);
void on_fill(Context& context, const VenueFill& event);

// A new start: what was live may be anything by now.
void all_unknown(Context& context);
// Asks again for what is unknown or unsettled, cancels again what should be canceled.
void on_timer(Context& context);
void ask(Context& context, Order& order);
void ask_for_fills(Context& context, Order& order);
inline bool misses_fills(const Order& order) { return order.executed_venue > order.filled; }

void notify(Context& context, const Order& order, OrderUpdateKind kind, Price price,
            Quantity quantity);
// The venue contradicts our books: alarm, and nothing more is traded until a person has looked.
void contradiction(Context& context, const Order& order, const char* what);

}  // namespace levi::machine::orders
