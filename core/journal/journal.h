// The journal: a ring on tmpfs (a memory write, survives SIGKILL), copied by the persist thread to
// fallocated segments (docs/journal-format.md).
//
// Writer: levid's trading thread, the only appender; never blocks, never touches a disk. Persister:
// the persist thread, copies, fdatasyncs, advances the durable watermark, writes snapshots.
// Followers and Readers: any thread of levid, or a process that maps the ring. After a crash:
// damage below the watermark is refused with file and offset; above it, cut and counted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/journal/record.h"

namespace levi::journal {

struct Paths {
  std::string ring;      // <runtime>/journal.ring
  std::string segments;  // <data>/journal
};

// Whose journal it is. <data>/incarnation: "instance <id>\nincarnation <n>\nfolder <inode>
// <birth>\n", then a line "ancestor <id>" per instance that this folder was copied from.
struct Identity {
  InstanceId instance;
  Incarnation incarnation;
  bool created = false;  // a new data folder, or a copy: the latch is then held as kNewInstance
  bool copied = false;   // the folder's inode or birth time is not the one that was written down
  std::vector<InstanceId> ancestors;  // their segments and snapshots are read, their ring is not
};
// Takes the next incarnation, fsynced before it returns. A data folder without the file, and a
// restored copy of one, gets a new random instance id. kCorrupt: an unreadable file is never
// replaced silently, client order ids depend on it.
Result<Identity> take_incarnation(const std::string& data_folder);

struct Options {
  std::size_t ring_bytes =
      64u << 20;  // of a new ring; rounded up to a power of two, at least 64 KiB
  std::size_t segment_bytes = 16u << 20;
  std::uint32_t segments_kept_min = 4;  // beyond what snapshots make unnecessary
  // Without it (tools that only read) no instance is compared; Writer::open needs it.
  std::optional<Identity> identity;
};

struct Record {
  RecordSequence sequence;
  std::uint16_t type = 0;
  Incarnation incarnation;
  Instant instant;
  std::string_view body;  // valid until the next call of the reader that gave it
};

// What start-up found. `last` is the end of the rebuilt journal.
struct Recovered {
  RecordSequence last;
  Instant last_instant;
  std::uint64_t records_replayed = 0;
  std::uint64_t records_cut = 0;  // damaged, above the watermark; at least this many
  std::optional<RecordSequence> snapshot;
  std::uint32_t snapshots_refused =
      0;                     // newer ones that were damaged, or that `on_snapshot` refused
  bool ring_found = false;   // false after a reboot: what was above the watermark is gone
  std::string ring_damaged;  // how, where a ring stood there that can't be read: gone as well
  RecordSequence durable;    // the watermark

  std::uint64_t ring_position = 0;  // for Writer::open: where the ring's good part ends
  bool ring_is_behind = false;      // that is before `last`, which the segments have: made anew
  std::uint32_t segment_last = 0;   // highest number in use
};

// Visits the newest usable snapshot (if `on_snapshot` accepts it, else the one before), then every
// record behind it in order: segments first, then the ring. A ring whose header is damaged is no
// error: all that it alone held is above the watermark. Changes no file. kCorrupt names file and
// offset; kConflict: the ring or a file belongs to another instance; kUnsupported: a format of
// another build. An error of `on_record` ends it and is returned, with file and offset.
struct ReplayHandlers {
  std::function<Status(std::uint32_t machine_version, RecordSequence at, std::string_view body)>
      on_snapshot;
  std::function<Status(const Record& record)> on_record;
};
Result<Recovered> replay(const Paths& paths, const Options& options,
                         const ReplayHandlers& handlers);

// The mapped ring. Threads of one process share one mapping (Writer::ring): each further one costs
// 2 ms when the process dies, and its death is a measure. Hence the shared_ptr.
class Ring;
using RingHandle = std::shared_ptr<Ring>;

RecordSequence last_appended(const RingHandle& ring);

// Appends. A full ring is not waited for: the writer reports `fill()` and levid halts long before.
class Writer {
 public:
  // After `replay`: continues behind `last`, repairs the ring's tail (or makes a new ring; a
  // damaged one is kept beside, as <ring>.damaged-<n>), starts a new segment for this incarnation.
  static Result<Writer> open(const Paths& paths, const Options& options, const Recovered& recovered,
                             Incarnation incarnation);
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();
  // LEVI_CHECKs that the body fits and that `instant` does not run backwards. Returns 0 when the
  // ring is full, or was truncated by somebody (the caller must already be halted).
  RecordSequence append(std::uint16_t type, std::string_view body, Instant instant);
  double fill() const;  // 0..1: how much of the ring is not yet durable; 1 when it is damaged
  RecordSequence last() const;
  const RingHandle& ring() const;  // for Followers, Readers and the Persister of this process

