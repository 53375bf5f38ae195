// Every row of Toxiproxy's API table, byte for byte, as version 2.12.0 answers it.
#include "tests/proxy/api_rig.h"

namespace levi::proxy {
namespace {

#define JSON "application/json "
#define TEXT "text/plain; charset=utf-8 "

constexpr const char* kProxyA =
    R"({"name":"a","listen":"localhost:1","upstream":"127.0.0.1:2","enabled":false,"Logger":{},"toxics":[]})";
constexpr const char* kLatency =
    R"({"attributes":{"latency":100,"jitter":5},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1})";

TEST(Api, Version) {
  ApiRig api;
  EXPECT_EQ(api.line("GET", "/version"),
            "200 application/json;charset=utf-8 {\"version\": \"2.12.0\"}\n");
}

TEST(Api, ProxiesAreListedByName) {
  ApiRig api;
  EXPECT_EQ(api.line("GET", "/proxies"), "200 " JSON "{}");
  api.create("b");
  api.create("a");
  const std::string body = api.call("GET", "/proxies").body;
  EXPECT_TRUE(body.starts_with(std::string("{\"a\":") + kProxyA + ",\"b\":{")) << body;
}

TEST(Api, AProxyIsCreatedWith201) {
  ApiRig api;
  EXPECT_EQ(
      api.line(
          "POST", "/proxies",
          R"({"name":"a","listen":"localhost:1","upstream":"127.0.0.1:2","enabled":false,"new":[1]} x)"),
      std::string("201 " JSON) + kProxyA);
  EXPECT_EQ(api.line("GET", "/proxies/a"), std::string("200 " JSON) + kProxyA);
}

TEST(Api, AnEnabledProxyShowsWhereItListens) {
  ApiRig api;
  const std::string body =
      api.call("POST", "/proxies", R"({"name":"a","listen":"localhost:0","upstream":"h:1"})").body;
  EXPECT_TRUE(body.starts_with(R"({"name":"a","listen":"127.0.0.1:)")) << body;
  EXPECT_TRUE(body.ends_with(R"(","upstream":"h:1","enabled":true,"Logger":{},"toxics":[]})"))
      << body;
  EXPECT_EQ(body.find("127.0.0.1:0\""), std::string::npos);
}

TEST(Api, NoListenAddressTakesAFreePortOfEveryInterface) {
  ApiRig api;
  const std::string body = api.call("POST", "/proxies", R"({"name":"a","upstream":"h:1"})").body;
  EXPECT_TRUE(body.starts_with(R"({"name":"a","listen":"[::]:)") ||
              body.starts_with(R"({"name":"a","listen":"0.0.0.0:)"))
      << body;
}

TEST(Api, APortInUseIs500WithTheSystemsText) {
  ApiRig api;
  api.call("POST", "/proxies", R"({"name":"a","listen":"localhost:0","upstream":"h:1"})");
  const std::string taken = api.server.proxies.find("a").value()->listen();
  EXPECT_EQ(
      api.line("POST", "/proxies", R"({"name":"b","listen":")" + taken + R"(","upstream":"h:1"})"),
      "500 " TEXT "{\"error\":\"listen tcp " + taken +
          ": bind: address already in use\",\"status\":500}\n");
  EXPECT_EQ(api.call("GET", "/proxies/b").status, 404);
}

TEST(Api, MissingFieldsAndBadBodies) {
  ApiRig api;
  const auto error = [](int status, const std::string& text) {
    return std::to_string(status) + " " TEXT "{\"error\":\"" + text +
           "\",\"status\":" + std::to_string(status) + "}\n";
  };
  EXPECT_EQ(api.line("POST", "/proxies", "{}"), error(400, "missing required field: name"));
  EXPECT_EQ(api.line("POST", "/proxies", R"({"name":"a"})"),
            error(400, "missing required field: upstream"));
  EXPECT_EQ(api.line("POST", "/proxies", ""), error(400, "bad request body: EOF"));
  EXPECT_EQ(api.line("POST", "/proxies", "{"), error(400, "bad request body: unexpected EOF"));
  EXPECT_EQ(api.line("POST", "/proxies", R"({"name":1})"),
            error(400,
                  "bad request body: json: cannot unmarshal number into Go struct field Proxy.name "
                  "of type string"));
  EXPECT_EQ(api.line("POST", "/proxies", "[]"),
            error(400,
                  "bad request body: json: cannot unmarshal array into Go value of type "
                  "toxiproxy.Proxy"));
  EXPECT_EQ(api.line("POST", "/proxies", R"({"name":"a","upstream":"h:1","listen":"nope"})"),
            error(500, "listen tcp: address nope: missing port in address"));
  api.create("a");
  EXPECT_EQ(api.line("POST", "/proxies", kProxyA), error(409, "proxy already exists"));
  for (const char* method : {"GET", "POST", "PATCH", "DELETE"}) {
    EXPECT_EQ(api.line(method, "/proxies/nobody", "{}"), error(404, "proxy not found"));
    EXPECT_EQ(api.line(method, "/proxies/a/toxics/none", "{}"), error(404, "toxic not found"));
    EXPECT_EQ(api.line(method, "/proxies/nobody/toxics/none", "{}"), error(404, "proxy not found"));
  }
  EXPECT_EQ(api.line("GET", "/proxies/nobody/toxics"), error(404, "proxy not found"));
}

TEST(Api, PostAndPatchUpdateAProxyAlike) {
  for (const char* method : {"POST", "PATCH"}) {
    ApiRig api;
    api.create("a");
    EXPECT_EQ(
        api.line(method, "/proxies/a", R"({"name":"other","upstream":"127.0.0.1:3"})"),
        "200 " JSON
        R"({"name":"a","listen":"localhost:1","upstream":"127.0.0.1:3","enabled":false,"Logger":{},"toxics":[]})");
    EXPECT_EQ(api.line(method, "/proxies/a", R"({"listen":"nope"})"),
              "500 " TEXT
              "{\"error\":\"listen tcp: address nope: missing port in address\",\"status\":500}\n");
  }
}

TEST(Api, EnablingResolvesTheAddressAndDisablingKeepsIt) {
  ApiRig api;
  api.create("a", "localhost:0");
  EXPECT_NE(api.call("GET", "/proxies/a").body.find("\"localhost:0\""), std::string::npos);
  const std::string enabled = api.call("POST", "/proxies/a", R"({"enabled":true})").body;
  EXPECT_NE(enabled.find("\"listen\":\"127.0.0.1:"), std::string::npos) << enabled;
  std::string disabled = api.call("POST", "/proxies/a", R"({"enabled":false})").body;
  disabled.replace(disabled.find("false"), 5, "true");
  EXPECT_EQ(disabled, enabled);
}

TEST(Api, DeletesAnswer204WithoutABody) {
  ApiRig api;
  api.create("a");
  api.call("POST", "/proxies/a/toxics", R"({"type":"noop"})");
  EXPECT_EQ(api.line("DELETE", "/proxies/a/toxics/noop_downstream"), "204  ");
  EXPECT_EQ(api.line("DELETE", "/proxies/a"), "204  ");
  EXPECT_EQ(api.line("GET", "/proxies"), "200 " JSON "{}");
}

TEST(Api, AToxicIsCreatedWith200AndToxiproxysDefaults) {
  ApiRig api;
  api.create("a");
  EXPECT_EQ(api.line("POST", "/proxies/a/toxics",
                     R"({"type":"latency","attributes":{"latency":100,"jitter":5,"x":1}})"),
            std::string("200 " JSON) + kLatency);
  EXPECT_EQ(api.line("GET", "/proxies/a/toxics/latency_downstream"),
            std::string("200 " JSON) + kLatency);
  EXPECT_EQ(api.line("GET", "/proxies/a/toxics"), std::string("200 " JSON "[") + kLatency + ']');
}

TEST(Api, EveryToxicShowsItsAttributesInToxiproxysOrder) {
  const std::pair<const char*, const char*> kinds[] = {
      {"latency", R"("latency":0,"jitter":0)"},
      {"bandwidth", R"("rate":0)"},
      {"slow_close", R"("delay":0)"},
      {"timeout", R"("timeout":0)"},
      {"reset_peer", R"("timeout":0)"},
      {"slicer", R"("average_size":0,"size_variation":0,"delay":0)"},
      {"limit_data", R"("bytes":0)"},
      {"packet_loss", R"("loss_rate":0,"correlation":0)"},
      {"noop", ""}};
  ApiRig api;
  api.create("a");
  for (const auto& [type, attributes] : kinds) {
    EXPECT_EQ(api.line("POST", "/proxies/a/toxics", std::string(R"({"type":")") + type + "\"}"),
              std::string("200 " JSON R"({"attributes":{)") + attributes + R"(},"name":")" + type +
                  R"(_downstream","type":")" + type + R"(","stream":"downstream","toxicity":1})");
  }
}

TEST(Api, StreamsAreEchoedAsTypedAndListedUpstreamFirst) {
  ApiRig api;
  api.create("a");
  api.call("POST", "/proxies/a/toxics", R"({"type":"noop","name":"d"})");
  EXPECT_EQ(
      api.line("POST", "/proxies/a/toxics",
               R"({"type":"noop","stream":"UpStream","toxicity":7.25})"),
      "200 " JSON
      R"({"attributes":{},"name":"noop_UpStream","type":"noop","stream":"UpStream","toxicity":7.25})");
  const std::string list = api.call("GET", "/proxies/a/toxics").body;
  EXPECT_LT(list.find("noop_UpStream"), list.find("\"d\""));
}

TEST(Api, ToxicErrorsComeInToxiproxysOrder) {
  ApiRig api;
  api.create("a");
  const auto error = [&](const std::string& body) {
    const auto response = api.call("POST", "/proxies/a/toxics", body);
    EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
    return std::to_string(response.status) + ' ' + response.body;
  };
  EXPECT_EQ(error("{"), "400 {\"error\":\"bad request body: unexpected EOF\",\"status\":400}\n");
  EXPECT_EQ(error(R"({"type":"nope","stream":"left"})"),
            "400 {\"error\":\"stream was invalid, can be either upstream or "
            "downstream\",\"status\":400}\n");
  EXPECT_EQ(error(R"({"type":"nope"})"), "400 {\"error\":\"invalid toxic type\",\"status\":400}\n");
  EXPECT_EQ(error("{}"), "400 {\"error\":\"invalid toxic type\",\"status\":400}\n");
  api.call("POST", "/proxies/a/toxics", R"({"type":"noop","name":"x"})");
  EXPECT_EQ(error(R"({"type":"latency","name":"x","attributes":{"latency":"y"}})"),
            "409 {\"error\":\"toxic already exists\",\"status\":409}\n");
  EXPECT_EQ(error(R"({"type":"latency","attributes":{"latency":1.5}})"),
            "400 {\"error\":\"bad request body: json: cannot unmarshal number 1.5 into Go struct "
            "field LatencyToxic.attributes.latency of type int64\",\"status\":400}\n");
  // Before anything else: Go does not know the type yet.
  EXPECT_EQ(error(R"({"type":"latency","stream":"left","attributes":5})"),
            "400 {\"error\":\"bad request body: json: cannot unmarshal number into Go struct field "
            "ToxicWrapper.attributes of type toxics.NoopToxic\",\"status\":400}\n");
  EXPECT_EQ(error(R"({"type":"latency","attributes":{"latency":"1"}})"),
            "400 {\"error\":\"bad request body: json: cannot unmarshal string into Go struct field "
            "LatencyToxic.attributes.latency of type int64\",\"status\":400}\n");
}

TEST(Api, PostAndPatchMergeAToxicsAttributes) {
  for (const char* method : {"POST", "PATCH"}) {
    ApiRig api;
    api.create("a");
    api.call("POST", "/proxies/a/toxics",
             R"({"type":"latency","attributes":{"latency":1,"jitter":2}})");
    EXPECT_EQ(
        api.line(
            method, "/proxies/a/toxics/latency_downstream",
            R"({"attributes":{"jitter":9},"toxicity":0.5,"type":"noop","stream":"upstream","name":"z"})"),
        "200 " JSON
        R"({"attributes":{"latency":1,"jitter":9},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":0.5})");
    EXPECT_EQ(api.line(method, "/proxies/a/toxics/latency_downstream", R"({"attributes":[]})"),
              "400 " TEXT
              "{\"error\":\"bad request body: json: cannot unmarshal array into Go struct field "
              ".attributes of type toxics.LatencyToxic\",\"status\":400}\n");
    // A refused update changes nothing.
    EXPECT_EQ(api.call(method, "/proxies/a/toxics/latency_downstream",
                       R"({"attributes":{"latency":7,"jitter":"x"}})")
                  .status,
              400);
    EXPECT_NE(api.call("GET", "/proxies/a/toxics/latency_downstream").body.find("\"latency\":1,"),
              std::string::npos);
  }
}

TEST(Api, PopulateAddsReplacesAndLeavesTheSameAlone) {
  ApiRig api;
  EXPECT_EQ(api.line("POST", "/populate", "[]"), "201 " JSON "{\"proxies\":null}");
  const std::string one =
      R"([{"name":"a","listen":"localhost:1","upstream":"127.0.0.1:2","enabled":false}])";
  EXPECT_EQ(api.line("POST", "/populate", one),
            std::string("201 " JSON "{\"proxies\":[") + kProxyA + "]}");
  api.call("POST", "/proxies/a/toxics", R"({"type":"noop"})");
  // The same addresses: toxics stay, and so does what is enabled.
  const std::string again =
      api.call("POST", "/populate",
               R"([{"name":"a","listen":"localhost:1","upstream":"127.0.0.1:2"}])")
          .body;
  EXPECT_NE(again.find("noop_downstream"), std::string::npos);
  EXPECT_NE(again.find("\"enabled\":false"), std::string::npos);
  // Another upstream: a new proxy.
  const std::string moved =
      api.call("POST", "/populate",
               R"([{"name":"a","listen":"localhost:1","upstream":"127.0.0.1:3","enabled":false}])")
          .body;
  EXPECT_EQ(moved.find("noop_downstream"), std::string::npos);
}

TEST(Api, PopulateErrorsAreJsonAndNameThePlace) {
  ApiRig api;
  EXPECT_EQ(api.line("POST", "/populate", R"([{"name":"a","upstream":"h:1"},{"upstream":"x"}])"),
            "400 " JSON
            R"({"error":"missing required field: name at proxy 2","status":400,"proxies":null})");
  EXPECT_EQ(
      api.line("POST", "/populate", R"([{"name":"a"}])"),
      "400 " JSON
      R"({"error":"missing required field: upstream at proxy 1","status":400,"proxies":null})");
  EXPECT_EQ(api.line("POST", "/populate", "["),
            "400 " JSON
            R"({"error":"bad request body: unexpected EOF","status":400,"proxies":null})");
  EXPECT_EQ(api.line("GET", "/proxies"), "200 " JSON "{}");
  const std::string half =
      api.call("POST", "/populate",
               R"([{"name":"a","listen":"localhost:1","upstream":"127.0.0.1:2","enabled":false},
                                        {"name":"b","listen":"nope","upstream":"h:1"}])")
          .body;
  EXPECT_EQ(half, std::string("{\"error\":\"listen tcp: address nope: missing port in "
                              "address\",\"status\":500,\"proxies\":[") +
                      kProxyA + "]}");
}

