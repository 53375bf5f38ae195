// Any bytes as what the venue says: WebSocket text and binary frames, and bodies of its REST
// answers.
//
// The first byte chooses which. Claims: nothing crashes; what is accepted is within what was
// promised (positive prices, no negative quantity, a known status); a book that is fed from it
// keeps its own rules.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/base/check.h"
#include "core/machine/order_ids.h"
#include "core/market/order_book.h"
#include "core/venue/mexc/answer.h"
#include "core/venue/mexc/frames.h"
#include "core/venue/mexc/records.h"

namespace {

using namespace levi;        // NOLINT: a program of one file
using namespace levi::mexc;  // NOLINT

const Instrument& instrument() {
  static const Instrument one = [] {
    Instrument made;
    made.name = "BTCUSDT";
    made.base_asset = "BTC";
    made.quote_asset = "USDT";
    made.definition.name = "BTCUSDT";
    made.definition.price_exponent = 2;
    made.definition.quantity_exponent = 6;
    return made;
  }();
  return one;
}

void check_levels(const std::vector<market::Level>& levels) {
  for (const auto& level : levels) LEVI_CHECK(level.price.value > 0 && level.quantity.value >= 0);
}

void try_binary(std::string_view bytes) {
  static pb::PushDataV3ApiWrapper push;
  static DepthPush depth;
  if (!read_push(bytes, push)) return;
  if (read_depth(push.publicaggredepths(), instrument(), depth)) {
    check_levels(depth.bids);
    check_levels(depth.asks);
    market::OrderBook book({.levels_max = 4, .buffered_levels_max = 8});
    (void)book.on_snapshot(depth.from - 1, depth.bids, depth.asks, depth.to % 2 == 0);
    (void)book.on_delta(depth.from, depth.to, depth.asks, depth.bids);
    if (book.valid()) (void)book.top();
  }
  for (const auto& item : push.publicaggredeals().deals()) {
    const auto deal = read_deal(item, instrument());
    LEVI_CHECK(!deal || (deal.value().price.value > 0 && deal.value().quantity.value > 0));
  }
  const auto order = read_private_order(push.privateorders(), instrument());
  LEVI_CHECK(!order || order.value().executed.value >= 0);
  const auto trade = read_private_deal(push.privatedeals(), instrument());
  LEVI_CHECK(!trade || trade.value().quantity.value > 0);
  static const machine::OrderIds ids(InstanceId("abcdefg"));
  if (order) (void)ids.own_order(order.value().client_id);
}

void try_body(std::string_view bytes, int status) {
  os::HttpResponse response;
  response.status = status;
  response.body = bytes;
  const Answer answer = read_answer(response);
  (void)answer.text();
  LEVI_CHECK(status < 500 || answer.verdict == Verdict::kUnknown);
  const auto order = read_order(answer.body, instrument());
  LEVI_CHECK(!order || order.value().executed.value >= 0);
  const auto trade = read_trade(answer.body, instrument());
  LEVI_CHECK(!trade || trade.value().price.value > 0);
  (void)read_server_time(answer.body);
  const auto symbol = read_symbol(answer.body);
  LEVI_CHECK(!symbol || symbol.value().definition.quantity_min.value > 0);
  const auto snapshot = read_snapshot(answer.body, instrument());
  if (!snapshot) return;
  check_levels(snapshot.value().bids);
  check_levels(snapshot.value().asks);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      (void)read_control(bytes);
      break;
    case 1:
      try_binary(bytes);
      break;
    case 2:
      try_body(bytes, 200);
      break;
    default:
      try_body(bytes, 100 + data[0] % 128 * 4);
      break;
  }
  return 0;
}
