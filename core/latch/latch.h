// The kill latch: one small mapped file on tmpfs that says whether orders may leave (DESIGN §5,
// docs/kill-latch.md).
//
// The word: bits 0..23 holders, bits 24..63 epoch. Any holder bit set, a missing, short or damaged
// file: sealed. Killers (control thread, API thread, `levictl kill` in another process) seal
// through a Latch opened by `attach`; they never create, rename or truncate the file. Only a live
// levid creates it and opens the word. Every access to the word, `in_flight` and `last_sequence` is
// sequentially consistent: with release/acquire the handshake fails (measured).
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fixed_string.h"
#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/base/latch_word.h"
#include "core/base/result.h"
#include "core/os/fd.h"
#include "core/os/file.h"
#include "core/os/mapping_guard.h"

namespace levi::latch {

const char* to_string(Holder holder);  // "operator", "daily-loss", "chaos", ...
std::optional<Holder> parse_holder(std::string_view text);

struct Slot {  // beside the word: who sealed last as this holder, and why
  std::string reason;
  std::string actor;  // a person, or "chaos:<run>"
  Instant wall;
  std::uint64_t epoch = 0;
};

struct SlotText {  // the same in place, for those who may not allocate (the control thread)
  FixedString<127> reason;
  FixedString<31> actor;
  Instant wall;
  std::uint64_t epoch = 0;
};

// What a seal achieved. `in_flight_zero` false: the drain deadline passed (or the file is damaged,
// so that nothing is known about the sender) and the order sockets must be aborted.
struct Sealed {
  Word word;  // as this seal left it: its own epoch, also when several killers seal at once
  std::uint64_t sequence =
      0;  // S = max(last_sequence, in_flight): nothing above it was or will be sent in this epoch
  bool in_flight_zero = false;
};

struct CreateOptions {
  // Empty: not compared. A standing latch of another instance is sealed as kNewInstance and its
  // sequences are forgotten.
  InstanceId instance;
  // Who holds a latch whose file was missing. levid gives kLatchFile where the instance is not new
  // (a reboot); a damaged file is always replaced by one that kLatchFile holds.
  Holder holder_if_missing = Holder::kNewInstance;
  // A file made anew counts on from here: the last epoch that the journal saw, so that an epoch is
  // not used twice.
  std::uint64_t epoch_after = 0;
};

class Latch {
 public:
  // levid only: creates the file sealed or opens the standing one as it stands, and writes this
  // process into it as the gateway. kUnsupported where the folder is not tmpfs; kBusy while another
  // levid lives on it (flock, held by the object).
  static Result<Latch> create(const std::string& path, const CreateOptions& options = {});
  // Everyone else. kNotFound, kCorrupt: the caller must treat that as sealed.
  static Result<Latch> attach(const std::string& path);

  Word load() const;

  // Sets the holder's bit, advances the epoch, reads in_flight; waits at most `drain_max` for it to
  // become zero by sleeping on it (futex), not by spinning. Allocates nothing, takes no lock:
  // reason and actor are cut to their slot.
  Sealed seal(Holder holder, std::string_view actor, std::string_view reason, Instant wall,
              Nanos drain_max);

  // Clears one holder's bit by compare-exchange. `epoch_seen` 0 means the current one. kConflict
  // when the epoch moved on, kCorrupt when the file is damaged. A bit that is not set is no error.
  // The epoch stays: several holders of one epoch can be released one after the other. levid's
  // trading thread only, after the journal record is appended.
  Result<Word> release(Holder holder, std::uint64_t epoch_seen);

  // The gateway's half, around one non-blocking send. in_flight = seq; load word. Returns false
  // where sealed: nothing may be sent, and in_flight is 0 again (no end_send). `flatten_epoch` not
  // 0: a flatten order, which passes exactly while the word's epoch is that one, sealed or not: any
  // new seal voids the grant.
  bool begin_send(std::uint64_t sequence, std::uint64_t flatten_epoch = 0);
  // last_sequence = seq if any byte may have left; in_flight = 0; wake.
  void end_send(std::uint64_t sequence, bool sent);
  std::uint64_t last_sequence() const;
  std::uint64_t in_flight() const;
  // Sleeps until the send that is in flight now is over; true at once when there is none.
  bool wait_drained(Nanos timeout) const;
  // False once the mapped file was truncated or its header damaged: the latch reads as sealed, and
  // nothing is known of the sender any more.
  bool intact() const;

  Slot slot(Holder holder) const;
  SlotText slot_text(Holder holder) const;
  // Which process sends through this latch: (pid, start ticks). Killers check it by pidfd before
  // they trust `in_flight`.
  struct Gateway {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
  };
  Gateway gateway() const;
  // Of the data folder that it belongs to; empty where it was made without one.
  InstanceId instance() const;
  void set_gateway(Gateway gateway);
  // True while the path still names the mapped file (same device and inode, whole) and a killer
  // could open it by its header: levid checks twice a second, seals itself else.
  bool path_is_ours() const;
  const std::string& path() const { return path_; }

 private:
  struct Layout;
  static Result<Latch> map(const std::string& path, os::Fd fd);
  static Result<Latch> make_anew(const std::string& path, const CreateOptions& options,
                                 Holder holder);
  Latch(std::string path, os::Fd fd, os::Mapping mapping);
  Status check_header() const;
  void adopt(const CreateOptions& options);
  bool wait_past(std::uint64_t sequence, Nanos timeout) const;
  void leave_section();
  Layout& layout() const;

  std::string path_;
  os::Fd fd_;  // the creator's flock lives with it
  os::Mapping mapping_;
  os::MappingGuard guard_;
};

// `levictl kill`'s way by file, with levid alive, hung or dead: seal, then make sure that nothing
// can still be sent. A dead gateway is drained; one that is undrained after `fence_after` and has
// no runnable thread (stopped, frozen, traced) is SIGKILLed, unless told not to. kUndrained: it may
// still send the one order S, never one above.
enum class Fence { kDrained, kGatewayDead, kFenced, kUndrained };
const char* to_string(Fence fence);
struct FileKill {
  Sealed sealed;
  Fence fence = Fence::kUndrained;
  Latch::Gateway gateway;
};
Result<FileKill> kill_by_file(const std::string& path, Holder holder, std::string_view actor,
                              std::string_view reason, Instant wall, Nanos fence_after,
                              bool may_fence);

std::string default_runtime_folder(const std::string& data_folder);  // DESIGN §9
// <data>/runtime: levid writes there which runtime folder it uses, because the default depends on
// its user and environment, which an operator's shell need not share.
Status record_runtime_folder(const std::string& data_folder, const std::string& runtime_folder);
// As recorded; the default where nothing is. kCorrupt: it does not name a folder.
Result<std::string> runtime_folder_of(const std::string& data_folder);
std::string latch_path(const std::string& runtime_folder);  // <runtime>/kill.latch

}  // namespace levi::latch
