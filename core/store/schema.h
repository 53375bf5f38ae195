// The database's schema, version 1. Written by the Projector alone; anyone may read.
//
// Prices and quantities are decimal text, exactly as the venue writes them ("93387.28"). Columns
// `*_e8` are integers, 1e-8 of the quote asset; `*_ns` are nanoseconds since 1970 in journal time;
// `record` is the sequence of the journal record that a row comes from, or was last changed by.
//
// projection  one row: how far the projection goes. Committed with the rows, so it is exact.
//   schema           this version
//   instance         whose journal it is
//   last_sequence    the last record projected
//   last_instant_ns  and its journal time
// gaps        records that were no longer there when the projection needed them: fills, signals and
//             commands in first_sequence..last_sequence are missing; orders and positions are not
// orders      one row per order of ours
//   sequence         gateway-wide, in write order; the primary key
//   client_id        as the venue knows it
//   kind             normal | flatten
//   engine           its name; NULL for a flatten order, or one adopted from the venue
//   symbol, side (buy | sell), type (limit | limit-maker | ioc | fok | market)
//   state            in-flight | open | partly-filled | filled | canceled | rejected | unsent |
//   unknown price            NULL for a market order quantity, filled (by our fills),
//   executed_venue (by the venue's count) venue_order      NULL until the venue has acknowledged it
//   created_ns, changed_ns, record
// fills       one row per fill that was booked
//   record           the primary key
//   symbol, trade    the venue's trade id
//   sequence         of the order
//   side, price, quantity, notional_e8, fee_e8 (negative: a rebate), maker (0 | 1)
//   realised_e8      what this fill added to the realised profit, its fee included
//   instant_ns
// positions   one row per symbol that was ever traded
//   symbol           the primary key
//   quantity         signed; average_price of the open part, NULL when flat
//   cost_e8, realised_e8, fees_e8, changed_ns, record
// signals     one row per intent of an engine to place an order, or to tell something
//   record, instant_ns, engine, symbol, kind (place | signal), side, price, quantity
//   order_sequence   NULL where none was made
//   outcome          accepted, or the name of the refusal (machine::Refusal)
// commands    one row per command of an operator or a chaos run
//   record, instant_ns, request, kind, actor, reason, holder, engine, symbol, epoch
//   epoch            the seal that a resume is for: the one it named, else the newest then
//   outcome          NULL until answered; done | not-found | conflict | refused | opening
//   answer           the text that was given
// row_counts  one row: signals, how many there are
//
// Bounded: the oldest signals, and the oldest orders that are over, go when there are more than
// RowsKept says. Their pages are used again; the file does not shrink.
#pragma once

namespace levi::store {

inline constexpr int kSchemaVersion = 1;
extern const char* const kSchemaSql;
extern const char* const kRowCountsSql;  // added to version 1 later; older builds leave it alone

}  // namespace levi::store
