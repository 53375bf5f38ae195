// The kill itself, and what is answered about the latch: one code for the control port and the API
// port.
//
// `kill_now` is the whole path: seal, a drain of at most `drain_max`, the order sockets aborted
// where it did not drain. It allocates nothing, takes no lock and calls the system only for what
// the seal needs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "core/base/fixed_string.h"
#include "core/base/instant.h"
#include "core/control/facts.h"
#include "core/control/shared.h"
#include "core/control/stop_request.h"
#include "core/control/writer.h"
#include "core/latch/latch.h"

namespace levi::control {

struct KillOutcome {
  latch::Sealed sealed;
  bool aborted = false;
};
KillOutcome kill_now(latch::Latch& latch, const StopRequest& request, Instant wall, Nanos drain_max,
                     const std::function<void()>& abort_order_sockets);

// Why a release may not even be tried; nothing means it may.
struct ReleaseRefusal {
  int status = 0;  // 400, 409
  FixedString<191> why;
};
std::optional<ReleaseRefusal> check_release(const latch::Latch& latch, const StopRequest& request);

// The Command that asks the trading thread to open the latch: pinned to the epoch that is current
// now, so that a kill which comes between wins.
machine::Command release_command(const latch::Latch& latch, const StopRequest& request,
                                 std::uint64_t number);

// Bodies. `holders` arrays are names only; the state has each holder's slot.
void write_kill(Writer& out, const KillOutcome& outcome, const StopRequest& request);
void write_release(Writer& out, latch::Word word, std::string_view message);
void write_latch_state(Writer& out, const latch::Latch& latch, const SharedStatus& status,
                       MonoTime now);
// What the trading thread last said, with the age of that: older than `round_age_max`, it is not
// `active`, whatever it said.
void write_live_status(Writer& out, const latch::Latch& latch, const SharedStatus& status,
                       const Facts& facts, Nanos round_age_max, MonoTime now);
void write_problem(Writer& out, int status, std::string_view detail);  // RFC 9457
const char* http_title(int status);

// The HTTP status for an answer of the trading thread.
int http_status(machine::AnswerCode code);

}  // namespace levi::control
