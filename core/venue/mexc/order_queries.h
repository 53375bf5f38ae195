// OrderQueries: asks the venue what became of an order, until that is certain (DESIGN §4).
//
// Owned by the trading thread. "Not found" is no answer while the order may still be on its way:
// the venue refuses an order once its own clock has passed the signed timestamp + recvWindow. So
// not found is final only when serverTime was seen beyond that, plus a second, and a question put
// after that agrees with an earlier one. Time-outs, 5xx and limits only delay: a question ends with
// an answer. One that the venue refuses again and again (a symbol that it no longer has) ends too,
// uncertain: it would hold up a reconciliation, and with it every other symbol, for ever.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "core/base/ids.h"
#include "core/base/instant.h"
#include "core/machine/effect.h"
#include "core/machine/event.h"
#include "core/machine/order_ids.h"
#include "core/os/loop.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/records.h"
#include "core/venue/mexc/rest.h"

namespace levi::mexc {

inline constexpr Nanos kNotFoundMargin{1s};
inline constexpr unsigned kNonsenseMax = 5;  // answers about one order that make no sense

struct QueryOptions {
  machine::OrderIds ids;
  Nanos recv_window{2s};
  Nanos delay_min{50ms};
  Nanos delay_max{2s};
};

class OrderQueries {
 public:
  using Emit = std::function<void(const machine::Event&)>;
  using Settled = std::function<void(bool certain)>;  // false: the venue won't say

  OrderQueries(os::Loop& loop, Rest& rest, VenueClock& clock, const Instruments& instruments,
               QueryOptions options, Emit emit);
  ~OrderQueries();

  // The outcome of an order that was signed with this timestamp is not known.
  void remember(OrderSequence sequence, std::int64_t signed_ms);
  // Emits VenueOrderState: once when found; kNotFound at first, and again when it is final.
  void query(const machine::QueryOrder& order, Settled settled = {});
  bool knows(SymbolId symbol) const { return instruments_.find(symbol) != nullptr; }
  std::size_t open() const { return questions_.size(); }

 private:
  struct Question {
    machine::QueryOrder order;
    std::int64_t refused_after_ms = 0;  // venue time from which on the order can't be accepted; 0:
                                        // the venue's time must be asked for first
    unsigned not_found = 0;
    bool late = false;  // the running question was put after that
    unsigned nonsense = 0;
    unsigned refusals = 0;  // answers that are an error of another kind
    Nanos delay{0};
    os::Loop::TimerId timer = 0;
    std::vector<Settled> settled;
  };

  void ask(std::uint64_t sequence);
  std::int64_t refused_after_ms(std::int64_t signed_ms) const;
  void ask_time(std::uint64_t sequence);
  void ask_order(std::uint64_t sequence);
  void on_answer(std::uint64_t sequence, const Answer& answer);
  void on_found(std::uint64_t sequence, const Answer& answer);
  void on_not_found(std::uint64_t sequence);
  void on_refusal(std::uint64_t sequence);
  void again(std::uint64_t sequence, Nanos least);
  void settle(std::uint64_t sequence, bool certain, const machine::VenueOrderState* state);

  os::Loop& loop_;
  Rest& rest_;
  VenueClock& clock_;
  const Instruments& instruments_;
  const QueryOptions options_;
  const Emit emit_;
  std::map<std::uint64_t, Question> questions_;
  std::map<std::uint64_t, std::int64_t> signed_ms_;  // of orders whose outcome is not known
};

}  // namespace levi::mexc