 private:
  struct Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Follows the ring from a sequence on, from another thread or process. Stays good while levid dies
// and is started again, also when that start had to make a new ring.
class Follower {
 public:
  // kNotFound when `after` has already been overwritten in the ring, or there is no ring: start
  // from a snapshot or segments instead. kInvalid when `after` is in the future.
  static Result<Follower> open(const std::string& ring_path, RecordSequence after);
  static Result<Follower> open(const RingHandle& ring, RecordSequence after);
  Follower(Follower&&) noexcept;
  Follower& operator=(Follower&&) noexcept;
  ~Follower();
  // The next record, copied out; nullopt when there is none yet; kConflict when the writer lapped
  // this reader (it stays lapped: open another behind what you have).
  Result<std::optional<Record>> next();
  // Sleeps until something was appended (futex on the ring) or the timeout passed. For tools: it
  // costs the writer a system call. Threads of levid look from a timer of their loop instead.
  void wait(Nanos timeout);

 private:
  struct Impl;
  explicit Follower(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Reads from any sequence that is still there: durable records from the segments, then the ring,
// and back to the segments when the writer laps it.
class Reader {
 public:
  // `ring` may be null: it is then opened by path. kNotFound when the journal no longer reaches
  // back to `after` + 1; the message says how far it does.
  static Result<Reader> open(const Paths& paths, RingHandle ring, RecordSequence after);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();
  Result<std::optional<Record>> next();  // nullopt: none yet

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The sequence of the oldest record that the segments (or, without any, the ring) still hold; 0
// when there is none.
Result<RecordSequence> oldest_record(const Paths& paths);

// The persist thread's half: copies ring to segments in batches, fdatasync, watermark; snapshots;
// retention. Every failure leaves the watermark where it was and may be retried; until one succeeds
// the ring fills, so the caller takes the latch.
class Persister {
 public:
  static Result<Persister> open(const Paths& paths, const Options& options);
  static Result<Persister> open(const RingHandle& ring, const Paths& paths, const Options& options);
  Persister(Persister&&) noexcept;
  Persister& operator=(Persister&&) noexcept;
  ~Persister();
  // Copies what is there (at most kBatchBytesMax), makes it durable; returns the records made
  // durable. With nothing new it may still write the watermark down. kIo: full or read-only disk;
  // kCorrupt: the ring's bytes contradict their CRC.
  Result<std::uint64_t> run_once();
  RecordSequence durable() const;
  // Beside, fsynced, renamed; then segments that are no longer needed go. kInvalid when `at` is not
  // durable yet. The two newest snapshots are kept, so that a damaged one is no loss.
  Status write_snapshot(std::uint32_t machine_version, RecordSequence at, std::string_view body);

 private:
  struct Impl;
  explicit Persister(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::size_t kBatchBytesMax = 4u << 20;

struct Snapshot {
  RecordSequence at;
  std::uint32_t machine_version = 0;
  Instant instant;  // of the last durable record when it was written: not before `at`'s
  InstanceId instance;
  std::string body;
};
// Sequences of the snapshots that are there, newest first; and one of them, checked.
Result<std::vector<RecordSequence>> list_snapshots(const Paths& paths);
Result<Snapshot> read_snapshot(const Paths& paths, RecordSequence at);

}  // namespace levi::journal
