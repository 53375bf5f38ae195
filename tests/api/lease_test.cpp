// /chaos/lease of docs/api.md, over a real socket.
#include <gtest/gtest.h>

#include "tests/api/rig.h"

namespace levi::api {
namespace {

using test::ApiRig;
using test::json;

TEST(Lease, OneChaosRunHoldsTheLease) {
  ApiRig rig;
  rig.core.start();
  EXPECT_EQ(rig.get("/chaos/lease")["lease"], nullptr);
  const std::string mine = R"({"run":"r1","owner":"ci","scenario":"C-1","ttl_ms":60000})";
  const std::string other = R"({"run":"r2","owner":"bob","scenario":"C-2","ttl_ms":60000})";
  EXPECT_EQ(rig.post("/chaos/lease", mine)["ok"], true);
  EXPECT_EQ(rig.post("/chaos/lease", mine)["run"], "r1");  // renewed
  const json refused = rig.post("/chaos/lease", other, 409);
  EXPECT_EQ(refused["run"], "r1");
  EXPECT_EQ(refused["owner"], "ci");
  EXPECT_GT(refused["expires_in_ms"], 0);
  EXPECT_EQ(rig.get("/chaos/lease")["lease"]["scenario"], "C-1");
  EXPECT_EQ(rig.get("/live/status")["chaos"]["run"], "r1");
  const auto remove = [&](const std::string& run) {
    return rig.connect().call("DELETE /chaos/lease?run=" + run + " HTTP/1.1\r\n\r\n").status;
  };
  EXPECT_EQ(remove("r2"), 409);
  EXPECT_EQ(remove("r1"), 200);
  EXPECT_EQ(remove("r1"), 200);
  EXPECT_EQ(rig.get("/live/status")["chaos"], nullptr);
  EXPECT_EQ(rig.post("/chaos/lease", other)["run"], "r2");
  // An answer may come before its mark is journalled.
  while (rig.core.marks().size() < 2) rig.get("/healthz");
  const auto marks = rig.core.marks();
  ASSERT_GE(marks.size(), 2u);
  EXPECT_EQ(marks[0].run.view(), "r1");
  EXPECT_TRUE(marks[0].begin);
  EXPECT_FALSE(marks[1].begin);
}

TEST(Lease, ALeaseNeedsItsFieldsAndASaneTime) {
  ApiRig rig;
  for (const char* body :
       {"", "{}", R"({"run":"r","owner":"o","scenario":"s"})",
        R"({"run":"r","owner":"o","scenario":"s","ttl_ms":1})",
        R"({"run":"r","owner":"o","scenario":"s","ttl_ms":1e9})",
        R"({"run":"","owner":"o","scenario":"s","ttl_ms":5000})",
        R"({"run":"0123456789012345678901234567890123","owner":"o","scenario":"s","ttl_ms":5000})",
        "[[[[[["}) {
    rig.post("/chaos/lease", body, 400);
  }
}

TEST(Lease, ALeaseThatTheCoresDeathInterruptedIsHeldForItsOwner) {
  ApiRig rig;
  rig.core.start();
  const std::string mine = R"({"run":"r1","owner":"ci","scenario":"K-1","ttl_ms":60000})";
  rig.post("/chaos/lease", mine);
  rig.get("/engines");
  // The mark is in the journal once the trading thread took it: wait for it there.
  while (rig.core.marks().empty()) rig.get("/healthz");
  rig.restart();
  EXPECT_EQ(rig.get("/chaos/lease")["lease"]["run"], "r1");
  rig.post("/chaos/lease", R"({"run":"r2","owner":"bob","scenario":"C-2","ttl_ms":60000})", 409);
  EXPECT_EQ(rig.post("/chaos/lease", mine)["ok"], true);
}

}  // namespace
}  // namespace levi::api
