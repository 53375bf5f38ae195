// The journal: a ring on tmpfs (a memory write, survives SIGKILL), copied by the persist thread to fallocated segments.
//
// Writer: levid's trading thread, the only appender; never blocks, never touches a disk. Persister: the persist thread, copies,
// fdatasyncs, advances the durable watermark, writes snapshots. Readers: any thread of levid, or a process that maps the ring.
// After a crash: damage below the watermark is refused with the offset; above it, cut and counted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/journal/record.h"

namespace levi::journal {

struct Paths {
  std::string ring;      // <runtime>/journal.ring
  std::string segments;  // <data>/journal
};

struct Options {
  std::size_t ring_bytes = 64u << 20;
  std::size_t segment_bytes = 16u << 20;
  std::uint32_t segments_kept_min = 4;  // beyond what snapshots make unnecessary
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
  std::uint64_t records_cut = 0;       // damaged, above the watermark
  std::optional<RecordSequence> snapshot;
  bool ring_found = false;             // false after a reboot: what was above the watermark is gone
};

// Visits the newest usable snapshot (if `on_snapshot` accepts it), then every record behind it in order: segments first, then the
// ring. kCorrupt names file and offset.
struct ReplayHandlers {
  std::function<Status(std::uint32_t machine_version, RecordSequence at, std::string_view body)> on_snapshot;
  std::function<Status(const Record& record)> on_record;
};
Result<Recovered> replay(const Paths& paths, const Options& options, const ReplayHandlers& handlers);

// Appends. `kBusy` would mean a full ring: the writer instead reports `fill()` and levid halts long before.
class Writer {
 public:
  // After `replay`: continues behind `last`, repairs the ring's tail, starts a new segment for this incarnation.
  static Result<Writer> open(const Paths& paths, const Options& options, const Recovered& recovered, Incarnation incarnation);
  Writer(Writer&&) noexcept;
  ~Writer();
  // LEVI_CHECKs that the body fits. Returns 0 when the ring is full (the caller must already be halted).
  RecordSequence append(std::uint16_t type, std::string_view body, Instant instant);
  double fill() const;  // 0..1: how much of the ring is not yet durable
  RecordSequence last() const;

 private:
  struct Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Follows the ring from a sequence on, from another thread or process.
class Follower {
 public:
  // kNotFound when `after` has already been overwritten in the ring: start from a snapshot or segments instead.
  static Result<Follower> open(const std::string& ring_path, RecordSequence after);
  Follower(Follower&&) noexcept;
  ~Follower();
  // The next record, copied out; nullopt when there is none yet; kConflict when the writer lapped this reader.
  Result<std::optional<Record>> next();
  // Sleeps until something was appended (futex on the ring) or the timeout passed.
  void wait(Nanos timeout);

 private:
  struct Impl;
  explicit Follower(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The persist thread's half: copies ring to segments in batches, fdatasync, watermark; snapshots; retention.
class Persister {
 public:
  static Result<Persister> open(const Paths& paths, const Options& options);
  Persister(Persister&&) noexcept;
  ~Persister();
  // Copies what is there (up to a named batch limit), makes it durable; returns the records made durable.
  Result<std::uint64_t> run_once();
  RecordSequence durable() const;
  // Beside, fsynced, renamed; then segments that are no longer needed go.
  Status write_snapshot(std::uint32_t machine_version, RecordSequence at, std::string_view body);

 private:
  struct Impl;
  explicit Persister(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// <data>/incarnation: "instance <id>\nincarnation <n>\n". Takes the next one, fsynced before it returns. A data folder without
// the file gets a new random instance id (`created` true: the latch is then held as kNewInstance).
struct Identity {
  InstanceId instance;
  Incarnation incarnation;
  bool created = false;
};
Result<Identity> take_incarnation(const std::string& data_folder);

}  // namespace levi::journal
