#include "core/latch/latch.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/latch/layout.h"
#include "core/latch/texts.h"
#include "core/os/clock.h"
#include "core/os/futex.h"

namespace levi::latch {
namespace {

constexpr std::uint64_t bit_of(Holder holder) {
  return std::uint64_t{1} << static_cast<unsigned>(holder);
}

// 40 bits last 34 years at 1,000 seals a second; then they begin again, at 1 (0 marks damage).
constexpr std::uint64_t with_next_epoch(std::uint64_t raw) {
  const std::uint64_t next = raw + (std::uint64_t{1} << kHolderBits);
  return next >> kHolderBits != 0 ? next : next + (std::uint64_t{1} << kHolderBits);
}

constexpr std::array<const char*, static_cast<std::size_t>(Holder::kCount)> kHolderNames = {
    "operator",    "daily-loss", "drawdown", "engine-failure", "reconcile", "redis",
    "environment", "lease",      "chaos",    "new-instance",   "journal",   "latch-file"};

}  // namespace

const char* to_string(Holder holder) {
  LEVI_CHECK(holder < Holder::kCount);
  return kHolderNames[static_cast<std::size_t>(holder)];
}

std::optional<Holder> parse_holder(std::string_view text) {
  const auto found = std::find(kHolderNames.begin(), kHolderNames.end(), text);
  if (found == kHolderNames.end()) return std::nullopt;
  return static_cast<Holder>(found - kHolderNames.begin());
}

Latch::Layout& Latch::layout() const { return *reinterpret_cast<Layout*>(mapping_.data()); }

bool Latch::intact() const {
  const Layout& l = layout();
  return l.magic.load(std::memory_order_relaxed) == kMagic &&
         l.version.load(std::memory_order_relaxed) == kLayoutVersion && !guard_.broken();
}

// Before every send: three loads of one cache line, no system call.
Word Latch::load() const {
  const Layout& l = layout();
  Word word{l.word.load(std::memory_order_seq_cst)};
  if (l.magic.load(std::memory_order_relaxed) != kMagic ||
      l.version.load(std::memory_order_relaxed) != kLayoutVersion) {
    word.raw |= bit_of(Holder::kLatchFile);
  }
  return word;
}

Sealed Latch::seal(Holder holder, std::string_view actor, std::string_view reason, Instant wall,
                   Nanos drain_max) {
  LEVI_CHECK(holder < Holder::kCount);
  Layout& l = layout();
  std::uint64_t before = l.word.load(std::memory_order_seq_cst);
  std::uint64_t after = 0;
  do {
    after = with_next_epoch(before) | bit_of(holder);
  } while (!l.word.compare_exchange_weak(before, after, std::memory_order_seq_cst));

  Sealed sealed;
  sealed.word = Word{after};
  // In this order: a send that ended between the two reads has stored last_sequence before it
  // cleared in_flight.
  const std::uint64_t in_flight = l.in_flight.load(std::memory_order_seq_cst);
  sealed.sequence = std::max(in_flight, l.last_sequence.load(std::memory_order_seq_cst));
  write_text(l.texts[static_cast<std::size_t>(holder)][sealed.word.epoch() % kTextBuffers],
             sealed.word.epoch(), actor, reason, wall);
  const bool drained = in_flight == 0 || wait_past(in_flight, drain_max);
  sealed.in_flight_zero = drained && intact();
  return sealed;
}

Result<Word> Latch::release(Holder holder, std::uint64_t epoch_seen) {
  LEVI_CHECK(holder < Holder::kCount);
  if (!intact()) return check_header().error();
  Layout& l = layout();
  Word word{l.word.load(std::memory_order_seq_cst)};
  const std::uint64_t epoch = epoch_seen != 0 ? epoch_seen : word.epoch();
  for (;;) {
    if (word.epoch() != epoch) {
      return error(ErrorCode::kConflict,
                   "the latch was sealed again: epoch " + std::to_string(word.epoch()) + ", not " +
                       std::to_string(epoch),
                   "look at its holders and their reasons, then release with the new epoch");
    }
    const std::uint64_t after = word.raw & ~bit_of(holder);
    if (l.word.compare_exchange_weak(word.raw, after, std::memory_order_seq_cst)) {
      return Word{after};
    }
  }
}

bool Latch::begin_send(std::uint64_t sequence, std::uint64_t flatten_epoch) {
  LEVI_CHECK(sequence != 0);
  layout().in_flight.store(sequence, std::memory_order_seq_cst);
  const Word word = load();
  if (flatten_epoch == 0 ? !word.sealed() : word.epoch() == flatten_epoch && intact()) return true;
  leave_section();
  return false;
}

void Latch::end_send(std::uint64_t sequence, bool sent) {
  if (sent) layout().last_sequence.store(sequence, std::memory_order_seq_cst);
  leave_section();
}

// A killer sets drain_waiters, then looks at in_flight; we clear in_flight, then look at
// drain_waiters. Both orders are total (seq_cst), so one of the two sees the other. The flag is
// taken, not counted down: a killer that died asleep costs one useless wake.
void Latch::leave_section() {
  Layout& l = layout();
  l.in_flight.store(0, std::memory_order_seq_cst);
  if (l.drain_waiters.load(std::memory_order_seq_cst) == 0) return;
  l.drain_waiters.store(0, std::memory_order_seq_cst);
  os::futex_wake_all(os::futex_low_half(l.in_flight));
}

// Past, not zero: a gateway that keeps trying on the sealed latch shows other sequences, all
// refused.
bool Latch::wait_past(std::uint64_t sequence, Nanos timeout) const {
  Layout& l = layout();
  if (l.in_flight.load(std::memory_order_seq_cst) != sequence) return true;
  const MonoTime deadline = os::mono_now() + timeout;
  for (;;) {
    l.drain_waiters.store(1, std::memory_order_seq_cst);
    if (l.in_flight.load(std::memory_order_seq_cst) != sequence) return true;
    if (os::mono_now() >= deadline) return false;
    os::futex_wait(os::futex_low_half(l.in_flight), static_cast<std::uint32_t>(sequence), deadline);
  }
}

bool Latch::wait_drained(Nanos timeout) const {
  const std::uint64_t sequence = in_flight();
  return sequence == 0 || wait_past(sequence, timeout);
}

std::uint64_t Latch::last_sequence() const {
  return layout().last_sequence.load(std::memory_order_seq_cst);
}

std::uint64_t Latch::in_flight() const {
  return layout().in_flight.load(std::memory_order_seq_cst);
}

Slot Latch::slot(Holder holder) const {
  const SlotText text = slot_text(holder);
  return {text.reason.str(), text.actor.str(), text.wall, text.epoch};
}

SlotText Latch::slot_text(Holder holder) const {
  LEVI_CHECK(holder < Holder::kCount);
  SlotText newest;
  for (const TextWords& text : layout().texts[static_cast<std::size_t>(holder)]) {
    const auto slot = read_text(text);
    if (slot && slot->epoch > newest.epoch) newest = *slot;
  }
  return newest;
}

Latch::Gateway Latch::gateway() const {
  const Layout& l = layout();
  const std::uint64_t pid = l.gateway_pid.load(std::memory_order_seq_cst);
  const std::uint64_t ticks = l.gateway_ticks.load(std::memory_order_seq_cst);
  const std::uint64_t check = l.gateway_check.load(std::memory_order_seq_cst);
  if (check != (pid ^ ticks ^ kMagic)) return {};
  return {static_cast<pid_t>(pid), ticks};
}

void Latch::set_gateway(Gateway gateway) {
  Layout& l = layout();
  const auto pid = static_cast<std::uint64_t>(gateway.pid);
  l.gateway_check.store(0, std::memory_order_seq_cst);
  l.gateway_pid.store(pid, std::memory_order_seq_cst);
  l.gateway_ticks.store(gateway.start_ticks, std::memory_order_seq_cst);
  l.gateway_check.store(pid ^ gateway.start_ticks ^ kMagic, std::memory_order_seq_cst);
}

bool Latch::path_is_ours() const {
  struct stat ours {};
  struct stat named {};
  if (fstat(fd_.get(), &ours) != 0 || lstat(path_.c_str(), &named) != 0) return false;
  // Every reason for which `attach` refuses: while a killer can't open it, nobody may trade on it.
  return ours.st_dev == named.st_dev && ours.st_ino == named.st_ino &&
         static_cast<std::size_t>(named.st_size) == kFileBytes && intact() &&
         layout().inode.load(std::memory_order_relaxed) == ours.st_ino && load().epoch() != 0;
}

}  // namespace levi::latch
