// The kill latch: one small mapped file on tmpfs that says whether orders may leave (DESIGN §5, docs/kill-latch.md).
//
// The word: bits 0..23 holders, bits 24..63 epoch. Any holder bit set, a missing, short or damaged file: sealed.
// Killers (control thread, API thread, `levictl kill` in another process) seal through a Latch opened by `attach`; they
// never create, rename or truncate the file. Only a live levid creates it and opens the word. Every access to the word,
// `in_flight` and `last_sequence` is sequentially consistent: with release/acquire the handshake fails (measured).
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/instant.h"
#include "core/base/latch_word.h"
#include "core/base/result.h"
#include "core/os/file.h"

namespace levi::latch {

const char* to_string(Holder holder);                        // "operator", "daily-loss", "chaos", ...
std::optional<Holder> parse_holder(std::string_view text);

struct Slot {  // beside the word: who sealed last as this holder, and why
  std::string reason;
  std::string actor;   // a person, or "chaos:<run>"
  Instant wall;
  std::uint64_t epoch = 0;
};

// What a seal achieved. `in_flight_zero` false: the drain deadline passed and the order sockets must be aborted.
struct Sealed {
  Word word;
  std::uint64_t sequence = 0;  // S = max(last_sequence, in_flight): nothing above it was or will be sent
  bool in_flight_zero = false;
};

class Latch {
 public:
  // levid only: creates the file sealed (holder kNewInstance for a new instance) or opens the standing one; kUnsupported
  // where the folder is not tmpfs. The gateway's process identity is written into it.
  static Result<Latch> create(const std::string& path);
  // Everyone else. kNotFound, kCorrupt: the caller must treat that as sealed.
  static Result<Latch> attach(const std::string& path);

  Word load() const;

  // Sets the holder's bit, advances the epoch, reads in_flight; waits at most `drain_max` for it to become zero by
  // sleeping on it (futex), not by spinning. Allocates nothing: reason and actor are cut to their slot.
  Sealed seal(Holder holder, std::string_view actor, std::string_view reason, Instant wall, Nanos drain_max);

  // Clears one holder's bit by compare-exchange. `epoch_seen` 0 means the current one. kConflict when the epoch moved on.
  // levid's trading thread only, after the journal record is appended.
  Result<Word> release(Holder holder, std::uint64_t epoch_seen);

  // The gateway's half, around one non-blocking send. Returns false where sealed: nothing may be sent.
  bool begin_send(std::uint64_t sequence, std::uint64_t flatten_epoch = 0);  // in_flight = seq; load word
  void end_send(std::uint64_t sequence, bool sent);                           // last_sequence = seq if sent; in_flight = 0; wake
  std::uint64_t last_sequence() const;
  std::uint64_t in_flight() const;
  bool wait_drained(Nanos timeout) const;

  Slot slot(Holder holder) const;
  // Which process sends through this latch: (pid, start ticks). Killers check it by pidfd before they trust `in_flight`.
  struct Gateway {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
  };
  Gateway gateway() const;
  void set_gateway(Gateway gateway);
  // True while the path still names the mapped file (same device and inode): levid checks twice a second, seals itself else.
  bool path_is_ours() const;
  const std::string& path() const { return path_; }

 private:
  Latch(std::string path, os::Mapping mapping);
  struct Layout;
  Layout& layout() const;
  std::string path_;
  os::Mapping mapping_;
};

// `levictl kill`'s way by file, with levid alive, hung or dead: seal, then make sure that nothing can still be sent. A dead
// gateway is drained; one that is stopped and undrained after `fence_after` is SIGKILLed (unless told not to).
enum class Fence { kDrained, kGatewayDead, kFenced, kUndrained };
struct FileKill {
  Sealed sealed;
  Fence fence = Fence::kUndrained;
};
Result<FileKill> kill_by_file(const std::string& path, Holder holder, std::string_view actor, std::string_view reason,
                              Instant wall, Nanos fence_after, bool may_fence);

std::string default_runtime_folder(const std::string& data_folder);  // DESIGN §9
std::string latch_path(const std::string& runtime_folder);           // <runtime>/kill.latch

}  // namespace levi::latch
