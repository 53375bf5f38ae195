// What the API has beyond Toxiproxy's: toxics with a proxy, PUT, tags, leases, tokens.
#include "tests/proxy/api_rig.h"

namespace levi::proxy {
namespace {

#define JSON "application/json "

constexpr const char* kProxyA =
    R"({"name":"a","listen":"localhost:1","upstream":"127.0.0.1:2","enabled":false,"Logger":{},"toxics":[]})";

TEST(OwnApi, NamesMayHoldWhatAPathMustEscape) {
  ApiRig api;
  api.create("a b+c");
  EXPECT_EQ(api.call("GET", "/proxies/a%20b+c").status, 200);
  EXPECT_EQ(api.call("GET", "/proxies/a+b+c").status, 404);
}

TEST(OwnApi, ATokenIsDemandedWhereOneIsSet) {
  ApiRig api({.token = "secret"});
  EXPECT_EQ(api.call("GET", "/version").status, 401);
  EXPECT_EQ(api.call("GET", "/version", {}, {{"Authorization", "Bearer secre"}}).status, 401);
  EXPECT_EQ(api.call("GET", "/version", {}, {{"Authorization", "Bearer secret"}}).status, 200);
}

TEST(OwnApi, AProxyMayBringItsToxics) {
  ApiRig api;
  const std::string body = api.call("POST", "/proxies",
                                    R"({"name":"a","upstream":"h:1","enabled":false,
                                        "toxics":[{"type":"noop"},{"type":"timeout","tag":"t"}]})")
                               .body;
  EXPECT_NE(body.find("noop_downstream"), std::string::npos) << body;
  EXPECT_NE(body.find("\"tag\":\"t\""), std::string::npos);
  EXPECT_EQ(
      api.call("POST", "/proxies", R"({"name":"b","upstream":"h:1","toxics":[{"type":"nope"}]})")
          .status,
      400);
  EXPECT_EQ(api.call("GET", "/proxies/b").status, 404);
}

TEST(OwnApi, PopulatedToxicsReplaceAndAnEmptyListDoesNot) {
  ApiRig api;
  api.create("a");
  api.call("POST", "/proxies/a/toxics", R"({"type":"noop"})");
  const std::string same = R"("name":"a","listen":"localhost:1","upstream":"127.0.0.1:2")";
  api.call("POST", "/populate", "[{" + same + R"(,"toxics":[]}])");
  EXPECT_NE(api.call("GET", "/proxies/a").body.find("noop"), std::string::npos);
  api.call("POST", "/populate", "[{" + same + R"(,"toxics":[{"type":"timeout"}]}])");
  EXPECT_EQ(api.call("GET", "/proxies/a").body.find("noop"), std::string::npos);
  EXPECT_NE(api.call("GET", "/proxies/a").body.find("timeout_downstream"), std::string::npos);
}

TEST(OwnApi, PutReplacesAProxyWithItsToxicsInOneStep) {
  ApiRig api;
  const std::string body =
      R"({"listen":"localhost:1","upstream":"127.0.0.1:2","enabled":false,"toxics":[{"type":"noop"}]})";
  EXPECT_EQ(api.call("PUT", "/proxies/a", body).status, 201);
  EXPECT_EQ(api.call("PUT", "/proxies/a", body).status, 200);
  EXPECT_EQ(api.line("PUT", "/proxies/a",
                     R"({"listen":"localhost:1","upstream":"127.0.0.1:2","enabled":false})"),
            std::string("200 " JSON) + kProxyA);
  EXPECT_EQ(api.call("PUT", "/proxies/a", R"({"upstream":""})").status, 400);
}

TEST(OwnApi, ARefusedPutLeavesTheProxyAsItWas) {
  ApiRig api;
  api.call("POST", "/proxies", R"({"name":"other","listen":"localhost:0","upstream":"h:1"})");
  const std::string taken = api.server.proxies.find("other").value()->listen();
  api.call("POST", "/proxies", R"({"name":"a","listen":"localhost:0","upstream":"h:1"})");
  api.call("POST", "/proxies/a/toxics", R"({"type":"noop"})");
  const std::string before = api.call("GET", "/proxies/a").body;
  for (const std::string& body :
       {R"({"upstream":"h:2","listen":")" + taken + "\"}",
        std::string(R"({"upstream":"h:2","listen":"nope"})"),
        std::string(R"({"upstream":"h:2","listen":"localhost:0","tls":{"mode":"terminate"}})"),
        std::string(R"({"upstream":"h:2","toxics":[{"type":"nope"}]})")}) {
    EXPECT_GE(api.call("PUT", "/proxies/a", body).status, 400) << body;
    EXPECT_EQ(api.call("GET", "/proxies/a").body, before) << body;
  }
}

// Clients send back what they were shown, toxics included; Toxiproxy ignores them there.
TEST(OwnApi, AnUpdateIgnoresToxics) {
  ApiRig api;
  api.create("a");
  api.call("POST", "/proxies/a/toxics", R"({"type":"noop"})");
  const std::string before = api.call("GET", "/proxies/a").body;
  EXPECT_EQ(api.line("POST", "/proxies/a", R"({"toxics":[{"type":"nope"}]})"),
            "200 " JSON + before);
}

TEST(OwnApi, ATagRemovesAllThatItsOwnerMade) {
  ApiRig api;
  api.create("a");
  api.create("b");
  for (const char* proxy : {"a", "b"}) {
    const std::string path = std::string("/proxies/") + proxy + "/toxics";
    api.call("POST", path, R"({"type":"noop","tag":"run 1"})");
    api.call("POST", path, R"({"type":"timeout","tag":"run 2"})");
  }
  EXPECT_EQ(api.line("DELETE", "/toxics?tag=run%201"), "200 " JSON "{\"removed\":2}\n");
  EXPECT_EQ(api.line("DELETE", "/toxics?tag=run%201"), "200 " JSON "{\"removed\":0}\n");
  EXPECT_EQ(api.call("DELETE", "/toxics").status, 400);
  EXPECT_NE(api.call("GET", "/proxies/b/toxics").body.find("timeout"), std::string::npos);
}

TEST(OwnApi, LeasesAreShownWhereTheyWereGivenAndChecked) {
  ApiRig api;
  api.create("a");
  EXPECT_EQ(
      api.line("POST", "/proxies/a/toxics",
               R"({"type":"noop","for":60000,"after":60000,"tag":"me"})"),
      "200 " JSON
      R"({"attributes":{},"name":"noop_downstream","type":"noop","stream":"downstream","toxicity":1,"for":60000,"after":60000,"tag":"me"})");
  EXPECT_EQ(api.call("POST", "/proxies/a/toxics", R"({"type":"timeout","for":-1})").status, 400);
}

}  // namespace
}  // namespace levi::proxy
