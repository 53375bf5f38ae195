// `levictl proxy …` against a running levi-proxy: toxiproxy-cli's commands, aliases and words.
#include <CLI/CLI.hpp>

#include "levictl/proxy.h"
#include "tests/proxy/process_rig.h"

namespace levi::proxy {
namespace {

struct Cli {
  Program program{{"-port", "0"}};
  std::string host = "http://127.0.0.1:" + std::to_string(program.port());
  int code = -1;

  // What it printed; `code` is its exit code, -2 where the arguments were refused.
  std::string run(const std::string& arguments) {
    CLI::App app;
    code = -2;
    cli::add_proxy_commands(app, code);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    try {
      app.parse("proxy -h " + host + ' ' + arguments);
    } catch (const CLI::ParseError&) {
      code = -2;
    }
    return ::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr();
  }
  std::string done(const std::string& arguments) {
    std::string text = run(arguments);
    EXPECT_EQ(code, 0) << arguments << ": " << text;
    return text;
  }
};

TEST(ProxyCli, SaysWhatToxiproxyCliSays) {
  Cli cli;
  EXPECT_EQ(cli.done("create -l localhost:0 -u localhost:1 feed"), "Created new proxy feed\n");
  EXPECT_EQ(cli.done("toxic add -t latency -a latency=1000 -a jitter=1e2 feed"),
            "Added downstream latency toxic 'latency_downstream' on proxy 'feed'\n");
  EXPECT_EQ(cli.done("toxic add -t slicer -n cut --tox 0.5 -u -a average_size=9 feed"),
            "Added upstream slicer toxic 'cut' on proxy 'feed'\n");
  EXPECT_EQ(cli.done("inspect feed"),
            "cut\ttype=slicer\tstream=upstream\ttoxicity=0.50\tattributes=["
            "\taverage_size=9\tdelay=0\tsize_variation=0\t]\n"
            "latency_downstream\ttype=latency\tstream=downstream\ttoxicity=1.00\tattributes=["
            "\tjitter=100\tlatency=1000\t]\n");
  EXPECT_EQ(cli.done("toxic update -n cut -a delay=5 feed"),
            "Updated toxic 'cut' on proxy 'feed'\n");
  EXPECT_EQ(cli.done("toxic remove -n cut feed"), "Removed toxic 'cut' on proxy 'feed'\n");
  EXPECT_EQ(cli.done("toggle feed"), "Proxy feed is now disabled\n");
  const std::string list = cli.done("list");
  EXPECT_TRUE(list.starts_with("feed\t127.0.0.1:")) << list;
  EXPECT_TRUE(list.ends_with("\tlocalhost:1\tdisabled\t1\n")) << list;
  EXPECT_EQ(cli.done("delete feed"), "Deleted proxy feed\n");
  EXPECT_EQ(cli.done("list"), "");
}

TEST(ProxyCli, KnowsToxiproxyClisAliases) {
  Cli cli;
  for (const char* create : {"c", "new"}) {
    cli.done(std::string(create) + " --listen localhost:0 --upstream localhost:1 a");
    for (const char* list : {"l", "li", "ls"}) cli.done(list);
    for (const char* inspect : {"i", "ins"}) cli.done(std::string(inspect) + " a");
    cli.done("t a --type noop --toxicName x --toxicity 1 --downstream a");
    cli.done("t u --toxicName x --attribute y=1 a");
    for (const char* remove : {"r", "delete", "d"}) {
      cli.done("t a -t noop -n y a");
      cli.done(std::string("t ") + remove + " -n y a");
    }
    cli.done("tog a");
    cli.done("d a");
  }
}

TEST(ProxyCli, FailuresEndWith1AndNobodyThereWith3) {
  Cli cli;
  EXPECT_EQ(cli.run("inspect nobody"), "Failed to retrieve proxy nobody: proxy not found\n");
  EXPECT_EQ(cli.code, 1);
  cli.run("toxic add -t nope nobody");
  EXPECT_EQ(cli.code, 1);
  cli.run("create -u localhost:1 feed");
  EXPECT_EQ(cli.code, -2);
  cli.run("toxic add -t noop -u -d feed");
  EXPECT_EQ(cli.code, 2);
  (void)cli.program.child->kill(SIGKILL);
  (void)cli.program.child->wait(os::kDeadline);
  cli.run("list");
  EXPECT_EQ(cli.code, 3);
}

TEST(ProxyCli, LeasesAndTagsAreItsOwn) {
  Cli cli;
  cli.done("create -l localhost:0 -u localhost:1 feed");
  cli.done("toxic add -t ws_silence --for 60000 --after 60000 --tag run-7 feed");
  EXPECT_TRUE(cli.done("inspect feed").ends_with("\t]\tfor=60000\tafter=60000\ttag=run-7\n"));
  cli.done("toxic update -n ws_silence_downstream --for 90000 feed");
  EXPECT_NE(cli.done("inspect feed").find("\tfor=90000\t"), std::string::npos);
  EXPECT_EQ(cli.done("toxic remove --tag run-7"), "Removed 1 toxics with tag 'run-7'\n");
}

}  // namespace
}  // namespace levi::proxy
