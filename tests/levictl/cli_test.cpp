// The real command: each subcommand shows an example, and those that only look answer with what
// they promise.
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "core/base/version.h"
#include "core/os/file.h"
#include "levictl/stage.h"
#include "tests/chaos/stage_rig.h"
#include "tests/levictl/spawned.h"

namespace levi::chaos {
namespace {

class Cli : public LevictlRig {
 protected:
  // The names below "Subcommands:" in a help text.
  std::vector<std::string> subcommands(const std::string& help) {
    std::vector<std::string> names;
    std::istringstream lines(help);
    bool there = false;
    for (std::string line; std::getline(lines, line);) {
      const bool entry = line.size() > 2 && line.starts_with("  ") && line[2] != ' ';
      if (there && entry) names.push_back(line.substr(2, line.find_first_of(" ,", 2) - 2));
      if (there && !line.starts_with("  ")) there = false;
      std::string lower = line;
      std::transform(lower.begin(), lower.end(), lower.begin(), ::tolower);
      if (lower.starts_with("subcommands:")) there = true;
    }
    return names;
  }

  void expect_examples(const std::vector<std::string>& command) {
    std::string name;
    for (const auto& word : command) name += word + " ";
    if (name == "proxy serve ") return;  // levi-proxy's own flags, as Toxiproxy spells them
    auto asked = command;
    asked.push_back("--help");
    const Outcome help = levictl(asked);
    EXPECT_EQ(help.code, 0) << name;
    EXPECT_NE(help.text.find("Example: levictl"), std::string::npos) << name << "\n" << help.text;
    ++seen_;
    for (const auto& sub : subcommands(help.text)) {
      auto below = command;
      below.push_back(sub);
      expect_examples(below);
    }
  }
  int seen_ = 0;
};

TEST_F(Cli, EverySubcommandShowsAnExample) {
  expect_examples({});
  EXPECT_GE(seen_, 30) << "the help text was not understood";
}

struct Call {
  std::vector<std::string> arguments;
  int code;
  std::vector<std::string> words;
};

TEST_F(Cli, WhatOnlyLooksAnswersWhatItPromises) {
  const std::string results = folder("none");
  const std::vector<Call> calls{
      {{"version"}, 0, {"levictl ", kBuild}},
      {{"--version"}, 0, {"levictl ", kBuild}},
      {{"chaos", "list"}, 0, {"C-1", "K-1", "engine.kill"}},
      {{"chaos", "list", "-o", "json"}, 0, {"\"id\": \"C-2b\"", "\"source\""}},
      {{"chaos", "show", "C-6"}, 0, {"id: C-6", "variants:", "controls:"}},
      {{"chaos", "show", "kill-switch"}, 0, {"id: C-6"}},
      {{"chaos", "show", "C-99"}, 2, {"C-99", "C-2b"}},
      {{"chaos", "show"}, 2, {"scenario"}},
      {{"chaos", "faults"}, 0, {"kill.switch", "command", "feed.half_open", "on: market"}},
      {{"chaos", "validate"}, 0, {"6 scenarios are valid"}},
      {{"chaos", "status"}, 0, {"no chaos is active"}},
      {{"chaos", "stop"}, 0, {"no chaos is active"}},
      {{"chaos", "stop", "r1"}, 3, {"no run r1"}},
      {{"chaos", "undo"}, 0, {"nothing of ours is left"}},
      {{"chaos", "gate", results}, 3, {"results.jsonl"}},
      {{"chaos", "gate", results, "--gate", "nan"}, 2, {"not between 0 and 1"}},
      {{"chaos", "gate", results, "--gate", "1.1"}, 2, {"not between 0 and 1"}},
      {{"chaos", "run", "--stage", "--gate", "nan"}, 2, {"not between 0 and 1"}},
      {{"down"}, 0, {"no stage 'default' is up"}},
      {{"nonsense"}, 2, {"subcommand", "no command 'nonsense'", "recover"}},
      {{"chaos", "nonsense"}, 2, {"levictl chaos: there is no command 'nonsense'", "validate"}},
      {{"help"}, 0, {"levictl breaks", "status"}},
      {{"help", "kill"}, 0, {"--venue", "Example: levictl kill"}},
      {{"help", "chaos", "run"}, 0, {"--trials"}},
      {{}, 2, {"subcommand"}},
  };
  for (const Call& call : calls) {
    std::string name;
    for (const auto& word : call.arguments) name += word + " ";
    const Outcome outcome = levictl(call.arguments);
    EXPECT_EQ(outcome.code, call.code) << name << "\n" << outcome.text;
    for (const auto& word : call.words) {
      EXPECT_NE(outcome.text.find(word), std::string::npos) << name << "lacks " << word << "\n"
                                                            << outcome.text;
    }
  }
}

// What can't be meant is refused before anything is done: exit 2.
TEST_F(Cli, WhatCantBeMeantIsRefused) {
  const std::string nobody = "127.0.0.1:1";
  const std::vector<Call> calls{
      {{"flatten", "", "--yes"}, 2, {"empty"}},
      {{"status", "--target", ""}, 2, {"--target is empty"}},
      {{"kill", "--target", ""}, 2, {"--target is empty"}},
      {{"kill", "--data", ""}, 2, {"--data is empty"}},
      {{"kill", "--runtime", ""}, 2, {"--runtime is empty"}},
      {{"status", "--target", "nosuch"}, 3, {"no stage 'nosuch' is up"}},
      {{"status", "--target", "../x"}, 2, {"no name for a stage"}},
      {{"status", "--target", "https://127.0.0.1:8000"}, 2, {"without TLS"}},
      {{"status", "--target", "unix:/tmp/x.sock"}, 2, {"--runtime"}},
      {{"status", "--target", "::1:8000"}, 2, {"brackets", "[::1]:8000"}},
      {{"status", "--target", nobody, "--control", "nonsense"}, 2, {"--control 'nonsense'"}},
      {{"down", "--name", ""}, 2, {"no name for a stage"}},
      {{"down", "--name", "../x"}, 2, {"no name for a stage"}},
      {{"down", "--name", "typo"}, 0, {"no stage 'typo' is up"}},
      {{"up", "--name", "../x"}, 2, {"no name for a stage"}},
      {{"up", "--name", "x", "--venue-latency", "99h"}, 2, {"--venue-latency"}},
      {{"up", "--name", "x", "--seed", "-1"}, 2, {"'-1' is no whole number"}},
      {{"resume", "--target", nobody, "--reason", "x", "--epoch", "-1"}, 2, {"'-1'"}},
      {{"kill", "--target", nobody, "--wait", "99999h"}, 2, {"--wait"}},
      {{"chaos", "run", "--stage", "--timeout", "0s"}, 2, {"--timeout"}},
  };
  for (const Call& call : calls) {
    std::string name;
    for (const auto& word : call.arguments) name += "'" + word + "' ";
    const Outcome outcome = levictl(call.arguments);
    EXPECT_EQ(outcome.code, call.code) << name << "\n" << outcome.text;
    for (const auto& word : call.words) {
      EXPECT_NE(outcome.text.find(word), std::string::npos) << name << "lacks " << word << "\n"
                                                            << outcome.text;
    }
  }
}

// Whoever can't read which stage is the default must not stop the core at the default address.
TEST_F(Cli, ADamagedRecordIsNamedAndCanBeTakenAway) {
  const std::string record = folder("levictl/stages/default.json");
  ASSERT_TRUE(os::make_folders(folder("levictl/stages")));
  ASSERT_TRUE(os::write_file_atomic(record, "{\"name\":"));
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"kill"}, {"status"}, {"status", "--target", "default"}}) {
    const Outcome said = levictl(command);
    EXPECT_EQ(said.code, 2) << said.text;
    EXPECT_NE(said.text.find(record), std::string::npos) << said.text;
    EXPECT_NE(said.text.find("levictl down --all"), std::string::npos) << said.text;
    EXPECT_EQ(said.text.find("json.exception"), std::string::npos) << said.text;
  }
  EXPECT_NE(levictl({"doctor"}).text.find(record), std::string::npos);
  EXPECT_EQ(levictl({"down"}).code, 1);
  EXPECT_NE(levictl({"up"}).code, 0);
  EXPECT_TRUE(os::exists(record)) << "up must not forget a stage that may run";
  const Outcome down = levictl({"down", "--all"});
  EXPECT_NE(down.text.find(record), std::string::npos) << down.text;
  EXPECT_FALSE(os::exists(record));
  EXPECT_EQ(levictl({"down", "--all"}).code, 0);
}

