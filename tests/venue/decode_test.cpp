// What the venue's bytes mean: answers, records, frames, the clock. All pure.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/base/random.h"
#include "core/venue/mexc/answer.h"
#include "core/venue/mexc/frames.h"
#include "core/venue/mexc/missing_deals.h"
#include "core/venue/mexc/records.h"
#include "core/venue/mexc/venue_clock.h"
#include "tests/venue/fake_venue.h"
#include "tests/venue/rig.h"

namespace levi::mexc {
namespace {

using machine::VenueStatus;
using nlohmann::json;

const Instrument& btc() {
  static const Instruments all = test::instruments_of({"BTCUSDT"});
  return *all.find(SymbolId{0});
}

Answer answer(int status, const std::string& body, os::HttpHeaders headers = {}) {
  os::HttpResponse response;
  response.status = status;
  response.body = body;
  response.headers = std::move(headers);
  return read_answer(response);
}

TEST(Answer, SaysWhatIsToBeDoneAboutEachStatusAndCode) {
  const struct {
    int status;
    const char* body;
    Verdict verdict;
    int code;
  } cases[] = {
      {200, R"({"orderId":"C02__1"})", Verdict::kDone, 0},
      {200, R"({"code":200,"msg":"success"})", Verdict::kDone, 0},
      {200, R"([])", Verdict::kDone, 0},
      {200, "<html>", Verdict::kUnknown, 200},
      {200, "", Verdict::kUnknown, 200},
      {200, R"({"code":10101,"msg":"insufficient"})", Verdict::kFunds, 10101},
      {400, R"({"code":30002,"msg":"below minimum"})", Verdict::kRejected, 30002},
      {400, R"({"code":-2011,"msg":"unknown order"})", Verdict::kUnknownOrder, -2011},
      {400, R"({"code":-2013,"msg":"no such order"})", Verdict::kUnknownOrder, -2013},
      {400, R"({"code":22222,"msg":"record missing"})", Verdict::kUnknownOrder, 22222},
      {400, R"({"code":700003,"msg":"timestamp"})", Verdict::kClock, 700003},
      {400, R"({"code":700002,"msg":"signature"})", Verdict::kAuth, 700002},
      {400, R"({"code":30016,"msg":"trading suspended"})", Verdict::kHalted, 30016},
      {400, R"({"code":424242,"msg":"new in 2027"})", Verdict::kRejected, 424242},
      {400, "<html>bad</html>", Verdict::kRejected, 400},
      {401, "", Verdict::kAuth, 401},
      {403, "<html>WAF</html>", Verdict::kAuth, 403},
      {408, "", Verdict::kUnknown, 408},
      {500, R"({"code":30002,"msg":"may have executed"})", Verdict::kUnknown, 30002},
      {504, "", Verdict::kUnknown, 504},
      {400, R"({"code":504,"msg":"timeout"})", Verdict::kUnknown, 504},
      {302, "", Verdict::kUnknown, 302},
  };
  for (const auto& one : cases) {
    const Answer got = answer(one.status, one.body);
    EXPECT_EQ(to_string(got.verdict), std::string(to_string(one.verdict)))
        << one.status << " " << one.body;
    EXPECT_EQ(got.code, one.code) << one.status << " " << one.body;
  }
}

TEST(Answer, TakesRetryAfterInSecondsAndNeverLessThanOne) {
  EXPECT_EQ(answer(429, "{}", {{"retry-after", "7"}}).retry_after, 7s);
  EXPECT_EQ(answer(429, "{}", {{"Retry-After", "0"}}).retry_after, 1s);
  EXPECT_EQ(answer(429, "{}", {{"Retry-After", "soon"}}).retry_after, 5s);
  EXPECT_EQ(answer(429, "{}").retry_after, 5s);
  EXPECT_FALSE(answer(429, "{}").banned);
  EXPECT_TRUE(answer(418, "{}", {{"Retry-After", "120"}}).banned);
  EXPECT_EQ(answer(418, "{}", {{"Retry-After", "999999999999"}}).retry_after, Nanos(72h));
}

TEST(Answer, CutsTheVenuesTextAndKeepsNoBodyOfAFailure) {
  const Answer got = answer(400, json{{"code", 1}, {"msg", std::string(5000, 'x')}}.dump());
  EXPECT_EQ(got.message.size(), 200u);
  EXPECT_TRUE(got.body.is_null());
}

TEST(Records, ReadAnOrderOfEveryStatus) {
  const std::pair<const char*, VenueStatus> cases[] = {
      {"NEW", VenueStatus::kNew},
      {"PARTIALLY_FILLED", VenueStatus::kPartlyFilled},
      {"FILLED", VenueStatus::kFilled},
      {"CANCELED", VenueStatus::kCanceled},
      {"PARTIALLY_CANCELED", VenueStatus::kPartlyCanceled}};
  for (const auto& [text, status] : cases) {
    const auto order =
        read_order(json::parse(test::order_json("BTCUSDT", "LVOabcdefg00000700000000002a", text,
                                                "0.50000000")),
                   btc());
    ASSERT_TRUE(order) << order.error().message;
    EXPECT_EQ(order.value().status, status);
    EXPECT_EQ(order.value().executed.value, 5000);
    EXPECT_EQ(order.value().price.value, 10000);
    EXPECT_EQ(order.value().quantity.value, 10000);
    EXPECT_EQ(order.value().client_id, "LVOabcdefg00000700000000002a");
  }
}

TEST(Records, TakeACancelsOriginalClientIdBeforeTheOneThatTheVenueInvents) {
  json body =
      json::parse(test::order_json("BTCUSDT", "LVOabcdefg00000700000000002a", "CANCELED", "0"));
  body["origClientOrderId"] = body["clientOrderId"];
  body["clientOrderId"] = "xyz";
  EXPECT_EQ(read_order(body, btc()).value().client_id, "LVOabcdefg00000700000000002a");
}

TEST(Records, RefuseOrdersThatMakeNoSense) {
  const json good =
      json::parse(test::order_json("BTCUSDT", "LVOabcdefg00000700000000002a", "NEW", "0"));
  ASSERT_TRUE(read_order(good, btc()));
  const std::pair<const char*, json> cases[] = {{"symbol", "ETHUSDT"},
                                                {"symbol", nullptr},
                                                {"orderId", ""},
                                                {"orderId", {}},
                                                {"status", "EXPLODED"},
                                                {"side", "BOTH"},
                                                {"executedQty", "x"},
                                                {"executedQty", "-1"},
                                                {"executedQty", "0.00001"},
                                                {"executedQty", 0.5},
                                                {"executedQty", "9999999999999999999"}};
  for (const auto& [name, value] : cases) {
    json bad = good;
    bad[name] = value;
    EXPECT_FALSE(read_order(bad, btc())) << name << " = " << value;
  }
  EXPECT_FALSE(read_order(json::array(), btc()));
  EXPECT_FALSE(read_order(json("text"), btc()));
}

json trade_json() {
  return {{"symbol", "BTCUSDT"},
          {"id", "t1"},
          {"orderId", "C02__1"},
          {"price", "100.50"},
          {"qty", "0.0002"},
          {"commission", "0.0000402123456789"},
          {"commissionAsset", "USDT"},
          {"time", 1736412092433},
          {"isBuyer", true},
          {"isMaker", true},
          {"clientOrderId", "LVOabcdefg00000700000000002a"}};
}

TEST(Records, ReadATradeAndItsFeeInTheQuoteAsset) {
  const auto trade = read_trade(trade_json(), btc());
  ASSERT_TRUE(trade) << trade.error().message;
  EXPECT_EQ(trade.value().price.value, 10050);
  EXPECT_EQ(trade.value().quantity.value, 2);
  EXPECT_EQ(trade.value().fee.value, 4021) << "digits beyond 1e-8 are cut";
  json in_base = trade_json();
  in_base["commission"] = "0.00000100";
  in_base["commissionAsset"] = "BTC";
  EXPECT_EQ(read_trade(in_base, btc()).value().fee.value, 10050) << "0.000001 BTC at 100.50";
  json in_third = trade_json();
  in_third["commissionAsset"] = "MX";
  EXPECT_EQ(read_trade(in_third, btc()).value().fee.value, 0);
  EXPECT_FALSE(read_trade(in_third, btc()).value().fee_known);
}

TEST(Records, RefuseTradesThatMakeNoSense) {
  const std::pair<const char*, json> cases[] = {
      {"symbol", "ETHUSDT"}, {"id", ""},           {"isBuyer", "yes"},  {"price", "0"},
      {"qty", "-1"},         {"price", "100.505"}, {"orderId", nullptr}};
  for (const auto& [name, value] : cases) {
    json bad = trade_json();
    bad[name] = value;
    EXPECT_FALSE(read_trade(bad, btc())) << name << " = " << value;
  }
}

TEST(Records, TakeTheStepsOfASymbolFromExchangeInfo) {
  const auto symbol = read_symbol(json::parse(test::symbol_json("BTCUSDT"))).value();
  EXPECT_EQ(symbol.definition.price_exponent, 2);
  EXPECT_EQ(symbol.definition.quantity_exponent, 4);
  EXPECT_EQ(symbol.definition.quantity_min.value, 1);
  EXPECT_EQ(symbol.definition.notional_min.value, 100'000'000);
  EXPECT_TRUE(symbol.definition.tradable);
  EXPECT_EQ(symbol.base_asset, "BTC");

  json no_step = json::parse(test::symbol_json("BTCUSDT"));
  no_step["baseSizePrecision"] = "0";
  no_step["baseAssetPrecision"] = 6;
  EXPECT_EQ(read_symbol(no_step).value().definition.quantity_exponent, 6);
  json odd_step = no_step;
  odd_step["baseSizePrecision"] = "0.0005";
  EXPECT_EQ(read_symbol(odd_step).value().definition.quantity_exponent, 6);
  EXPECT_EQ(read_symbol(odd_step).value().definition.quantity_min.value, 500);
}

TEST(Records, AClosedSymbolIsNotTradable) {
  const std::pair<const char*, json> cases[] = {
      {"status", "2"}, {"isSpotTradingAllowed", false}, {"tradeSideType", 4}, {"tradeSideType", 2}};
  for (const auto& [name, value] : cases) {
    json closed = json::parse(test::symbol_json("BTCUSDT"));
    closed[name] = value;
    EXPECT_FALSE(read_symbol(closed).value().definition.tradable) << name;
  }
}

TEST(Frames, TellConfirmationsPongsAndRefusalsApart) {
  const struct {
    const char* text;
    ControlKind kind;
  } cases[] = {{R"({"id":0,"code":0,"msg":"spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"})",
                ControlKind::kChannel},
               {R"({"id":0,"code":0,"msg":"PONG"})", ControlKind::kPong},
               {R"({"id":0,"code":0,"msg":"Not Subscribed successfully! [x]. Reason: Blocked!"})",
                ControlKind::kRefused},
               {R"({"id":0,"code":1,"msg":"spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"})",
                ControlKind::kRefused},
               {R"({"code":"0"})", ControlKind::kRefused},
               {"Invalid listen key", ControlKind::kInvalidListenKey}};
  for (const auto& one : cases) {
    const auto control = read_control(one.text);
    ASSERT_TRUE(control) << one.text;
    EXPECT_EQ(control.value().kind, one.kind) << one.text;
  }
  for (const char* text : {"", "null", "[1]", "{\"msg\":", "\xff\xfe"}) {
    EXPECT_FALSE(read_control(text)) << text;
  }
}

TEST(Frames, ReadTheVenuesOwnBytesOfADepthPush) {
  const std::string hex =
      "0a2f73706f74407075626c69632e61676772652e64657074682e76332e6170692e7062403130306d734042544355"
      "5344541a074254435553445430bad2c3d1c432ca135b12160a0839323837372e3538120a302e30303030303030"
      "301a2773706f74407075626c69632e61676772652e64657074682e76332e6170692e7062403130306d73220b3130"
      "3538393633323335392a0b3130353839363332333539";
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  pb::PushDataV3ApiWrapper push;
  ASSERT_TRUE(read_push(bytes, push));
  DepthPush depth;
  ASSERT_TRUE(read_depth(push.publicaggredepths(), btc(), depth));
  EXPECT_EQ(depth.from, 10589632359u);
  EXPECT_EQ(depth.to, 10589632359u);
  ASSERT_EQ(depth.bids.size(), 1u);
  EXPECT_EQ(depth.bids[0].price.value, 9287758);
  EXPECT_EQ(depth.bids[0].quantity.value, 0);
}

TEST(Frames, RefuseDepthThatMakesNoSense) {
  const auto depth_of = [](const char* from, const char* to, const char* price,
                           const char* quantity) {
    pb::PublicAggreDepthsV3Api push;
    push.set_fromversion(from);
    push.set_toversion(to);
    auto& level = *push.add_asks();
    level.set_price(price);
    level.set_quantity(quantity);
    DepthPush depth;
    return read_depth(push, btc(), depth).has_value();
  };
  EXPECT_TRUE(depth_of("1", "2", "100.01", "1"));
  EXPECT_FALSE(depth_of("", "2", "100.01", "1"));
  EXPECT_FALSE(depth_of("1", "2x", "100.01", "1"));
  EXPECT_FALSE(depth_of("-1", "2", "100.01", "1"));
  EXPECT_FALSE(depth_of("1", "99999999999999999999", "100.01", "1"));
  EXPECT_FALSE(depth_of("1", "2", "100.001", "1")) << "finer than the price step";
  EXPECT_FALSE(depth_of("1", "2", "0", "1"));
  EXPECT_FALSE(depth_of("1", "2", "100.01", "-1"));
}

TEST(Frames, MapEveryPrivateOrderStatusAndFiveIsTerminal) {
  const std::pair<int, VenueStatus> cases[] = {{1, VenueStatus::kNew},
                                               {2, VenueStatus::kFilled},
                                               {3, VenueStatus::kPartlyFilled},
                                               {4, VenueStatus::kCanceled},
                                               {5, VenueStatus::kPartlyCanceled}};
  for (const auto& [number, status] : cases) {
    const auto push = test::order_push("BTCUSDT", "LVOabcdefg00000700000000002a", number, "0.3");
    const auto order = read_private_order(push.privateorders(), btc());
    ASSERT_TRUE(order);
    EXPECT_EQ(order.value().status, status);
    EXPECT_EQ(order.value().executed.value, 3000);
  }
  EXPECT_TRUE(is_terminal(VenueStatus::kPartlyCanceled));
  for (const int number : {0, 6, -1}) {
    const auto push = test::order_push("BTCUSDT", "LVOabcdefg00000700000000002a", number, "0");
    EXPECT_FALSE(read_private_order(push.privateorders(), btc())) << number;
  }
}

TEST(Frames, AnyBytesGiveAValueOrAnErrorAndNeverMore) {
  Random random(20261122);
  const std::string good =
      test::depth_push("BTCUSDT", 1, 2, {{"100.00", "1"}}, {}).SerializeAsString();
  pb::PushDataV3ApiWrapper push;
  DepthPush depth;
  unsigned read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    for (std::uint64_t n = random.below(4); n-- > 0;) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    }
    bytes.resize(random.below(bytes.size() + 1));
    if (!read_push(bytes, push)) continue;
    read += read_depth(push.publicaggredepths(), btc(), depth) ? 1 : 0;
    (void)read_private_order(push.privateorders(), btc());
    (void)read_private_deal(push.privatedeals(), btc());
    for (const auto& item : push.publicaggredeals().deals()) (void)read_deal(item, btc());
  }
  EXPECT_GT(read, 0u) << "nothing good was tried";
}

