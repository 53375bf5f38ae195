// levi-proxy as a process: its flags, its config, its end.
#include <poll.h>

#include "core/os/address.h"
#include "core/os/socket.h"
#include "core/os/socket_calls.h"
#include "tests/proxy/process_rig.h"

namespace levi::proxy {
namespace {

TEST(Process, ServesItsConfigAndEndsOnSigterm) {
  test::TempFolder folder;
  ASSERT_TRUE(os::write_file_atomic(folder / "proxies.json",
                                    R"([{"name":"a","listen":"localhost:0","upstream":"h:1"}])"));
  Program program({"-port", "0", "--config=" + (folder / "proxies.json"), "-seed", "7"});
  EXPECT_NE(get(program.port(), "/proxies/a").find("\"enabled\":true"), std::string::npos);
  EXPECT_NE(program.text("out").find("\"seed\":7,"), std::string::npos);
  ASSERT_TRUE(program.child->kill(SIGTERM));
  EXPECT_EQ(program.exit_code(), 0);
}

TEST(Process, ABadConfigNamesFileFieldAndFixAndEndsWith2) {
  test::TempFolder folder;
  const std::string path = folder / "proxies.json";
  ASSERT_TRUE(os::write_file_atomic(path, R"([{"name":"a"}])"));
  Program program({"-port", "0", "-config", path});
  EXPECT_EQ(program.exit_code(), 2);
  EXPECT_NE(program.text("err").find(path + ": missing required field: upstream at proxy 1"),
            std::string::npos)
      << program.text("err");
  EXPECT_NE(program.text("err").find("POST /populate"), std::string::npos);
}

TEST(Process, APortInUseEndsWith2) {
  Program first({"-port", "0"});
  Program second({"-port", std::to_string(first.port())});
  EXPECT_EQ(second.exit_code(), 2);
  EXPECT_NE(second.text("err").find("in use"), std::string::npos) << second.text("err");
}

TEST(Process, OthersAreLetInOnlyWithATokenOrInCompat) {
  Program refused({"-host", "0.0.0.0", "-port", "0"});
  EXPECT_EQ(refused.exit_code(), 2);
  EXPECT_NE(refused.text("err").find("LEVI_PROXY_TOKEN"), std::string::npos);
  Program compat({"-host", "0.0.0.0", "-port", "0", "-compat"});
  EXPECT_EQ(get(compat.port(), "/version"), "{\"version\": \"2.12.0\"}\n");
}

// A token that is set is demanded, whatever lets others in.
TEST(Process, ATokenThatIsSetIsDemandedInCompatToo) {
  for (const bool compat : {false, true}) {
    std::vector<std::string> arguments = {"-host", "0.0.0.0", "-port", "0"};
    if (compat) arguments.emplace_back("-compat");
    Program program(arguments, {{"LEVI_PROXY_TOKEN", "secret"}});
    const int port = program.port();
    EXPECT_NE(get(port, "/version").find("a token is needed"), std::string::npos);
    const auto answer =
        os::http_call("GET", "http://127.0.0.1:" + std::to_string(port) + "/version", {},
                      os::kDeadline, {{"Authorization", "Bearer secret"}});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer.value().body, "{\"version\": \"2.12.0\"}\n");
  }
}

// A client of that proxy, and the listener that it reaches.
struct Open {
  os::Fd listener;
  os::Fd client;
  os::Fd upstream;
};

Open open_connection(int api, const std::string& connect = {}) {
  Open open;
  os::Endpoint endpoint = os::parse_endpoint("127.0.0.1:0").value();
  open.listener = std::move(os::listen_on(endpoint)).value();
  endpoint.port = os::local_port(open.listener.get()).value();
  os::Endpoint entrance = endpoint;
  if (connect.empty()) {
    const auto made = os::http_call(
        "POST", "http://127.0.0.1:" + std::to_string(api) + "/proxies",
        R"({"name":"p","listen":"127.0.0.1:0","upstream":")" + endpoint.text() + "\"}",
        os::kDeadline);
    const std::string& body = made.value().body;
    entrance.port =
        static_cast<std::uint16_t>(std::atoi(body.c_str() + body.find("\"listen\":\"127.0.0.1:") +
                                             sizeof("\"listen\":\"127.0.0.1:") - 1));
  } else {
    entrance.port = static_cast<std::uint16_t>(std::stoi(connect));
  }
  open.client = std::move(os::connect_blocking(entrance, os::kDeadline)).value();
  if (!connect.empty()) {
    const std::string request = "CONNECT " + endpoint.text() + " HTTP/1.1\r\n\r\nx";
    EXPECT_EQ(os::send_some(open.client.get(), request.data(), request.size()).bytes,
              request.size());
  }
  EXPECT_TRUE(os::wait_ready(open.listener.get(), POLLIN, os::mono_now() + os::kDeadline).value());
  open.upstream = std::move(os::accept_one(open.listener.get())).value();
  return open;
}

