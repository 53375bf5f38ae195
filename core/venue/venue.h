// Venue: what an exchange adaptor offers to levid. `mexc` is the first.
//
// One thread (trading) owns and calls it; `emit` is called on that thread, from the loop, never
// from inside a call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/latch/latch.h"
#include "core/machine/event.h"
#include "core/machine/state.h"
#include "core/os/loop.h"
#include "core/venue/feed.h"
#include "core/venue/gateway.h"

namespace levi::venue {

struct VenueOptions {
  os::Endpoint rest;
  os::Endpoint websocket;      // usually the same host and port, path /ws
  std::string websocket_host;  // for the Host header; empty: websocket.text()
  std::string websocket_path = "/ws";
  GatewayOptions gateway;
  std::vector<std::string> symbols;
  // What the journal knows of: orders in these can be cancelled and asked for before
  // `load_instruments` has succeeded, and in those that `symbols` no longer names.
  std::vector<machine::InstrumentDefined> journalled;
  Nanos data_age_max{1s};     // the watchdog's limit per subscription
  bool use_websocket = true;  // MEXC_USE_WS=false forces polling
  std::uint64_t jitter_seed = 0;
  unsigned depth_levels_max = 1000;
  std::string update_speed = "10ms";  // or "100ms"
  Nanos renew_after{23h};  // a socket's age at which it is replaced; the venue ends it at 24 h
  Nanos listen_key_extend{20min};  // the venue forgets the key after 60 min
  Nanos ping_every{8s};
  Nanos poll_every{250ms};  // REST polling: between two questions, over all symbols
};

class Venue {
 public:
  using Emit = std::function<void(const machine::Event&)>;
  virtual ~Venue() = default;
  // At start-up: asks serverTime (a clock offset beyond 1 s is an error that names it), then the
  // key and its signature, then exchangeInfo for the symbols. Returns at once; `done` is called
  // once, by the loop, each question within the gateway's answer_timeout. A second call forgets the
  // first one's `done`. kUnreachable: no answer, worth another try; kRefused: clock or key, to be
  // mended; kInvalid: the venue has none of the symbols. One that it does not have is left out,
  // and `trouble` names it.
  using Loaded = std::function<void(Result<std::vector<machine::InstrumentDefined>>)>;
  virtual void load_instruments(Loaded done) = 0;
  // The same instruments with the ids that levid gave them: from now on they are traded.
  virtual void set_instruments(const std::vector<machine::InstrumentDefined>& instruments) = 0;
  virtual Gateway& gateway() = 0;
  virtual Feed& market() = 0;
  virtual Feed& private_stream() = 0;
  // Reconciliation (DESIGN §4 "At start"): for each symbol, active ones first, asks what is open,
  // each of our live orders that is not among them, and the trades since `since`; emits
  // ReconcileStarted, VenueFill, VenueOrderState, ForeignOrder, then ReconcileDone. Repeats each
  // question until the venue answers. Also to be called when the private stream comes up again
  // after a loss (FeedUp of kPrivateSource with since_down > 0): pushes were missed. A second call
  // while one runs starts over.
  virtual void reconcile(const machine::State& state, Instant since) = 0;
  virtual bool reconciling() const = 0;
  virtual Nanos clock_offset() const = 0;  // venue minus wall
  // What is not as it should be while trading goes on, for /health and the log; empty: nothing.
  virtual std::string trouble() const = 0;
  // Trades whose fee is in an asset that we can't count, and counts as none.
  virtual std::uint64_t fees_unknown() const = 0;
};

// kInvalid: options that can never work (an empty key, an update speed that the venue does not
// have); kUnsupported without HMAC-SHA256.
Result<std::unique_ptr<Venue>> make_mexc(os::Loop& loop, latch::Latch& latch, VenueOptions options,
                                         Venue::Emit emit);

}  // namespace levi::venue
