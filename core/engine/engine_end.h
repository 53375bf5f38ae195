// EngineEnd: the engine's side of its channel: reads ticks, writes intents and images, commits,
// sleeps.
//
// Used by one thread of the engine process; does not own the memory. Nothing it writes counts
// before `commit`.
#pragma once

#include <cstdint>
#include <span>

#include "core/engine/channel.h"

namespace levi::engine {

class EngineEnd {
 public:
  explicit EngineEnd(ChannelMemory& channel);  // after the assignment: numbers start at the task's

  const Tick* next();       // the next tick, read but not handled; nullptr: none waits
  bool tick_waits() const;  // whether `next` would give one
  bool has_room() const;    // for the intents of one more tick

  // Behind the last committed ones; may be called several times before a commit.
  void write_intents(std::span<const IntentRecord> intents);
  void write_image(std::uint32_t layout, std::span<const std::byte> image);
  // Commits all ticks read, all intents written and the image. True: levid sleeps and has to be
  // told through its eventfd.
  bool commit();

  const ImageSlot& initial_image() const { return channel_.images[0]; }
  std::uint64_t ticks_read() const { return read_; }
  std::uint64_t intents_written() const { return written_; }

  // Sleeps until levid writes a tick (or, without room, reads intents), a signal or the deadline.
  void sleep(MonoTime deadline);

 private:
  ChannelMemory& channel_;
  std::uint64_t read_;       // last tick read
  std::uint64_t written_;    // last intent written
  std::uint64_t committed_;  // last intent committed
  std::uint32_t slot_ = 0;   // that the commit word names
  bool committed_any_ = false;
};

}  // namespace levi::engine
