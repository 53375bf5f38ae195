// Faults: what the exchange does wrong on purpose, and the proof that it did.
//
// One thread. A held fault (half_open, refuse, silence, clock_offset, latency, and skip_versions
// and lose_answer until their count is used up) carries a tag; `revert` takes back all of one tag,
// as often as it is called; a lease takes it back without a call. A reset is done at once and has
// nothing to take back. Every hit is kept with its time: that is what a chaos run is judged by.
// Each injection, hit and revert is also a ledger entry.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/admin/host.h"
#include "exchange/stream/push_hub.h"

namespace levi::exchange {

enum class FaultTarget : std::uint8_t { kMarket, kPrivate, kRest, kAll };
const char* to_string(FaultTarget target);

struct FaultSpec {
  FaultKind kind = FaultKind::kReset;
  std::string tag;
  FaultTarget on = FaultTarget::kAll;
  bool new_connections = false;  // half_open: those that come later, too
  std::int64_t count = 0;  // reset: at most so many (0: all); skip_versions, lose_answer: how often
  std::string match;       // silence: beginning of the channel's name; lose_answer, latency: path
  std::string method;      // lose_answer, latency: of the request; empty: any
  SymbolId symbol = kNoSymbol;  // skip_versions; kNoSymbol: any
  Nanos amount{0};              // clock_offset, latency
  Nanos lease{0};               // 0: none
};

struct FaultHit {
  ConnectionOrdinal connection;
  MonoTime mono;
  std::string detail;  // the client order id of a lost answer, the versions that were skipped
};

struct Fault {
  std::uint64_t id = 0;
  FaultSpec spec;
  bool active = true;
  MonoTime since;
  MonoTime lease_until = kNever;
  MonoTime ended = kNever;
  std::int64_t left = 0;  // of count
  std::uint64_t hit_count = 0;
  std::vector<FaultHit> hits;  // the first kHitsMax
};

class Faults : public PushFaults {
 public:
  static constexpr std::size_t kFaultsMax = 256;  // with those that are over
  static constexpr std::size_t kHitsMax = 1000;
  static constexpr std::size_t kTagMax = 64;

  Faults(Venue& venue, ExchangeHost& host) : venue_(venue), host_(host) {}

  Result<const Fault*> inject(const FaultSpec& spec);  // at the venue's origin
  std::size_t revert(std::string_view tag);            // how many were active
  void expire(MonoTime now);  // leases; the server calls it ten times a second
  const std::deque<Fault>& all() const { return faults_; }

  // Asked while serving, at the venue's origin.
  bool freezes_new(ConnectionOrdinal connection, ConnectionKind kind, bool kind_known);
  bool loses_answer(std::string_view method, std::string_view path, std::string_view detail);
  Nanos latency(std::string_view method, std::string_view path) const;
  bool silenced(std::string_view channel) override;
  bool skips_depth(SymbolId symbol, BookVersion from, BookVersion to) override;

 private:
  static bool aims_at(FaultTarget target, ConnectionKind kind);
  Status begin(Fault& fault);
  void hit(Fault& fault, ConnectionOrdinal connection, std::string detail);
  void use_up(Fault& fault);
  void end(Fault& fault);
  void apply();  // what the active faults together say about sockets, connects and the clock
  void record(const Fault& fault, FaultKind kind, ConnectionOrdinal connection);

  Venue& venue_;
  ExchangeHost& host_;
  std::deque<Fault> faults_;
  std::uint64_t next_id_ = 1;
  std::size_t active_ = 0;  // none: the serving path asks no further
  bool refusing_ = false;
};

}  // namespace levi::exchange