TEST_F(Cli, AnAnswerThatCantBeWrittenIsNone) {
  test::Spawned list({"chaos", "list", "-o", "json"}, "/dev/full");
  EXPECT_EQ(list.code(), 1);
}

TEST_F(Cli, DoctorTriesToWriteWhereLevidWould) {
  const test::TempFolder runtime(test::kTmpfs);
  ASSERT_TRUE(os::write_file_atomic(runtime / "levi", "a file, no folder"));
  test::Spawned doctor({"doctor"}, folder("doctor.log"), {{"XDG_RUNTIME_DIR", runtime.path()}});
  EXPECT_EQ(doctor.code(), 1);
  EXPECT_NE(doctor.text().find("runtime folder  BAD"), std::string::npos) << doctor.text();
}

// Keys lie in the scratch folder from the first moment on.
class Interrupted : public Cli {
 protected:
  std::vector<std::string> scratch() {
    std::vector<std::string> found;
    const auto entries = os::list_folder("/tmp");
    for (const auto& entry : entries.value()) {
      if (entry.starts_with("levi-stage-" + name_ + "-")) found.push_back(entry);
    }
    return found;
  }
  const std::string name_ = "int" + std::to_string(::getpid());
};

TEST_F(Interrupted, UpTakesBackWhatHadComeUp) {
  test::Spawned up({"up", "--name", name_}, folder("up.log"));
  ASSERT_TRUE(test::eventually([&] { return !scratch().empty(); }));
  up.signal(SIGINT);
  EXPECT_EQ(up.code(), 4) << up.text();
  EXPECT_TRUE(scratch().empty());
  EXPECT_FALSE(os::exists(cli::stage_file(name_)));
  EXPECT_EQ(levictl({"down", "--name", name_}).code, 0);
}