TEST(Api, ResetEnablesEveryProxyAndRemovesEveryToxic) {
  ApiRig api;
  api.create("a", "localhost:0");
  api.call("POST", "/proxies/a/toxics", R"({"type":"noop"})");
  EXPECT_EQ(api.line("POST", "/reset"), "204  ");
  const std::string body = api.call("GET", "/proxies/a").body;
  EXPECT_NE(body.find("\"enabled\":true"), std::string::npos);
  EXPECT_NE(body.find("\"toxics\":[]"), std::string::npos);
}

TEST(Api, UnknownPathsAreGos404AndWrongMethodsA405WithoutABody) {
  ApiRig api;
  api.create("a");
  for (const char* path : {"/", "/proxies/", "/proxies/a/", "/proxies/a/toxics/", "/version/",
                           "/metrics", "/x", "/proxies/a/x", "/proxies/a/toxics/b/c"}) {
    EXPECT_EQ(api.line("GET", path), "404 " TEXT "404 page not found\n") << path;
  }
  EXPECT_EQ(api.line("PUT", "/proxies"), "405  ");
  EXPECT_EQ(api.line("GET", "/populate"), "405  ");
  EXPECT_EQ(api.line("GET", "/reset"), "405  ");
  EXPECT_EQ(api.line("POST", "/version"), "405  ");
  EXPECT_EQ(api.line("DELETE", "/proxies/a/toxics"), "405  ");
  EXPECT_EQ(api.line("PUT", "/proxies/a/toxics/x"), "405  ");
}

TEST(Api, BrowsersAreRefused) {
  ApiRig api;
  const auto response = api.call("GET", "/version", {}, {{"User-Agent", "Mozilla/5.0"}});
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, "User agent not allowed\n");
  EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
}

TEST(Api, MetricsAreThereOnlyWhenAskedFor) {
  ApiRig plain;
  EXPECT_EQ(plain.call("GET", "/metrics").status, 404);
  ApiRig counted({.proxy_metrics = true});
  counted.create("a");
  const std::string body = counted.call("GET", "/metrics").body;
  EXPECT_NE(body.find("toxiproxy_proxy_received_bytes_total{direction=\"upstream\",listener="
                      "\"localhost:1\",proxy=\"a\",upstream=\"127.0.0.1:2\"} 0\n"),
            std::string::npos)
      << body;
  EXPECT_EQ(body.find("process_"), std::string::npos);
  ApiRig runtime({.runtime_metrics = true});
  EXPECT_NE(runtime.call("GET", "/metrics").body.find("process_open_fds "), std::string::npos);
}

}  // namespace
}  // namespace levi::proxy
