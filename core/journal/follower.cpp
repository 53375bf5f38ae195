#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/journal/ring.h"
#include "core/os/clock.h"
#include "core/os/futex.h"

namespace levi::journal {
namespace {

constexpr Nanos kLookEvery = 200ms;         // whether the ring's file was replaced
constexpr Nanos kLookWithoutBarrier = 1ms;  // a wake-up may be missed where membarrier is not there

// The writer stores a record, then looks at `waiting`, without a barrier in between. We store
// `waiting`, make every running writer pass a barrier, then look at the record: one of us sees the
// other.
bool barrier_on_writers() {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) == 0;
}

}  // namespace

struct Follower::Impl {
  RingHandle ring;
  bool by_path =
      false;  // looks for a new ring in its place; a handle's ring lives as long as levid
  std::uint64_t position = 0;
  RecordSequence last;
  std::array<std::byte, kRecordBytesMax> buffer;

  bool something_there() const {
    return static_cast<std::uint32_t>(ring->first_word(position)) != 0;
  }
  Status follow_replacement();
  Result<std::optional<Record>> lapped_or(const char* what) const;
};

Follower::Follower(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Follower::Follower(Follower&&) noexcept = default;
Follower& Follower::operator=(Follower&&) noexcept = default;
Follower::~Follower() = default;

Result<Follower> Follower::open(const RingHandle& ring, RecordSequence after) {
  LEVI_TRY(position, ring->find(after));
  auto impl = std::make_unique<Impl>();
  impl->ring = ring;
  impl->position = position;
  impl->last = after;
  return Follower(std::move(impl));
}

Result<Follower> Follower::open(const std::string& ring_path, RecordSequence after) {
  LEVI_TRY(ring, Ring::attach(ring_path));
  LEVI_TRY(follower, open(ring, after));
  follower.impl_->by_path = true;
  return follower;
}

// The old ring's records were all read: what was above the watermark and not in the new ring was
// cut.
Status Follower::Impl::follow_replacement() {
  LEVI_TRY(fresh, Ring::attach(ring->path()));
  LEVI_TRY(found, fresh->find(last));
  ring = std::move(fresh);
  position = found;
  return ok();
}

Result<std::optional<Record>> Follower::Impl::lapped_or(const char* what) const {
  const std::string here = "record " + std::to_string(last.value + 1) + " in " + ring->path();
  if (ring->lapped(position)) {
    return error(ErrorCode::kConflict, here + " was overwritten before it was read");
  }
  return error(ErrorCode::kCorrupt, here + " " + what);
}

Result<std::optional<Record>> Follower::next() {
  Impl& f = *impl_;
  RecordView view;
  for (;;) {  // at most two rounds: a padding record is followed by a record or the end
    const Parsed parsed = f.ring->copy(f.position, f.buffer, view);
    if (parsed == Parsed::kDamaged || f.ring->lapped(f.position)) {
      return f.lapped_or("does not match its CRC");
    }
    if (parsed == Parsed::kEnd) return std::optional<Record>{};
    const std::uint64_t behind = f.ring->normalized(f.position + stride_of(view.header.length));
    if (parsed == Parsed::kPadding) {
      f.position = behind;
      continue;
    }
    if (view.header.sequence != f.last.value + 1) return f.lapped_or("has another sequence");
    f.position = behind;
    f.last = {view.header.sequence};
    return std::optional(Record{f.last,
                                view.header.type,
                                {view.header.incarnation},
                                {view.header.instant_ns},
                                {reinterpret_cast<const char*>(view.body), view.body_bytes}});
  }
}

void Follower::wait(Nanos timeout) {
  Impl& f = *impl_;
  const MonoTime deadline = os::mono_now() + timeout;
  for (MonoTime now = os::mono_now(); now < deadline; now = os::mono_now()) {
    if (f.something_there()) return;
    if (f.by_path && f.ring->replaced() && f.follow_replacement()) continue;
    RingHeader& header = f.ring->header();
    const std::uint32_t wakes = header.wakes.load(std::memory_order_acquire);
    header.waiting.store(1, std::memory_order_seq_cst);
    const Nanos slice = barrier_on_writers() ? kLookEvery : kLookWithoutBarrier;
    if (f.something_there()) return;
    os::futex_wait(os::futex_word(header.wakes), wakes, std::min(deadline, now + slice));
  }
}

}  // namespace levi::journal
