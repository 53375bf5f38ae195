// The real command: each subcommand shows an example, and those that only look answer with what
// they promise.
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "core/base/version.h"
#include "core/os/file.h"
#include "tests/chaos/stage_rig.h"

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
      {{"nonsense"}, 2, {"subcommand"}},
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
