// The encoder vectors: bytes that the venue's own definitions give for two pushes.
#include <gtest/gtest.h>

#include "core/venue/mexc/wire/push.pb.h"

namespace levi::mexc {
namespace {

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

pb::PushDataV3ApiWrapper wrapper(const char* channel, std::int64_t send_time) {
  pb::PushDataV3ApiWrapper push;
  push.set_channel(channel);
  push.set_symbol("BTCUSDT");
  push.set_sendtime(send_time);
  return push;
}

TEST(MexcPush, TheBookTickerVectorIsMatchedByteForByte) {
  auto push = wrapper("spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT", 1736412092433);
  auto& ticker = *push.mutable_publicaggrebookticker();
  ticker.set_bidprice("93387.28");
  ticker.set_bidquantity("3.73485");
  ticker.set_askprice("93387.29");
  ticker.set_askquantity("7.669875");
  const std::string expected =
      "0a3473706f74407075626c69632e61676772652e626f6f6b5469636b65722e76332e6170692e706240313030"
      "6d7340425443555344541a07425443555344543091b0e7d1c432da13270a0839333338372e32381207332e37"
      "333438351a0839333338372e32392208372e363639383735";
  EXPECT_EQ(hex(push.SerializeAsString()), expected);
}

TEST(MexcPush, TheDepthVectorIsMatchedByteForByte) {
  const char* channel = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT";
  auto push = wrapper(channel, 1736411507002);
  auto& depth = *push.mutable_publicaggredepths();
  auto& bid = *depth.add_bids();
  bid.set_price("92877.58");
  bid.set_quantity("0.00000000");
  depth.set_eventtype("spot@public.aggre.depth.v3.api.pb@100ms");
  depth.set_fromversion("10589632359");
  depth.set_toversion("10589632359");
  const std::string expected =
      "0a2f73706f74407075626c69632e61676772652e64657074682e76332e6170692e7062403130306d73404254"
      "43555344541a074254435553445430bad2c3d1c432ca135b12160a0839323837372e3538120a302e30303030"
      "303030301a2773706f74407075626c69632e61676772652e64657074682e76332e6170692e7062403130306d"
      "73220b31303538393633323335392a0b3130353839363332333539";
  EXPECT_EQ(hex(push.SerializeAsString()), expected);
}

TEST(MexcPush, ADecodedPushIsTheOneThatWasEncoded) {
  auto push = wrapper("spot@private.deals.v3.api.pb", 1);
  push.mutable_privatedeals()->set_tradeid("7");
  push.mutable_privatedeals()->set_ismaker(true);
  pb::PushDataV3ApiWrapper read;
  ASSERT_TRUE(read.ParseFromString(push.SerializeAsString()));
  EXPECT_EQ(read.body_case(), pb::PushDataV3ApiWrapper::kPrivateDeals);
  EXPECT_EQ(read.privatedeals().tradeid(), "7");
  EXPECT_TRUE(read.privatedeals().ismaker());
}

TEST(MexcPush, BytesThatAreNoPushAreRefused) {
  pb::PushDataV3ApiWrapper read;
  EXPECT_FALSE(read.ParseFromString("\x0a\xff"));
  EXPECT_FALSE(read.ParseFromString("not a push"));
}

}  // namespace
}  // namespace levi::mexc
