#include "core/levid/persist.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <map>
#include <string_view>

#include "core/base/sabotage.h"
#include "core/os/clock.h"
#include "core/os/loop.h"
#include "core/os/thread.h"
#include "core/store/projector.h"

namespace levi::levid {
namespace {

constexpr Nanos kTurn{
    4ms};  // how often the ring is looked at: durability lags by this and one fdatasync
constexpr Nanos kRetry{100ms};  // after a database that was locked, or a disk that was full
constexpr std::uint64_t kSnapshotRecordsMin =
    10'000;                          // a snapshot that saves less replay is not worth its fsync
constexpr Nanos kStoreWaitMax{60s};  // sabotage only

}  // namespace

struct Persist::Impl {
  PersistOptions options;
  control::SharedStatus& status;
  journal::Persister persister;
  store::Projector projector;
  os::Loop loop;
  os::Waker stop_waker{loop, [this] { loop.stop(); }};
  os::Thread thread;
  std::atomic<std::uint64_t> store_committed{0};
  RecordSequence snapshot_at;
  MonoTime snapshot_due;
  bool snapshot_tried = false;
  MonoTime store_retry;
  std::map<std::string_view, std::string> problems;  // the last one of each of our tasks

  Impl(PersistOptions given, control::SharedStatus& shared, journal::Persister ring_copier,
       store::Projector follower)
      : options(std::move(given)),
        status(shared),
        persister(std::move(ring_copier)),
        projector(std::move(follower)),
        snapshot_at(options.snapshot_at),
        snapshot_due(os::mono_now() + options.snapshot_every) {}

  void note(const char* what, const Status& done) {
    const std::string problem = done ? std::string() : done.error().text();
    std::string& last = problems[what];
    if (problem == last) return;
    last = problem;
    if (problem.empty()) {
      spdlog::info("persist: {}: well again", what);
    } else {
      spdlog::error("persist: {}: {}", what, problem);
    }
  }

  // False when the disk does not take the journal.
  bool copy_journal() {
    const auto copied = persister.run_once();
    status.journal_ok.store(copied.has_value(), std::memory_order_relaxed);
    status.journal_durable.store(persister.durable().value, std::memory_order_relaxed);
    note("journal", copied ? ok() : Status(copied.error()));
    return copied.has_value();
  }

  bool project() {
    if (os::mono_now() < store_retry) return false;
    const Status projected = sabotaged(Defence::kAsyncStore)
                                 ? projector.commit_now(persister.durable(), kStoreWaitMax)
                                 : projector.step(persister.durable());
    status.store_ok.store(projected.has_value(), std::memory_order_relaxed);
    status.store_applied.store(projector.committed().value, std::memory_order_relaxed);
    store_committed.store(projector.committed().value, std::memory_order_release);
    if (!projected) store_retry = os::mono_now() + kRetry;
    note("store", projected);
    for (const std::string& notice : projector.take_notices()) spdlog::warn("store: {}", notice);
    return projected.has_value();
  }

  // The first one as soon as what was replayed is behind it: a core that never lives for long
  // would else replay more at each start.
  bool snapshot_is_due() const {
    if (os::mono_now() >= snapshot_due) return true;
    return !snapshot_tried && projector.machine_at() >= options.replayed_to;
  }

  void snapshot() {
    const RecordSequence at = projector.machine_at();
    if (at.value < snapshot_at.value + kSnapshotRecordsMin) return;
    snapshot_tried = true;
    snapshot_due = os::mono_now() + options.snapshot_every;
    const Status written =
        persister.write_snapshot(machine::kMachineVersion, at, projector.machine().serialize());
    note("snapshot", written);
    if (written) snapshot_at = at;
  }

  void turn() {
    status.persist_round_ns.store(os::mono_now().ns, std::memory_order_relaxed);
    const bool copied = copy_journal();
    static_cast<void>(project());
    if (copied && snapshot_is_due()) snapshot();
    loop.after(copied ? kTurn : kRetry, [this] { turn(); });
  }

  // At a clean stop: until there is nothing new, so that the next start finds everything on disk.
  void finish() {
    while (true) {
      const auto copied = persister.run_once();
      if (!copied || copied.value() == 0) break;
    }
    const RecordSequence durable = persister.durable();
    for (std::uint64_t before = 0; projector.committed().value < durable.value;) {
      before = projector.committed().value;
      if (!projector.step(durable) || projector.committed().value == before) break;
    }
    snapshot();
    status.journal_durable.store(durable.value);
    status.store_applied.store(projector.committed().value);
  }
};

Persist::Persist(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Persist::~Persist() { stop(); }

Result<std::unique_ptr<Persist>> Persist::start(PersistOptions options, journal::RingHandle ring,
                                                control::SharedStatus& status) {
  LEVI_TRY(persister, journal::Persister::open(ring, options.paths, options.journal));
  LEVI_TRY(projector,
           store::Projector::open({options.store, options.paths, *options.journal.identity,
                                   store::kPendingRowsMax, options.store_kept},
                                  std::move(ring)));
  auto impl = std::make_unique<Impl>(std::move(options), status, std::move(persister),
                                     std::move(projector));
  Impl* self = impl.get();
  self->thread = os::start_thread("persist", [self] {
    self->turn();
    self->loop.run();
    self->finish();
  });
  return std::unique_ptr<Persist>(new Persist(std::move(impl)));
}

void Persist::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->stop_waker.wake();
  impl_->thread.join();
}

void Persist::wait_for_store(RecordSequence sequence) const {
  os::Loop pause;
  while (impl_->store_committed.load(std::memory_order_acquire) < sequence.value &&
         impl_->thread.joinable()) {
    pause.run_until(os::mono_now() + 200us);
  }
}

}  // namespace levi::levid