TEST_F(Interrupted, UpThatWasKilledIsClearedAwayByTheNextCommand) {
  test::Spawned up({"up", "--name", name_}, folder("up.log"));
  ASSERT_TRUE(test::eventually([&] { return !scratch().empty(); }));
  up.signal(SIGKILL);
  EXPECT_EQ(up.code(), -1);
  const Outcome down = levictl({"down", "--name", name_});
  EXPECT_EQ(down.code, 0) << down.text;
  EXPECT_TRUE(test::eventually([&] { return scratch().empty(); })) << scratch().front();
}

// An own configuration that can't be used: said of that file, nothing started, nothing left.
TEST_F(Cli, UpRefusesAConfigurationThatNoStageCanRunOn) {
  const std::string real = folder("real.yaml");
  const std::string name = "cli" + std::to_string(::getpid());
  const std::string wrong = folder("wrong.yaml");
  const std::string marks =
      "data: @DATA@\nruntime: @RUNTIME@\napi: @API@\ncontrol: @CONTROL@\n"
      "venue: {rest: '@EXCHANGE@', websocket: '@EXCHANGE@', key_file: '@FOLDER@/key', "
      "secret_file: '@FOLDER@/secret'}\n";
  ASSERT_TRUE(os::write_file_atomic(real, "data: /var/lib/levid\napi: 127.0.0.1:8000\n"));
  ASSERT_TRUE(os::write_file_atomic(wrong, marks + "symbls: [BTCUSDT]\n"));
  const std::vector<Call> calls{
      {{"up", "--name", name, "--config", folder("none.yaml")},
       2,
       {folder("none.yaml"), "No such file"}},
      {{"up", "--name", name, "--config", real}, 2, {real, "@DATA@", "@EXCHANGE@"}},
      {{"up", "--name", name, "--config", wrong}, 2, {wrong + ":6", "symbls"}},
  };
  for (const Call& call : calls) {
    const Outcome outcome = levictl(call.arguments);
    EXPECT_EQ(outcome.code, call.code) << outcome.text;
    for (const auto& word : call.words) {
      EXPECT_NE(outcome.text.find(word), std::string::npos) << outcome.text;
    }
    EXPECT_NE(levictl({"down", "--name", name}).text.find("no stage"), std::string::npos);
  }
  const auto left = os::list_folder("/tmp");
  for (const auto& entry : left.value()) {
    EXPECT_FALSE(entry.starts_with("levi-stage-" + name)) << entry;
  }
}

// What it finds depends on the machine; which questions it asks does not.
TEST_F(Cli, DoctorNamesEachQuestionAndItsGrade) {
  const Outcome table = levictl({"doctor"});
  const Outcome json = levictl({"doctor", "-o", "json"});
  EXPECT_EQ(table.code, json.code);
  const bool bad = table.text.find(" BAD ") != std::string::npos;
  EXPECT_EQ(table.code, bad ? 1 : 0) << table.text;
  for (const char* check : {"binaries", "runtime folder", "state folder", "priorities",
                            "locked memory", "open files", "pidfds", "stages"}) {
    EXPECT_NE(table.text.find(check), std::string::npos) << table.text;
    EXPECT_NE(json.text.find(std::string("\"check\": \"") + check), std::string::npos) << json.text;
  }
}

}  // namespace
}  // namespace levi::chaos
