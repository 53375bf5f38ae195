#include "core/engine/engine_end.h"

#include "core/base/check.h"
#include "core/os/futex.h"

namespace levi::engine {

EngineEnd::EngineEnd(ChannelMemory& channel)
    : channel_(channel),
      read_(channel.task.tick_base),
      written_(channel.task.intent_base),
      committed_(channel.task.intent_base) {}

const Tick* EngineEnd::next() {
  if (!tick_waits()) return nullptr;
  const Tick& tick = channel_.ticks[++read_ & (kTickSlots - 1)];
  LEVI_CHECK(tick.number == read_);
  return &tick;
}

bool EngineEnd::tick_waits() const {
  return channel_.tick_tail.load(std::memory_order_acquire) != read_;
}

bool EngineEnd::has_room() const {
  return written_ - channel_.intent_head.load(std::memory_order_acquire) + kIntentsPerTickMax <=
         kIntentSlots;
}

void EngineEnd::write_intents(std::span<const IntentRecord> intents) {
  LEVI_CHECK(intents.size() <= kIntentsPerTickMax && (intents.empty() || has_room()));
  for (const IntentRecord& intent : intents) {
    LEVI_CHECK(intent.number == written_ + 1);
    channel_.intents[++written_ & (kIntentSlots - 1)] = intent;
  }
}

void EngineEnd::write_image(std::uint32_t layout, std::span<const std::byte> image) {
  engine::write_image(channel_.images[slot_ ^ 1], layout, read_, written_, image);
}

bool EngineEnd::commit() {
  slot_ ^= 1;
  const Commit commit{static_cast<std::uint32_t>(read_), static_cast<std::uint32_t>(written_),
                      slot_};
  // Sequentially consistent, which includes release: the look at `levid_armed` must not overtake
  // it.
  channel_.commit.store(commit.pack(), std::memory_order_seq_cst);
  const bool news = written_ != committed_ || !committed_any_;
  committed_ = written_;
  committed_any_ = true;
  if (!news || channel_.levid_armed.load(std::memory_order_seq_cst) == 0) return false;
  return channel_.levid_armed.exchange(0, std::memory_order_seq_cst) != 0;
}

void EngineEnd::sleep(MonoTime deadline) {
  const std::uint32_t bell = channel_.engine_bell.load(std::memory_order_seq_cst);
  const bool full = !has_room();
  std::atomic<std::uint32_t>& flag = full ? channel_.room_wanted : channel_.engine_sleeping;
  flag.store(1, std::memory_order_seq_cst);
  const bool work = full ? channel_.intent_head.load(std::memory_order_seq_cst) + kIntentSlots >=
                               written_ + kIntentsPerTickMax
                         : channel_.tick_tail.load(std::memory_order_seq_cst) != read_;
  if (!work) os::futex_wait(os::futex_word(channel_.engine_bell), bell, deadline);
  flag.store(0, std::memory_order_relaxed);
}

}  // namespace levi::engine
