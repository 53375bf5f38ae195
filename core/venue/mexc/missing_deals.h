// MissingDeals: notices that an order push counts more executed than the deal pushes that came.
//
// Pure; owned by the private stream. The two channels are not ordered among each other, so a
// difference means something only after a grace.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "core/base/decimal.h"
#include "core/base/instant.h"
#include "core/venue/mexc/records.h"

namespace levi::mexc {

class MissingDeals {
 public:
  struct Late {
    std::uint64_t sequence = 0;
    OrderRecord order;  // as last pushed
  };

  void on_deal(std::uint64_t sequence, Quantity quantity, MonoTime now);
  void on_order(std::uint64_t sequence, const OrderRecord& order, MonoTime now);
  void forget(std::uint64_t sequence) { progress_.erase(sequence); }
  void clear() { progress_.clear(); }
  bool empty() const { return progress_.empty(); }
  // Orders whose deals are missing for longer than `grace`: each is reported once per push.
  std::vector<Late> take_late(MonoTime now, Nanos grace);

 private:
  struct Progress {
    OrderRecord order;
    Quantity seen;
    MonoTime changed;
    bool pushed = false;
  };
  static constexpr std::size_t kOrdersMax = 10'000;
  std::map<std::uint64_t, Progress> progress_;
};

}  // namespace levi::mexc
