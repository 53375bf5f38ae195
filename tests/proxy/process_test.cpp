// levi-proxy as a process: its flags, its config, its end.
#include "core/os/process.h"

#include <gtest/gtest.h>

#include <csignal>

#include "chaos/proxy/json_value.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/http.h"
#include "tests/os/support.h"
#include "tests/support/temp_folder.h"

namespace levi::proxy {
namespace {

struct Program {
  test::TempFolder folder;
  std::unique_ptr<os::Child> child;

  explicit Program(std::vector<std::string> arguments) {
    os::SpawnOptions options;
    options.program = LEVI_PROXY_PROGRAM;
    options.arguments = std::move(arguments);
    options.stdout_path = folder / "out";
    options.stderr_path = folder / "err";
    options.parent_death_signal = SIGKILL;
    auto spawned = os::Child::spawn(options);
    EXPECT_TRUE(spawned);
    child = std::make_unique<os::Child>(std::move(spawned).value());
  }
  ~Program() {
    (void)child->kill(SIGKILL);
    (void)child->wait(os::kDeadline);
  }
  std::string text(const std::string& name) const {
    const auto all = os::read_file(folder / name);
    return all ? all.value() : std::string();
  }
  // The API's port, once it says so.
  int port() {
    os::Loop loop;
    int found = 0;
    EXPECT_TRUE(os::pump(loop, [&] {
      const std::string all = text("out");
      const std::size_t at = all.find("\"port\":");
      if (at != std::string::npos && all.find("HTTP server\"}\n") != std::string::npos) {
        found = std::atoi(all.c_str() + at + 7);
      }
      return found != 0;
    })) << text("err");
    return found;
  }
  int exit_code() {
    const auto status = child->wait(os::kDeadline);
    return status && status->exited ? status->code : -1;
  }
};

std::string get(int port, const std::string& path) {
  const auto answer =
      os::http_call("GET", "http://127.0.0.1:" + std::to_string(port) + path, {}, os::kDeadline);
  return answer ? answer.value().body : answer.error().text();
}

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