TEST(VenueClock, MovesTheOffsetOnlyAsFarAsAnAnswerProves) {
  VenueClock clock([] { return Instant{}; });
  const auto at_ms = [](std::int64_t ms) { return Instant{ms * 1'000'000}; };
  clock.sample(at_ms(1000), at_ms(1300), 1150);  // slow, and consistent with no offset
  EXPECT_EQ(clock.offset(), Nanos{0});
  clock.sample(at_ms(2000), at_ms(2010), 12005);  // ten seconds behind the venue
  EXPECT_GE(clock.offset(), Nanos(9995ms));
  EXPECT_LE(clock.offset(), Nanos(10006ms));
  const Nanos sharp = clock.offset();
  clock.sample(at_ms(3000), at_ms(3500), 13200);  // slow again: proves nothing new
  EXPECT_EQ(clock.offset(), sharp);
  clock.sample(at_ms(4000), at_ms(3000), 3500);  // the wall clock ran backwards meanwhile
  EXPECT_EQ(clock.offset(), sharp);
}

OrderRecord executed(VenueStatus status, std::int64_t quantity) {
  OrderRecord order;
  order.status = status;
  order.executed = {quantity};
  return order;
}

TEST(MissingDeals, ReportsAnOrderWhoseDealsDoNotComeOnce) {
  MissingDeals missing;
  const MonoTime now{1'000'000'000};
  missing.on_deal(1, {50}, now);
  missing.on_order(1, executed(VenueStatus::kFilled, 100), now);
  EXPECT_TRUE(missing.take_late(now + 249ms, 250ms).empty());
  const auto late = missing.take_late(now + 250ms, 250ms);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].sequence, 1u);
  EXPECT_TRUE(missing.take_late(now + 500ms, 250ms).empty());
  EXPECT_TRUE(missing.empty());
}

TEST(MissingDeals, ForgetsAnOrderWhoseDealsCame) {
  MissingDeals missing;
  const MonoTime now{1'000'000'000};
  missing.on_order(1, executed(VenueStatus::kPartlyFilled, 40), now);
  missing.on_deal(1, {40}, now);
  missing.on_order(1, executed(VenueStatus::kFilled, 100), now);
  missing.on_deal(1, {60}, now);
  missing.on_deal(2, {100}, now);  // the other order: deals first
  missing.on_order(2, executed(VenueStatus::kFilled, 100), now);
  EXPECT_TRUE(missing.empty());
}

}  // namespace
}  // namespace levi::mexc
