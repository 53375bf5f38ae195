// LevidEnd: levid's side of one channel: writes ticks, reads committed intents, moves a dead
// engine's state to its heir.
//
// Trading thread only. Does not own the memory. What the engine's side writes is checked here: a
// process that scribbled over its channel is found out (`damaged`), never believed.
#pragma once

#include <cstdint>
#include <optional>

#include "core/engine/channel.h"

namespace levi::engine {

class LevidEnd {
 public:
  LevidEnd() = default;
  explicit LevidEnd(ChannelMemory* channel) : channel_(channel) {}
  explicit operator bool() const { return channel_ != nullptr; }

  // Before the engine is assigned: numbers go on from here.
  void start(std::uint64_t tick_base, std::uint64_t intent_base);

  // Gives the tick its number, writes it, wakes the engine if it sleeps. False: the ring is full,
  // nothing was written.
  bool push(Tick tick);
  // More ticks than this wait to be handled. Looks at the engine's words only where it has to.
  bool unread_above(std::size_t limit);
  std::uint64_t ticks_written() const { return tail_; }
  std::uint64_t ticks_handled();
  bool has_committed();  // anything since `start`

  // The next committed intent; empty: none, or damaged.
  std::optional<IntentRecord> next_intent();
  // Tells the engine how far was read: once per drain, not per intent.
  void release_intents();
  std::uint64_t intents_read() const { return head_; }
  bool damaged() const { return damaged_; }
  void condemn() { damaged_ = true; }  // what was read is nothing that an engine of ours writes

  // Before levid sleeps: from now on a commit with intents, or the first one, rings the eventfd.
  // True: something was committed meanwhile, so look again instead of sleeping.
  bool arm();
  void disarm();  // levid is awake: no system call is needed to tell it anything

  // Whether a successor can continue here: the numbers are possible, the image is whole. An empty
  // image is sound.
  bool is_sound();
  bool has_image();
  // The image and the unread ticks go into `heir`, a fresh channel. Only of a sound channel that no
  // process writes any more, after all its intents have been read.
  void hand_over(LevidEnd& heir);

  ChannelMemory& memory() { return *channel_; }

 private:
  void read_commit();

  ChannelMemory* channel_ = nullptr;
  std::uint64_t tail_ = 0;       // ticks written
  std::uint64_t handled_ = 0;    // ticks handled, as last read from the commit word
  std::uint64_t committed_ = 0;  // intents committed, as last read
  std::uint64_t head_ = 0;       // intents read
  std::uint64_t released_ = 0;   // and told to the engine
  std::uint64_t word_ = 0;       // the commit word as last read
  std::uint64_t word_first_ = 0;
  bool armed_ = false;
  bool damaged_ = false;
};

// Starts the process that waits on the channel: the task is complete, ticks may follow.
void assign(ChannelMemory& channel);

}  // namespace levi::engine
