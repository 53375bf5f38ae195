#include "core/base/check.h"
#include "core/base/sabotage.h"

namespace levi {

const char* to_string(Defence defence) {
  switch (defence) {
    case Defence::kTakeover:
      return "takeover";
    case Defence::kReconnect:
      return "reconnect";
    case Defence::kWatchdog:
      return "watchdog";
    case Defence::kAsyncStore:
      return "async-store";
    case Defence::kLatchCheck:
      return "latch-check";
    case Defence::kIncarnation:
      return "incarnation";
    case Defence::kReconcile:
      return "reconcile";
    case Defence::kAudit:
      return "audit";
    case Defence::kBookFills:
      return "book-fills";
  }
  LEVI_UNREACHABLE();
}

}  // namespace levi