TEST(Process, SigtermLetsOpenConnectionsEndAndASecondOneDoesNot) {
  Program program({"-port", "0", "-drain", "3600s"});
  Open open = open_connection(program.port());
  ASSERT_TRUE(program.child->kill(SIGTERM));
  os::Loop loop;
  EXPECT_TRUE(os::pump(
      loop, [&] { return program.text("out").find("Shutdown started") != std::string::npos; }));
  EXPECT_FALSE(program.child->wait(50ms));  // it waits for the connection
  ASSERT_EQ(os::send_some(open.client.get(), "late", 4).bytes, 4u);
  EXPECT_TRUE(os::wait_ready(open.upstream.get(), POLLIN, os::mono_now() + os::kDeadline).value());
  open.client.reset();
  open.upstream.reset();
  EXPECT_EQ(program.exit_code(), 0);

  Program impatient({"-port", "0", "-drain", "3600s"});
  open = open_connection(impatient.port());
  ASSERT_TRUE(impatient.child->kill(SIGTERM));
  EXPECT_TRUE(os::pump(
      loop, [&] { return impatient.text("out").find("Shutdown started") != std::string::npos; }));
  ASSERT_TRUE(impatient.child->kill(SIGTERM));
  EXPECT_EQ(impatient.exit_code(), 0);
}

TEST(Process, SigtermWaitsForTunnelsToo) {
  Program program({"-port", "0", "-drain", "3600s", "-connect", "127.0.0.1:0"});
  const int api = program.port();
  const std::string out = program.text("out");
  const std::size_t line = out.find("\"port\":");  // the CONNECT listener's comes first
  const Open open = open_connection(api, std::to_string(std::atoi(out.c_str() + line + 7)));
  ASSERT_TRUE(program.child->kill(SIGTERM));
  os::Loop loop;
  EXPECT_TRUE(os::pump(
      loop, [&] { return program.text("out").find("Shutdown started") != std::string::npos; }));
  EXPECT_FALSE(program.child->wait(50ms));
  ASSERT_TRUE(program.child->kill(SIGTERM));
  EXPECT_EQ(program.exit_code(), 0);
}

TEST(Process, ARestartWithTheSameConfigServesTheSameProxies) {
  test::TempFolder folder;
  const std::string config = folder / "proxies.json";
  ASSERT_TRUE(os::write_file_atomic(
      config, R"([{"name":"a","listen":"unix:)" + (folder / "a.sock") +
                  R"(","upstream":"h:1","toxics":[{"type":"latency","for":3600000}]}])"));
  std::string first;
  for (int i = 0; i < 3; ++i) {
    Program program({"-port", "0", "-config", config});
    const std::string body = get(program.port(), "/proxies");
    EXPECT_NE(body.find("latency_downstream"), std::string::npos) << body;
    if (i > 0) {
      EXPECT_EQ(body, first);
    }
    first = body;
    ASSERT_TRUE(program.child->kill(SIGKILL));  // its socket file stays, and is in nobody's way
    (void)program.child->wait(os::kDeadline);
  }
}

TEST(Process, ARefusedUpstreamIsLogged) {
  Program program({"-port", "0"});
  const std::string base = "http://127.0.0.1:" + std::to_string(program.port());
  const auto made = os::http_call("POST", base + "/proxies",
                                  R"({"name":"p","listen":"127.0.0.1:0","upstream":"localhost:1"})",
                                  os::kDeadline);
  const std::string& body = made.value().body;
  os::Endpoint entrance = os::parse_endpoint("127.0.0.1:0").value();
  entrance.port =
      static_cast<std::uint16_t>(std::atoi(body.c_str() + body.find("127.0.0.1:") + 10));
  const auto client = os::connect_blocking(entrance, os::kDeadline);
  os::Loop loop;
  EXPECT_TRUE(os::pump(loop, [&] {
    return program.text("out").find("Unable to open connection to upstream") != std::string::npos;
  }));
  EXPECT_NE(program.text("out").find("refused"), std::string::npos) << program.text("out");
}

TEST(Process, UnknownFlagsEndWith2AndTheVersionIsToxiproxys) {
  Program unknown({"-nope"});
  EXPECT_EQ(unknown.exit_code(), 2);
  EXPECT_NE(unknown.text("err").find("unknown argument '-nope'"), std::string::npos);
  Program version({"-version"});
  EXPECT_EQ(version.exit_code(), 0);
  EXPECT_EQ(version.text("out"), "toxiproxy-server version 2.12.0\n");
  Program help({"--help"});
  EXPECT_EQ(help.exit_code(), 0);
  EXPECT_NE(help.text("out").find("example: a feed that goes silent"), std::string::npos);
}

}  // namespace
}  // namespace levi::proxy
