// SymbolBook: one symbol's way from depth pushes and snapshots to TopOfBook.
//
// Owned by its market connection, on the trading thread. Fetches a snapshot when the subscription
// is confirmed and whenever the book is not valid; a gap in the versions poisons the book (BookGap)
// until a new snapshot is merged. Emits TopOfBook when the top changed, and an unchanged one again
// every `refresh` while frames or probes prove it.
//
// What is old when it arrives builds the book, and is no news: while the last depth push was older
// than `age_max`, by the venue's own stamp, no TopOfBook is emitted, and the machine's own limit
// for stale data does the rest. Answers of REST are as old as their questions.
//
// Is a silent subscription dead, or is the market quiet? A quiet one has the venue's own version:
// the book is asked for by REST. The same version proves the subscription alive; a newer one that
// no push follows proves it dead; no answer proves nothing, and that is treated as dead.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "core/base/instant.h"
#include "core/machine/event.h"
#include "core/market/order_book.h"
#include "core/os/loop.h"
#include "core/policy/rate.h"
#include "core/venue/mexc/frames.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/rest.h"

namespace levi::mexc {

struct BookOptions {
  unsigned levels_max = 1000;
  Nanos refresh{250ms};
  Nanos age_max{1s};         // what the venue sent longer ago is not told as fresh
  Nanos probe_grace{250ms};  // a push may take so long behind the REST answer
};

class SymbolBook {
 public:
  struct Owner {
    std::function<void(const machine::Event&)> emit;
    std::function<void()>
        on_building;  // a frame or snapshot was accepted: called before its TopOfBook
    std::function<void()> on_heard;  // a probe or snapshot proved the subscription's data current
    std::function<void()>
        on_hopeless;  // snapshots never join the pushes: the socket must be reopened
  };
  SymbolBook(os::Loop& loop, Rest& rest, policy::RateWindow& probe_budget,
             const Instrument& instrument, SourceId source, BookOptions options, Owner owner);
  ~SymbolBook();
  SymbolBook(const SymbolBook&) = delete;
  SymbolBook& operator=(const SymbolBook&) = delete;

  void start_over();      // another connection: nothing that was known may be joined to what comes
  void fetch_snapshot();  // unless one is on its way
  void fetch_snapshot_soon();  // behind what has arrived already: a push may be waiting there
  void resync();               // asked for from outside: poisons, fetches
  // False where the frame made no sense. `age`: since the venue sent it.
  bool on_depth(const pb::PublicAggreDepthsV3Api& push, Nanos age);
  // Whether a push of a second socket joins up with this book (overlap renewal).
  bool joins(const pb::PublicAggreDepthsV3Api& push);
  bool on_deals(const pb::PublicAggreDealsV3Api& push);

  // REST polling: each snapshot stands for itself. `done(false)`: no usable answer.
  void poll(std::function<void(bool)> done);

  // The watchdog's question. `silence`: since the last push; `silence_max`: the limit.
  enum class Health { kAlive, kDead };
  Health look(Nanos silence, Nanos silence_max);

  SymbolId symbol() const { return instrument_.definition.symbol; }
  const std::string& name() const { return instrument_.name; }
  Nanos lag() const { return lag_; }  // how old the last push was; 0 while that is within the limit
  bool is_valid() const { return book_.valid(); }
  std::uint64_t version() const { return book_.version(); }

 private:
  enum class Probe : std::uint8_t { kNone, kAsked, kBehind, kFailed };

  void on_snapshot(std::uint64_t life, const Answer& answer);
  void fetch_snapshot_after(Nanos delay);
  void snapshot_again(Nanos least);
  void on_probe(std::uint64_t life, const Answer& answer);
  void on_poll(MonoTime asked_at, const Answer& answer, const std::function<void(bool)>& done);
  void set_age(Nanos age) { lag_ = age > options_.age_max ? age : Nanos{0}; }
  void ask_probe();
  void emit_top();
  bool is_new_deal(std::string_view trade);
  std::string depth_query(unsigned limit) const;

  os::Loop& loop_;
  Rest& rest_;
  policy::RateWindow& probe_budget_;
  const Instrument& instrument_;
  const SourceId source_;
  const BookOptions options_;
  const Owner owner_;
  market::OrderBook book_;
  DepthPush depth_;  // reused
  market::Top top_emitted_;
  MonoTime emitted_at_;
  bool must_emit_ = true;
  Nanos lag_{0};            // outlives start_over: another socket may lag as well
  std::uint64_t life_ = 0;  // raised by start_over: answers of an earlier life are dropped
  bool snapshot_asked_ = false;
  Nanos snapshot_delay_{0};
  unsigned snapshots_too_old_ = 0;
  os::Loop::TimerId snapshot_timer_ = 0;
  bool poll_asked_ = false;
  Probe probe_ = Probe::kNone;
  MonoTime probed_at_;
  // Hashes of the last deals: two sockets deliver the same ones while one replaces the other.
  std::array<std::size_t, 64> deals_seen_{};
  std::size_t deals_next_ = 0;
};

}  // namespace levi::mexc
