// Strategy: decides what an engine wants, from ticks. A pure function over a plain image:
//
//   on_tick / on_update (image, tick) -> image', intents
//
// No clock, no randomness, no memory but the image: the same image and ticks give the same bytes,
// in this process or in its heir (channel.h rests on that). Time is the tick's. Used by the one
// thread of an engine process, and by tests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/base/result.h"
#include "core/engine/channel.h"

namespace levi::engine {

// The intents of one tick, numbered on from the image's last.
class Intents {
 public:
  // Empties it; records are set off by `tick`, and decided on it unless the strategy names older
  // data.
  void begin(std::uint64_t intent_last, std::uint64_t tick, Instant tick_instant);

  // An order's tag is its intent number's low half: no two orders of an engine share one.
  std::uint32_t place(Side side, machine::OrderType type, Price price, Quantity quantity);
  void cancel(std::uint32_t tag, Side side, Price price, Quantity quantity);
  void signal(Side side, Price price);
  // The data that the following intents are decided on.
  void decided_on(std::uint64_t tick, Instant tick_instant);

  std::span<const IntentRecord> records() const { return {records_.data(), count_}; }
  std::uint64_t last() const { return last_; }
  std::size_t room() const { return records_.size() - count_; }

 private:
  IntentRecord& add(machine::IntentKind kind, Side side, Price price, Quantity quantity);

  std::array<IntentRecord, kIntentsPerTickMax> records_;
  std::size_t count_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t tick_ = 0;
  Instant tick_instant_;
  Instant set_off_;
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual std::uint32_t layout() const = 0;  // of the image: raised when its meaning changes
  virtual std::size_t image_bytes(
      const std::byte* image) const = 0;           // used so far, at most kImageBytesMax
  virtual void reset(std::byte* image) const = 0;  // of kImageBytesMax bytes, 8-aligned
  virtual bool accept(const std::byte* image,
                      std::size_t bytes) const = 0;  // one that a predecessor left
  virtual void on_tick(std::byte* image, const Tick& tick, Intents& intents) const = 0;
  virtual void on_update(std::byte* image, const Tick& tick,
                         Intents& intents) const = 0;  // kUpdate
};

struct StrategyContext {
  int price_exponent = 0;
  int quantity_exponent = 0;
};

// The registry. kNotFound for an unknown name, kInvalid for parameters that the strategy refuses;
// both say what is allowed.
Result<std::unique_ptr<Strategy>> make_strategy(std::string_view name, std::string_view parameters,
                                                const StrategyContext& context);

}  // namespace levi::engine
