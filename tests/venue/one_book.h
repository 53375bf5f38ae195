// OneBook: a FakeVenue with one symbol whose book a test moves.
#pragma once

#include <gtest/gtest.h>

#include "tests/venue/rig.h"

namespace levi::test {

// The snapshot always shows what was pushed last.
struct OneBook {
  explicit OneBook(Rig& on) : rig(on) {
    rig.fake.on("GET /depth", [this](const os::HttpRequest&, const auto& reply) {
      FakeVenue::send(reply, rest_status,
                      test::depth_json(version, {{bid, "1"}}, {{"101.00", "1"}}));
    });
  }
  // A change that the venue pushes to every open market socket; `skipped` versions are lost on the
  // way.
  void change(const char* new_bid, std::uint64_t skipped = 0, bool pushed = true) {
    const std::uint64_t from = version + 1 + skipped;
    const std::vector<Level> bids{{bid, "0"}, {new_bid, "1"}};
    version = from;
    bid = new_bid;
    if (!pushed) return;
    for (const auto& socket : rig.fake.open_sockets(false)) {
      auto push = depth_push("BTCUSDT", from, from, bids, {});
      if (late_ms) push.set_sendtime(rig.fake.server_ms() - *late_ms);
      FakeVenue::push(*socket, push);
    }
  }
  bool subscribed() const {
    const auto open = rig.fake.open_sockets(false);
    return !open.empty() && open.back()->channels.size() == 3;
  }
  bool shows(std::int64_t price) const {
    return rig.recorder.count<machine::TopOfBook>() > 0 &&
           rig.recorder.last<machine::TopOfBook>().bid_price.value == price;
  }

  Rig& rig;
  std::uint64_t version = 100;
  const char* bid = "99.00";
  int rest_status = 200;
  std::optional<std::int64_t> late_ms;  // how old pushes say they are; without: they don't say
};

// Everything up to the first top of book.
inline void start(Rig& rig, OneBook& book, const mexc::MarketOptions& options) {
  rig.start_market(options);
  ASSERT_TRUE(
      rig.wait([&] { return book.subscribed() && rig.recorder.count<machine::TopOfBook>() >= 1; }));
}

}  // namespace levi::test
