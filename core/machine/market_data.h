// Market data and feeds, as the machine sees them. Private to core/machine.
#pragma once

#include "core/machine/context.h"

namespace levi::machine::market_data {

void on_top_of_book(Context& context, const TopOfBook& event);
void on_deal(Context& context, const Deal& event);
void on_gap(Context& context, const BookGap& event);
void on_feed_up(Context& context, const FeedUp& event);
void on_feed_down(Context& context, const FeedDown& event);
void on_core_started(Context& context);
// Fills come by its pushes alone, however the market is read: while it is down nobody knows what is
// held. As market data, it may be away for data_age_max, from a start on too.
bool private_feed_lost(const State& state);
// Asks for REST polling where a feed stays down, and for a new book where one stays crossed or
// without a side.
void on_timer(Context& context);

}  // namespace levi::machine::market_data
