// How the trading thread keeps up with the latch: what others sealed, and whether the file is still
// the one that they would seal.
#include <algorithm>
#include <utility>

#include "core/levid/trading.h"

namespace levi::levid {
namespace {

constexpr Nanos kLatchLook{
    10ms};  // a seal by file wakes nobody: how late the order connections are closed at most
constexpr unsigned kLooksPerPathLook = 50;
constexpr Nanos kSlotTextMax{100ms};  // between a seal and its slot, while the sealer lives

}  // namespace

// The round that follows looks at the word.
void Trading::watch_latch() {
  loop_.after(kLatchLook, [this] { watch_latch(); });
  if (++latch_looks_ % kLooksPerPathLook == 0) look_at_latch_path();
}

void Trading::look_at_latch_path() {
  const bool ours = latch_.path_is_ours();
  status_.latch_path_ok.store(ours, std::memory_order_relaxed);
  const bool is_news = std::exchange(latch_path_ours_, ours) && !ours;
  // Once: each seal is a new epoch, which voids releases and grants that others are about to use.
  // But once for sure: a damaged header reads as held, until somebody mends it.
  if (ours || (!is_news && latch_.load().held_by(latch::Holder::kLatchFile))) return;
  latch_.seal(latch::Holder::kLatchFile, "levid", "the latch file was replaced, removed or damaged",
              os::wall_now(), Nanos{0});
}

// What the machine can't know; null where nothing forbids it.
const char* Trading::refusal_to_open(latch::Holder holder) const {
  if (!latch_.path_is_ours())
    return "the latch file was replaced, removed or damaged, nobody could seal it by its file: "
           "restart levid";
  if (holder == latch::Holder::kJournal && journal_in_trouble())
    return "the journal still cannot be written: GET /health says why";
  return nullptr;
}

// Who sealed stands in the slot a moment after the word: where it is not there yet, the next rounds
// look again and tell it in a LatchSeen of its own.
void Trading::look_at_latch() {
  latch::Word word = latch_.load();
  const bool changed = word.raw != latch_word_;
  if (changed && !latch_.intact()) {
    // It reads as held only while it is damaged: mended, it would be open again.
    latch_.seal(latch::Holder::kLatchFile, "levid", "the latch file was damaged", os::wall_now(),
                Nanos{0});
    word = latch_.load();
  }
  if (!changed && latch_text_wanted_ == 0) return;
  machine::LatchSeen seen;
  seen.word = word.raw;
  // This thread alone sends, so the file can't know of more: above it is damage.
  seen.sequence_last = std::min(latch_.last_sequence(), machine_.state().sequence_last.value);
  if (changed) {
    const latch::Word before{latch_word_};
    seen.holders_new = word.holders() & ~before.holders();
    latch_word_ = word.raw;
    latch_text_wanted_ = 0;
    if (word.sealed() && word.epoch() != before.epoch())
      want_latch_text(seen.holders_new != 0 ? seen.holders_new : word.holders());
  }
  const std::uint32_t told = read_slot_text(word, seen);
  if (!changed && told == 0) return;
  if (!changed) seen.holders_new = told;
  if (changed && venue_) {
    if (word.sealed()) venue_->gateway().close_order_connections();
    if (!word.sealed() && config_.live) venue_->gateway().open_order_connections();
  }
  apply(seen);
}

void Trading::want_latch_text(std::uint32_t holders) {
  latch_text_wanted_ = holders;
  latch_text_until_ = os::mono_now() + kSlotTextMax;
}

// A chaos run lets go of its own seal alone: the machine compares names. The slot's is the one that
// counts, and the machine may not have it: sealed while no levid ran, told too late, or under a
// later seal.
void Trading::tell_chaos_actor() {
  constexpr auto kChaos = latch::Holder::kChaos;
  if (!latch::Word{latch_word_}.held_by(kChaos) || latch_word_ != machine_.state().latch_word)
    return;
  const latch::SlotText slot = latch_.slot_text(kChaos);
  if (slot.actor.empty() || slot.actor == machine_.state().chaos_actor) return;
  machine::LatchSeen seen;
  seen.word = latch_word_;
  seen.sequence_last = machine_.state().latch_sequence;
  seen.holders_new = 1u << static_cast<unsigned>(kChaos);
  seen.reason = slot.reason;
  seen.actor = slot.actor;
  apply(seen);
}

// The newest seal's slot: whose it is, once it says who and why. Whoever died between word and slot
// never will.
std::uint32_t Trading::read_slot_text(latch::Word word, machine::LatchSeen& seen) {
  for (unsigned bit = 0; bit < static_cast<unsigned>(latch::Holder::kCount); ++bit) {
    if ((latch_text_wanted_ >> bit & 1) == 0) continue;
    const latch::SlotText slot = latch_.slot_text(static_cast<latch::Holder>(bit));
    if (slot.epoch != word.epoch()) continue;
    seen.reason = slot.reason;
    seen.actor = slot.actor;
    latch_text_wanted_ = 0;
    return 1u << bit;
  }
  if (latch_text_wanted_ != 0 && os::mono_now() >= latch_text_until_) latch_text_wanted_ = 0;
  return 0;
}

}  // namespace levi::levid
