#include "core/engine/levid_end.h"

#include <cstring>

#include "core/base/check.h"
#include "core/os/futex.h"

namespace levi::engine {
namespace {

void ring_engine(ChannelMemory& channel) {
  channel.engine_bell.fetch_add(1, std::memory_order_seq_cst);
  os::futex_wake_all(os::futex_word(channel.engine_bell));
}

}  // namespace

void LevidEnd::start(std::uint64_t tick_base, std::uint64_t intent_base) {
  tail_ = handled_ = tick_base;
  head_ = released_ = committed_ = intent_base;
  damaged_ = false;
  word_ = word_first_ =
      Commit{static_cast<std::uint32_t>(tick_base), static_cast<std::uint32_t>(intent_base), 0}
          .pack();
  channel_->task.tick_base = tick_base;
  channel_->task.intent_base = intent_base;
  channel_->tick_tail.store(tick_base, std::memory_order_relaxed);
  channel_->intent_head.store(intent_base, std::memory_order_relaxed);
  channel_->commit.store(word_, std::memory_order_release);
}

void LevidEnd::read_commit() {
  const std::uint64_t word = channel_->commit.load(std::memory_order_acquire);
  if (word == word_ || damaged_) return;
  const Commit commit = Commit::unpack(word);
  const std::uint64_t handled = commit.tick_from(handled_);
  const std::uint64_t committed = commit.intent_from(committed_);
  // What no engine of ours can commit: ticks that were never written, more intents than the ring
  // holds.
  if (handled > tail_ || committed - head_ > kIntentSlots) {
    damaged_ = true;
    return;
  }
  word_ = word;
  handled_ = handled;
  committed_ = committed;
}

bool LevidEnd::push(Tick tick) {
  if (tail_ - handled_ >= kTickSlots) {
    read_commit();
    if (tail_ - handled_ >= kTickSlots) return false;
  }
  tick.number = ++tail_;
  channel_->ticks[tick.number & (kTickSlots - 1)] = tick;
  channel_->tick_tail.store(tick.number, std::memory_order_seq_cst);
  if (channel_->engine_sleeping.load(std::memory_order_seq_cst) != 0) {
    channel_->engine_sleeping.store(0, std::memory_order_relaxed);
    ring_engine(*channel_);
  }
  return true;
}

bool LevidEnd::unread_above(std::size_t limit) {
  if (tail_ - handled_ <= limit) return false;
  read_commit();
  return tail_ - handled_ > limit;
}

std::uint64_t LevidEnd::ticks_handled() {
  read_commit();
  return handled_;
}

bool LevidEnd::has_committed() {
  read_commit();
  return word_ != word_first_;
}

std::optional<IntentRecord> LevidEnd::next_intent() {
  if (head_ == committed_) {
    read_commit();
    if (head_ == committed_ || damaged_) return std::nullopt;
  }
  // A copy is looked at: what is looked at in place may be another thing when it is taken.
  const IntentRecord record = channel_->intents[(head_ + 1) & (kIntentSlots - 1)];
  const auto kind = static_cast<unsigned>(record.kind);
  const auto type = static_cast<unsigned>(record.type);
  const auto side = static_cast<unsigned>(record.side);
  if (record.number != head_ + 1 || kind < 1 || kind > 3 || type < 1 || type > 5 || side < 1 ||
      side > 2) {
    damaged_ = true;
    return std::nullopt;
  }
  ++head_;
  return record;
}

void LevidEnd::release_intents() {
  if (head_ == released_) return;
  released_ = head_;
  channel_->intent_head.store(head_, std::memory_order_seq_cst);
  if (channel_->room_wanted.load(std::memory_order_seq_cst) != 0) {
    channel_->room_wanted.store(0, std::memory_order_relaxed);
    ring_engine(*channel_);
  }
}

bool LevidEnd::arm() {
  if (damaged_) return false;
  if (!armed_ || channel_->levid_armed.load(std::memory_order_relaxed) == 0) {
    armed_ = true;
    channel_->levid_armed.store(1, std::memory_order_seq_cst);
  }
  const bool committed_before = word_ != word_first_;
  if (channel_->commit.load(std::memory_order_seq_cst) == word_) return false;
  read_commit();
  return damaged_ || head_ != committed_ || !committed_before;
}

void LevidEnd::disarm() {
  if (!armed_) return;
  armed_ = false;
  channel_->levid_armed.store(0, std::memory_order_relaxed);
}

bool LevidEnd::is_sound() {
  read_commit();
  const ImageSlot& image = channel_->images[Commit::unpack(word_).image_slot];
  if (damaged_ || !image_is_sound(image)) return false;
  return image.length == 0 || (image.tick_last == handled_ && image.intent_last == committed_);
}

bool LevidEnd::has_image() {
  read_commit();
  return channel_->images[Commit::unpack(word_).image_slot].length != 0;
}

void LevidEnd::hand_over(LevidEnd& heir) {
  read_commit();
  LEVI_CHECK(!damaged_ && head_ == committed_);  // An intent that was not read would be lost here.
  heir.start(handled_, committed_);
  const ImageSlot& image = channel_->images[Commit::unpack(word_).image_slot];
  std::memcpy(static_cast<void*>(&heir.channel_->images[0]), &image,
              offsetof(ImageSlot, data) + image.length);
  for (std::uint64_t number = handled_ + 1; number <= tail_; ++number) {
    heir.channel_->ticks[number & (kTickSlots - 1)] = channel_->ticks[number & (kTickSlots - 1)];
  }
  heir.tail_ = tail_;
  heir.channel_->tick_tail.store(tail_, std::memory_order_release);
}

void assign(ChannelMemory& channel) {
  channel.assigned.store(1, std::memory_order_seq_cst);
  os::futex_wake_all(os::futex_word(channel.assigned));
}

}  // namespace levi::engine
