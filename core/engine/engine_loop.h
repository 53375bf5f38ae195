// EngineLoop: the round of channel.h: ticks through the strategy, intents and image out, one
// commit.
//
// One thread of the engine process. `Crash` is for tests: it is told each step and may leave by an
// exception there, as a kill would; the process itself uses NoCrash, which is nothing.
#pragma once

#include <array>
#include <cstring>

#include "core/base/check.h"
#include "core/engine/engine_end.h"
#include "core/engine/strategy.h"

namespace levi::engine {

enum class Step { kRead, kDecided, kIntentsWritten, kImageWritten, kCommitted };

struct NoCrash {
  void at(Step) {}
};

template <class Crash = NoCrash>
class EngineLoop {
 public:
  // Ticks between two commits at most: bounds what an heir computes again, and how long a heartbeat
  // waits.
  static constexpr int kBatchMax = 64;

  EngineLoop(ChannelMemory& channel, const Strategy& strategy, Crash crash = {})
      : end_(channel), strategy_(strategy), crash_(crash) {}

  // The predecessor's image, or an empty one. False: there is one, and it can't be used.
  bool load() {
    const ImageSlot& slot = end_.initial_image();
    strategy_.reset(image_.data());
    intent_last_ = end_.intents_written();
    if (slot.length == 0) return true;
    if (!image_is_sound(slot) || slot.layout != strategy_.layout()) return false;
    if (slot.tick_last != end_.ticks_read() || slot.intent_last != intent_last_) return false;
    if (!strategy_.accept(slot.data, slot.length)) return false;
    std::memcpy(image_.data(), slot.data, slot.length);
    return true;
  }

  struct Round {
    int handled = 0;
    bool wake_levid = false;
  };
  // Handles what waits, at most a batch, and commits. A round without a tick commits nothing, but
  // the first one, which says that the image is loaded.
  Round run() {
    Round round;
    while (round.handled < kBatchMax && end_.has_room()) {
      const Tick* tick = end_.next();
      if (tick == nullptr) break;
      ++round.handled;
      dirty_ = true;
      // What was decided goes out at once; what was only taken in waits for the end of the batch.
      if (handle(*tick)) round.wake_levid |= commit();
    }
    if (dirty_) round.wake_levid |= commit();
    return round;
  }

  EngineEnd& end() { return end_; }
  std::span<const std::byte> image() const {
    return {image_.data(), strategy_.image_bytes(image_.data())};
  }

 private:
  bool handle(const Tick& tick) {
    crash_.at(Step::kRead);
    intents_.begin(intent_last_, tick.number, tick.instant);
    if (tick.kind == TickKind::kUpdate) {
      strategy_.on_update(image_.data(), tick, intents_);
    } else {
      strategy_.on_tick(image_.data(), tick, intents_);
    }
    intent_last_ = intents_.last();
    crash_.at(Step::kDecided);
    if (intents_.records().empty()) return false;
    end_.write_intents(intents_.records());
    crash_.at(Step::kIntentsWritten);
    return true;
  }

  bool commit() {
    end_.write_image(strategy_.layout(), image());
    crash_.at(Step::kImageWritten);
    const bool wake = end_.commit();
    crash_.at(Step::kCommitted);
    dirty_ = false;
    return wake;
  }

  EngineEnd end_;
  const Strategy& strategy_;
  Crash crash_;
  bool dirty_ = true;
  std::uint64_t intent_last_ = 0;
  Intents intents_;
  alignas(8) std::array<std::byte, kImageBytesMax> image_;
};

}  // namespace levi::engine
