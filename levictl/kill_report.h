// What `levictl kill` came to: from the ways that were pressed to one verdict, in words, as JSON
// and as an exit code. Pure; plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"

namespace levi::cli {

// One way's outcome.
struct KillWay {
  std::string way;              // "api", "control port", "control socket", "latch file", "venue"
  bool reached = false;         // it was answered, or the file was there: something was done
  bool sealed = false;          // the latch is sealed by this way; the venue seals nothing
  bool drained = false;         // and nothing up to `sequence` can leave any more
  std::uint64_t epoch = 0;      // of this way's own seal: each seals anew
  std::uint64_t sequence = 0;   // S of that seal: nothing above it was or will be sent
  std::optional<bool> aborted;  // by HTTP: levid reset its order connections
  std::optional<std::string> fence;  // by file: "drained", "gateway dead", "fenced", "undrained"
  std::optional<std::uint64_t> cancelled;  // by the venue
  std::optional<std::uint64_t> open;       // there, after the last question
  MonoTime begun;                          // this host's monotonic clock, just before the press
  Nanos took{0};
  std::string error;  // "unreachable: ...", or what went wrong after it was reached

  std::string text() const;  // "sealed at epoch 7, S 1234, drained"
};

// What still is open, by the best knowledge at hand: the core's, else the venue's. A core whose
// trading thread hangs still answers, with a count that nobody keeps up any more.
struct OpenOrders {
  bool known = false;
  bool stale = false;  // not known, and worth asking again
  std::uint64_t count = 0;
  std::string by;      // "the core", "the venue"
  bool waited = true;  // false: `stale`, and nobody waited for the trading thread to come round
};

struct KillReport {
  std::vector<KillWay> ways;
  OpenOrders open;
  bool reached = false;
  bool sealed = false;
  bool drained = false;
  // Of the lowest epoch among the seals: once it was set, nothing above its S may leave, whatever
  // the later seals of the same command read.
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  bool interrupted = false;  // Ctrl-C while it was waited for: what is said here holds all the same

  // 0: sealed, drained, known that no order is open, and the venue's way did what it was asked for.
  // 4: interrupted before that. 3: nothing was reached. 1: anything between.
  int exit_code() const;
  std::string json() const;
  std::string verdict(const std::string& holder) const;  // the last lines, for a person

 private:
  const KillWay* failed_venue() const;
  std::string open_text() const;
};

// `drained_since`: seen later, by the latch itself.
KillReport judge_kill(std::vector<KillWay> ways, OpenOrders open, bool drained_since);

}  // namespace levi::cli
