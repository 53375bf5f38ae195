// One connection slot of the control port: its descriptor, what it waits for, and its two fixed
// buffers. Private to core/control.
//
// Metadata and buffers are apart, so that a look over all slots stays within a few cache lines.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/fixed_string.h"
#include "core/base/instant.h"
#include "core/control/audit_entry.h"
#include "core/control/request.h"
#include "core/control/stop_request.h"
#include "core/os/fd.h"

namespace levi::control {

inline constexpr std::size_t kAnswerBytesMax = 16 * 1024;
inline constexpr std::size_t kHeadRoom =
    256;  // the head is written in front of the body, once that is known

enum class Waits : std::uint8_t {
  kFree,
  kRequest,  // for bytes of a request
  kAudit,    // a release, for its line in the audit chain
  kTrading,  // a release, for the trading thread
  kEnd,  // answered for good: reads and drops until the peer closes, so that no RST eats the answer
};

struct Connection {
  os::Fd fd;
  Waits waits = Waits::kFree;
  bool close_after = false;  // the answer
  bool peer_ended = false;   // sent FIN: it may still read
  bool continued = false;    // 100 Continue was sent for this request
  bool mute = false;         // no more answers: the connection is given up
  bool serving = false;      // `serve` is on the stack
  std::uint32_t interest = 0;
  std::uint32_t generation = 0;
  std::uint32_t in_used = 0;
  std::uint32_t out_begin = 0;
  std::uint32_t out_end = 0;
  std::uint32_t dropped = 0;  // bytes, in kEnd
  MonoTime last_activity;
  MonoTime deadline = kNever;
  MonoTime begun;            // the request in work
  std::uint64_t ticket = 0;  // kAudit
  std::uint64_t number = 0;  // kTrading: the Command's request number
  FixedString<47> peer;

  bool has_output() const { return out_begin < out_end; }
};

struct ConnectionBuffers {  // not initialised: a slot that was never used costs no memory
  std::array<char, kRequestBytesMax> in;
  std::array<char, kAnswerBytesMax> out;
};

struct ConnectionNotes {
  StopRequest release;  // in kAudit and kTrading
  AuditEntry entry;     // the line for the audit chain
};

}  // namespace levi::control
