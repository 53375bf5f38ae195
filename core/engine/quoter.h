// Quoter: a deterministic market maker. It keeps `levels` bids and asks around the middle of the
// market, leans against its inventory, replaces what is filled and moves what is no longer where it
// should be.
//
//   parameter       meaning default levels          quotes per side, 1..20 1 spread_bps between the
//   innermost bid and ask; each further level half of that farther  required quantity        of
//   each quote, in base units                                                required position_max
//   |position| that filling every live quote of a side could reach              required
//   requote_bps     a quote this far off its target is replaced                                 a
//   quarter of spread_bps refresh_after   a quote that has been open this long is replaced on the
//   next tick or update; 0ms: as soon as it is
//                   confirmed open, which is full order flow never
//
// Rules that hold in every state (tested as properties):
//   - position plus everything that may still be bought never exceeds position_max, likewise sold.
//   Orders count until their end
//     is reported, cancelled and unknown ones too.
//   - it never places a bid at or above one of its own live asks, nor the reverse; post-only orders
//   never take.
//   - it places nothing while levid does not trade, before it knows its position, or on a book
//   without both sides.
//   - while levid takes only what shrinks a position, it quotes that side alone, up to the
//   position.
//   - an order that is refused, or cancelled unasked, makes that side pause, 10 ms doubling to 1 s,
//   so that a refusal can't become a flood.
// When trading stops it cancels nothing: whoever stopped it decides about open orders (a kill
// cancels all of them anyway). The middle includes its own quotes where they are the best ones:
// with a spread below the market's, the skew pulls the middle along until the inventory turns.
// Bounded by position_max, and wanted here: it makes for fills.
#pragma once

#include <optional>

#include "core/engine/strategy.h"

namespace levi::engine {

struct QuoterSettings {
  int levels = 1;
  std::int64_t spread_cbps = 0;  // hundredths of a basis point: 1e-6 of the price
  std::int64_t requote_cbps = 0;
  Quantity quantity;
  Quantity position_max;
  std::optional<Nanos> refresh_after;
};

Result<QuoterSettings> parse_quoter(std::string_view parameters, const StrategyContext& context);

inline constexpr int kQuoterLevelsMax = 20;
inline constexpr std::size_t kQuoterOrdersMax =
    160;  // live ones; both sides, replaced ones included

enum class QuoteState : std::uint8_t { kSent = 1, kOpen, kUnknown };

struct QuoterOrder {
  std::uint32_t tag = 0;
  Side side = Side::kBuy;
  QuoteState state = QuoteState::kSent;
  std::uint8_t level = 0;
  std::uint8_t cancel_sent = 0;
  Price price;
  Quantity remaining;
  Instant since;  // sent, then confirmed open
  Instant cancel_sent_at;
};

struct QuoterSide {
  Instant paused_until;
  Nanos pause{0};  // the last one; 0 after a confirmed order
};

struct QuoterImage {
  std::uint64_t top_tick = 0;
  Instant top_instant;
  Price bid;  // 0: no book to quote on
  Price ask;
  Quantity position;
  QuoterSide sides[2];  // buy, sell
  std::uint8_t trading = 0;
  std::uint8_t position_known = 0;
  std::uint8_t lean = 0;  // the Side it would rather trade, 0: none was signalled yet
  std::uint8_t reserved[1] = {};
  std::uint32_t order_count = 0;
  std::uint64_t placed = 0;
  std::uint64_t canceled = 0;
  std::uint64_t fills = 0;
  std::uint64_t rejected = 0;
  QuoterOrder orders[kQuoterOrdersMax];  // the first order_count are used, oldest first
};
static_assert(std::has_unique_object_representations_v<QuoterImage> &&
              sizeof(QuoterImage) <= kImageBytesMax);

class Quoter final : public Strategy {
 public:
  explicit Quoter(const QuoterSettings& settings) : settings_(settings) {}

  std::uint32_t layout() const override { return 0x51550001; }  // "QU", version 1
  std::size_t image_bytes(const std::byte* image) const override;
  void reset(std::byte* image) const override;
  bool accept(const std::byte* image, std::size_t bytes) const override;
  void on_tick(std::byte* image, const Tick& tick, Intents& intents) const override;
  void on_update(std::byte* image, const Tick& tick, Intents& intents) const override;

  // Where the quotes should be: prices by level, 0 where there is none. Empty without a usable
  // book.
  struct Ladder {
    Price bid[kQuoterLevelsMax];
    Price ask[kQuoterLevelsMax];
    Price middle;
  };
  std::optional<Ladder> ladder(const QuoterImage& image) const;

 private:
  void decide(QuoterImage& image, Instant now, Intents& intents) const;
  void cancel_what_is_off(QuoterImage& image, const Ladder& ladder, Instant now,
                          Intents& intents) const;
  void place_what_is_missing(QuoterImage& image, const Ladder& ladder, Instant now,
                             Intents& intents) const;
  bool is_off(const QuoterOrder& order, const Ladder& ladder, Instant now) const;
  Quantity quantity_of(const QuoterImage& image, Side side) const;
  bool may_place(const QuoterImage& image, Side side, Price price) const;
  void signal_lean(QuoterImage& image, const Ladder& ladder, Intents& intents) const;

  const QuoterSettings settings_;
};

}  // namespace levi::engine
