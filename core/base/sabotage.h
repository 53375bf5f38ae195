// Defences that can be switched off by name, for negative controls only (DESIGN §7).
//
// Which answer is linked decides: levid links levi_sabotage_off, where every question is answered
// no and no switch exists; levid-sabotage, never packaged, links levi_sabotage_on, which reads
// LEVI_SABOTAGE="takeover,reconnect".
#pragma once

namespace levi {

enum class Defence {
  kTakeover,     // a dead engine is replaced by the warm standby
  kReconnect,    // a dropped feed is reopened
  kWatchdog,     // a silent subscription is noticed
  kAsyncStore,   // the store runs behind the journal; without it every order waits for the store's
                 // commit
  kLatchCheck,   // the gateway loads the latch word before each send, the trading thread each round
  kIncarnation,  // each start takes a new incarnation, so that client order ids are never reused
  kReconcile,    // at start, orders and fills are asked from the venue
  kAudit,        // changing requests are written to the audit chain
  kBookFills,    // every fill is booked; without it one in fifty never is, however often it comes
};
inline constexpr int kDefenceCount = 9;

const char* to_string(Defence defence);
bool sabotaged(Defence defence);

}  // namespace levi
