// The bytes of an order, and that making them takes no memory.
#include "core/venue/mexc/order_encoder.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/venue/allocations.h"
#include "tests/venue/rig.h"

namespace levi::mexc {
namespace {

OrderEncoder encoder() {
  auto made =
      OrderEncoder::create({"api.example:8734", test::kKey, test::kSecret, "abcdefg", {7}, 2s});
  EXPECT_TRUE(made);
  return std::move(made.value());
}

const Instruments& instruments() {
  static const Instruments all = test::instruments_of({"BTCUSDT"});
  return all;
}

std::string encode(const machine::SendOrder& order) {
  auto one = encoder();
  return std::string(one.encode(order, *instruments().find(SymbolId{0}), 1644489390087));
}

std::string parameters_of(const std::string& request) {
  const std::size_t begin = request.find('?') + 1;
  return request.substr(begin, request.find(" HTTP/1.1") - begin);
}

TEST(OrderEncoder, WritesAWholeSignedRequest) {
  machine::SendOrder order = test::an_order(42);
  order.price = {9338728};
  order.quantity = {37348};
  const std::string request = encode(order);
  const std::string signed_part =
      "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=3.7348&price=93387.28"
      "&newClientOrderId=LVOabcdefg00000700000000002a&recvWindow=2000&timestamp=1644489390087";
  EXPECT_EQ(request, "POST /api/v3/order?" + signed_part +
                         "&signature=" + mexc_sign(test::kSecret, signed_part) +
                         " HTTP/1.1\r\nHost: api.example:8734\r\nX-MEXC-APIKEY: mx0testkey\r\n"
                         "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n");
}

TEST(OrderEncoder, NamesEveryTypeAsTheVenueDoes) {
  const std::pair<machine::OrderType, const char*> cases[] = {
      {machine::OrderType::kLimit, "type=LIMIT&"},
      {machine::OrderType::kLimitMaker, "type=LIMIT_MAKER&"},
      {machine::OrderType::kImmediateOrCancel, "type=IMMEDIATE_OR_CANCEL&"},
      {machine::OrderType::kFillOrKill, "type=FILL_OR_KILL&"},
      {machine::OrderType::kMarket, "type=MARKET&"}};
  for (const auto& [type, text] : cases) {
    machine::SendOrder order = test::an_order(1);
    order.type = type;
    EXPECT_NE(encode(order).find(text), std::string::npos) << text;
  }
}

TEST(OrderEncoder, AMarketBuySpendsAnAmountAndAMarketSaleGivesAQuantity) {
  machine::SendOrder order = test::an_order(1);
  order.type = machine::OrderType::kMarket;
  order.price = {10050};     // 100.50
  order.quantity = {20000};  // 2.0000
  EXPECT_NE(encode(order).find("&quoteOrderQty=201.00000000&"), std::string::npos);
  order.side = Side::kSell;
  const std::string sale = parameters_of(encode(order));
  EXPECT_NE(sale.find("side=SELL"), std::string::npos);
  EXPECT_NE(sale.find("&quantity=2.0000&new"), std::string::npos) << sale;
}

TEST(OrderEncoder, MarksAFlattenOrderInItsClientId) {
  machine::SendOrder order = test::an_order(1);
  order.kind = OrderKind::kFlatten;
  EXPECT_NE(encode(order).find("newClientOrderId=LVFabcdefg"), std::string::npos);
}

TEST(OrderEncoder, RefusesKeysThatWouldBreakTheHeaders) {
  for (const std::string key : {"", "with blank", "with\r\nHost: evil", "\x01"}) {
    EXPECT_FALSE(OrderEncoder::create({"host", key, "secret", "abcdefg", {1}, 2s})) << key;
  }
  EXPECT_FALSE(OrderEncoder::create({"", "key", "secret", "abcdefg", {1}, 2s}));
}

TEST(OrderEncoder, TakesNoMemoryPerOrder) {
  auto one = encoder();
  const Instrument& instrument = *instruments().find(SymbolId{0});
  (void)one.encode(test::an_order(1), instrument, 1644489390087);  // OpenSSL may set itself up
  const std::size_t before = test::allocations();
  for (std::uint64_t i = 2; i < 100; ++i) {
    (void)one.encode(test::an_order(i), instrument, 1644489390087);
  }
  EXPECT_EQ(test::allocations() - before, 0u);
}

}  // namespace
}  // namespace levi::mexc
