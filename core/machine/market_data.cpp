#include "core/machine/market_data.h"

#include <algorithm>

#include "core/machine/positions.h"

namespace levi::machine::market_data {
namespace {

Feed& feed_of(State& state, SourceId source) {
  if (source.value >= state.feeds.size()) state.feeds.resize(source.value + std::size_t{1});
  return state.feeds[source.value];
}

// A crossed book is a broken one: bids and asks of different moments.
bool crossed(const TopOfBook& top) {
  return top.bid_price.value != 0 && top.ask_price.value != 0 && top.bid_price >= top.ask_price;
}

// Bids and asks that can be quoted between.
bool is_whole(const TopOfBook& top) {
  return top.bid_price.value != 0 && top.ask_price.value != 0 && !crossed(top);
}

// Data goes on coming and mends nothing: the book is built anew, as often as data may be old.
void resync_if_broken(Context& context, Instrument& instrument) {
  const State& state = context.state;
  const Nanos patience = state.limits.data_age_max;
  const bool broken = instrument.top.version != 0 && !is_whole(instrument.top);
  if (!broken || state.now - instrument.last_data <= patience ||
      state.now - instrument.resync_asked <= patience)
    return;
  instrument.resync_asked = state.now;
  context.emit(ResyncBook{instrument.top.source, instrument.definition.symbol});
}

void poison_books_of(State& state, SourceId source) {
  for (Instrument& instrument : state.instruments) {
    if (instrument.top.source == source) instrument.book_valid = false;
  }
}

}  // namespace

void on_top_of_book(Context& context, const TopOfBook& event) {
  State& state = context.state;
  Instrument* instrument = find_instrument(state, event.symbol);
  const bool older = instrument != nullptr && instrument->book_valid &&
                     event.source == instrument->top.source &&
                     event.version < instrument->top.version;
  if (instrument == nullptr || older) {
    ++state.counters.ignored;
    return;
  }
  instrument->top = event;
  instrument->book_valid = !crossed(event);
  if (is_whole(event)) instrument->last_data = state.now;
  if (instrument->position.quantity.value == 0 || !instrument->book_valid) return;
  positions::mark(state, *instrument);
  positions::check_daily_loss(context);
}

void on_deal(Context& context, const Deal& event) {
  Instrument* instrument = find_instrument(context.state, event.symbol);
  if (instrument == nullptr) {
    ++context.state.counters.ignored;
    return;
  }
  instrument->last_deal = event.price;
}

void on_gap(Context& context, const BookGap& event) {
  Instrument* instrument = find_instrument(context.state, event.symbol);
  if (instrument == nullptr) {
    ++context.state.counters.ignored;
    return;
  }
  ++context.state.counters.gaps;
  instrument->book_valid = false;
  context.emit(ResyncBook{event.source, event.symbol});
}

void on_feed_up(Context& context, const FeedUp& event) {
  Feed& feed = feed_of(context.state, event.source);
  feed.up = true;
  feed.polling = event.polling;
  feed.connection = event.connection;
  feed.since = context.now();
  feed.last_reconnect_took = event.since_down;
  if (event.polling || !feed.poll_asked) return;
  feed.poll_asked = false;
  context.emit(PollRest{event.source, false});
}

void on_feed_down(Context& context, const FeedDown& event) {
  Feed& feed = feed_of(context.state, event.source);
  if (event.connection <
      feed.connection) {  // the old socket of a renewal: its successor carries the feed
    ++context.state.counters.ignored;
    return;
  }
  if (feed.up) feed.since = context.now();
  feed.up = false;
  feed.connection = event.connection;
  feed.last_down = event.why;
  ++feed.disconnects;
  poison_books_of(context.state, event.source);
}

void on_core_started(Context& context) {
  State& state = context.state;
  for (Feed& feed : state.feeds) {
    feed.up = feed.polling = feed.poll_asked = false;
    feed.connection = 0;
    feed.since = state.now;
  }
  for (Instrument& instrument : state.instruments) instrument.book_valid = false;
}

bool private_feed_lost(const State& state) {
  Instant since = state.started_at;
  if (kPrivateSource.value < state.feeds.size()) {
    const Feed& feed = state.feeds[kPrivateSource.value];
    if (feed.up) return false;
    since = std::max(since, feed.since);
  }
  return state.now - since > state.limits.data_age_max;
}

void on_timer(Context& context) {
  State& state = context.state;
  for (std::size_t i = 0; i < state.feeds.size(); ++i) {
    Feed& feed = state.feeds[i];
    const SourceId source{static_cast<std::uint8_t>(i)};
    const bool wanted =
        state.limits.polling_after > Nanos{0} && source != kPrivateSource && !feed.up;
    if (!wanted || feed.poll_asked || state.now - feed.since < state.limits.polling_after) continue;
    feed.poll_asked = true;
    context.emit(PollRest{source, true});
  }
  for (Instrument& instrument : state.instruments) {
    if (instrument.defined) resync_if_broken(context, instrument);
  }
}

}  // namespace levi::machine::market_data
