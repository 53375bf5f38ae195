#include "core/api/flatten_request.h"

#include <gtest/gtest.h>

namespace levi::api {
namespace {

TEST(FlattenRequest, IsReadFromJsonOrTheQuery) {
  const std::pair<const char*, const char*> same[] = {
      {"", R"({"symbol":"BTCUSDT","epoch":7,"reason":"risk","actor":"ann"})"},
      {"", R"( {"symbol":" BTCUSDT ","epoch":"7","reason":"risk","actor":"ann"} )"},
      {"symbol=BTCUSDT&epoch=7&reason=risk&actor=ann", ""},
      {"symbol=BTCUSDT&epoch=7", R"({"reason":"risk","actor":"ann"})"},
  };
  for (const auto& [query, body] : same) {
    const FlattenRequest request = read_flatten_request(query, body);
    EXPECT_EQ(request.wrong, "") << query << body;
    EXPECT_EQ(request.symbol, "BTCUSDT");
    EXPECT_EQ(request.epoch, 7u);
    EXPECT_EQ(request.reason.view(), "risk");
    EXPECT_EQ(request.actor.view(), "ann");
  }
}

TEST(FlattenRequest, OnlyNullOrNoSymbolMeansEveryPosition) {
  for (const char* body :
       {R"({"symbol":null,"epoch":7,"reason":"x"})", R"({"epoch":7})", "", " "}) {
    const FlattenRequest request = read_flatten_request("", body);
    EXPECT_EQ(request.wrong, "") << body;
    EXPECT_FALSE(request.symbol) << body;
  }
}

TEST(FlattenRequest, WhatIsNotUnderstoodIsRefusedAndNamed) {
  std::string deep = "{\"symbol\":\"BTCUSDT\",\"x\":";
  for (int i = 0; i < 100; ++i) deep += "[";
  struct Row {
    std::string query;
    std::string body;
    const char* named;
  };
  const Row rows[] = {
      {"", "symbol=BTCUSDT&epoch=7&reason=x", "body"},
      {"", "symbol=BTCUSDT", "body"},
      {"", "BTCUSDT", "body"},
      {"", R"(["BTCUSDT"])", "body"},
      {"", R"({"symbol":"BTCUSDT","epoch":7)", "body"},
      {"", R"({"symbol":"BTCUSDT"} trailing)", "body"},
      {"", deep, "body"},
      {"", R"({"symbols":"BTCUSDT","epoch":7,"reason":"x"})", "symbols"},
      {"", R"({"Symbol":"BTCUSDT"})", "Symbol"},
      {"", R"({"symbol":["BTCUSDT"]})", "symbol"},
      {"", R"({"symbol":{"name":"BTCUSDT"}})", "symbol"},
      {"", R"({"symbol":7})", "symbol"},
      {"", R"({"symbol":false})", "symbol"},
      {"", R"({"symbol":""})", "symbol"},
      {"", R"({"symbol":" "})", "symbol"},
      {"symbol=", "", "symbol"},
      {"symbol=&epoch=7", R"({"symbol":"BTCUSDT"})", "symbol"},
      {"", R"({"symbol":"BTCUSDT","symbol":null})", "symbol"},
      {"symbol=BTCUSDT", R"({"symbol":"ETHUSDT"})", "symbol"},
      {"symbol=BTCUSDT&symbol=ETHUSDT", "", "symbol"},
      {"sybmol=BTCUSDT", "", "sybmol"},
      {"", R"({"epcoh":7})", "epcoh"},
      {"", R"({"epoch":[7]})", "epoch"},
      {"", R"({"epoch":-7})", "epoch"},
      {"", R"({"epoch":7.5})", "epoch"},
      {"", R"({"epoch":true})", "epoch"},
      {"", R"({"epoch":null})", "epoch"},
      {"", R"({"epoch":99999999999999999999999})", "epoch"},
      {"epoch=7&epoch=8", "", "epoch"},
      {"", R"({"reason":["x"]})", "reason"},
      {"", R"({"actor":7})", "actor"},
      {"holder=operator", "", "holder"},
  };
  for (const Row& row : rows) {
    const FlattenRequest request = read_flatten_request(row.query, row.body);
    EXPECT_NE(request.wrong.find(row.named), std::string::npos)
        << row.query << " " << row.body << " -> " << request.wrong;
  }
}

}  // namespace
}  // namespace levi::api
