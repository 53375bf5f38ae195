// Venue: what an exchange adaptor offers to levid. `mexc` is the first.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/machine/event.h"
#include "core/venue/feed.h"
#include "core/venue/gateway.h"

namespace levi::venue {

struct VenueOptions {
  os::Endpoint rest;
  os::Endpoint websocket;  // usually the same host and port, path /ws
  std::string websocket_path = "/ws";
  GatewayOptions gateway;
  std::vector<std::string> symbols;
  Nanos data_age_max{1s};        // the watchdog's limit per subscription
  Nanos polling_after{5s};       // WebSocket down for longer: REST polling
  bool use_websocket = true;     // MEXC_USE_WS=false forces polling
  std::uint64_t jitter_seed = 0;
  unsigned depth_levels_max = 1000;
  std::string update_speed = "10ms";  // or "100ms"
};

class Venue {
 public:
  using Emit = std::function<void(const machine::Event&)>;
  virtual ~Venue() = default;
  // Blocking, at start-up only: serverTime (clock offset beyond 1 s is an error that names it) and exchangeInfo for the symbols.
  virtual Result<std::vector<machine::InstrumentDefined>> load_instruments() = 0;
  // The same instruments with the ids that levid gave them; before anything else is asked of the venue.
  virtual void set_instruments(const std::vector<machine::InstrumentDefined>& instruments) = 0;
  virtual Gateway& gateway() = 0;
  virtual Feed& market() = 0;
  virtual Feed& private_stream() = 0;
  // Reconciliation (DESIGN §4 "At start"): asks open orders and trades since `since` for each symbol, active ones first, emits
  // ReconcileStarted, VenueOrderState, VenueFill, ForeignOrder, then ReconcileDone. Repeats itself until the venue answers.
  virtual void reconcile(const machine::State& state, Instant since) = 0;
  virtual Nanos clock_offset() const = 0;  // venue minus wall
};

std::unique_ptr<Venue> make_mexc(os::Loop& loop, latch::Latch& latch, VenueOptions options, Venue::Emit emit);

}  // namespace levi::venue
