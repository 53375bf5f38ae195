#include "chaos/experiment/probe.h"

#include <gtest/gtest.h>

namespace levi::chaos {
namespace {

std::string ask(const char* probe, const char* document) {
  return find_probe(probe)->failing(Json::parse(document, nullptr, false));
}

TEST(Probe, EveryProbeFailsOnAnEmptyDocument) {
  for (const auto& probe : probes()) {
    EXPECT_FALSE(probe.failing(Json::object()).empty()) << probe.name;
    EXPECT_FALSE(probe.failing(Json()).empty()) << probe.name;
    EXPECT_FALSE(probe.failing(Json::array()).empty()) << probe.name;
  }
}

struct Case {
  const char* probe;
  const char* document;
  bool holds;
};

TEST(Probe, HoldsOnlyWhereTheDocumentSaysSo) {
  for (const Case& c : {
           Case{"feed.live", R"({"ws_status":{"market":"up","last_frame_age_ms":10}})", true},
           Case{"feed.live", R"({"ws_status":{"market":"up","last_frame_age_ms":1000}})", false},
           Case{"feed.live", R"({"ws_status":{"market":"polling","last_frame_age_ms":10}})", false},
           Case{"feed.live", R"({"ws_status":{"market":"up"}})", false},
           Case{"private.live", R"({"ws_status":{"private":"up"}})", true},
           Case{"private.live", R"({"ws_status":{"private":"down"}})", false},
           Case{"engines.running", R"({"total":3,"running":3,"stopped":0})", true},
           Case{"engines.running", R"({"total":3,"running":2,"stopped":1})", true},
           Case{"engines.running", R"({"total":3,"running":2,"stopped":0})", false},
           Case{"engines.running", R"({"total":3,"running":0,"stopped":3})", false},
           Case{"core.healthy", R"({"status":"healthy"})", true},
           Case{"core.healthy", R"({"status":"degraded"})", false},
           Case{"store.current", R"({"components":{"store":{"status":"healthy"}}})", true},
           Case{"store.current", R"({"components":{"store":{"status":"degraded"}}})", false},
           Case{"latch.open", R"({"sealed":false})", true},
           Case{"latch.open", R"({"sealed":true,"holders":["chaos"]})", false},
           Case{"trading.active", R"({"trading_state":"ACTIVE"})", true},
           Case{"trading.active", R"({"trading_state":"HALTED"})", false},
           Case{"orders.flowing", R"({"orders":1})", true},
           Case{"orders.flowing", R"({"orders":0})", false},
       }) {
    EXPECT_EQ(ask(c.probe, c.document).empty(), c.holds) << c.probe << " " << c.document;
  }
}

TEST(Probe, AFailureSaysWhy) {
  EXPECT_EQ(ask("latch.open", R"({"sealed":true,"holders":["chaos","operator"]})"),
            "the kill latch is sealed by chaos, operator");
  EXPECT_EQ(
      ask("core.healthy",
          R"({"status":"degraded","components":{"store":{"status":"degraded","detail":"locked"}}})"),
      "health is 'degraded'; store is degraded: locked");
}

}  // namespace
}  // namespace levi::chaos
