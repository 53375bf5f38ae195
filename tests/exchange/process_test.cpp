// The program itself: arguments, the line that says it is ready, the ledger file, its end.
#include "core/os/process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "core/os/file.h"
#include "tests/exchange/stage.h"
#include "tests/support/temp_folder.h"

namespace levi::exchange {
namespace {

constexpr int kReadyDescriptor = 5;

class ProcessTest : public ::testing::Test {
 protected:
  os::Child spawn(std::vector<std::string> arguments, bool with_key = true) {
    auto pipe = os::make_pipe();
    EXPECT_TRUE(pipe);
    os::SpawnOptions options;
    options.program = LEVI_EXCHANGE_PROGRAM;
    options.arguments = std::move(arguments);
    options.arguments.insert(options.arguments.end(),
                             {"--ready-fd", std::to_string(kReadyDescriptor)});
    options.environment_add = {{"LEVI_PRACTICE_KEY", with_key ? Stage::kKey : ""},
                               {"LEVI_PRACTICE_SECRET", with_key ? Stage::kSecret : ""}};
    options.descriptors = {{pipe.value().second.get(), kReadyDescriptor}};
    options.stdout_path = folder + "/out";
    options.stderr_path = folder + "/err";
    options.parent_death_signal = SIGKILL;
    auto child = os::Child::spawn(options);
    LEVI_CHECK(child.has_value());
    pipe.value().second.reset();
    ready = read_line(pipe.value().first.get());
    return std::move(child).value();
  }
  // Until the writer closes; empty where it ended without a word.
  static std::string read_line(int fd) {
    std::string text;
    const MonoTime deadline = os::mono_now() + kPatience;
    while (os::mono_now() < deadline) {
      pollfd entry{fd, POLLIN, 0};
      if (::poll(&entry, 1, 100) <= 0) continue;
      char buffer[256];
      const ssize_t count = ::read(fd, buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }
  std::string errors() { return os::read_file(folder + "/err").value(); }

  test::TempFolder temp;
  const std::string& folder = temp.path();
  std::string ready;
};

TEST_F(ProcessTest, ItSaysItsPortsTradesKeepsALedgerFileAndEndsOnSigterm) {
  const std::string ledger = folder + "/ledger.jsonl";
  os::Child child = spawn(
      {"--port", "0", "--admin-port", "0", "--ledger", ledger, "--symbols", "BTCUSDT,ETHUSDT"});
  const Json ports = Json::parse(ready, nullptr, false);
  ASSERT_TRUE(ports.is_object()) << ready << errors();
  EXPECT_EQ(os::read_file(folder + "/out").value(), ready);
  const std::string url = "http://127.0.0.1:" + std::to_string(ports["rest_port"].get<int>());
  const std::string query = Stage::sign_query(
      "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&newClientOrderId=p1");
  const auto placed = os::http_call("POST", url + "/api/v3/order?" + query, "", kPatience,
                                    {{"X-MEXC-APIKEY", Stage::kKey}});
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed.value().status, 200) << placed.value().body;
  ASSERT_TRUE(child.kill(SIGTERM));
  const auto status = child.wait(kPatience);
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->exited && status->code == 0) << status->text();
  const std::string lines = os::read_file(ledger).value();
  EXPECT_NE(lines.find(R"("client_id":"p1")"), std::string::npos) << lines;
  std::uint64_t arrival = 0;
  for (std::size_t start = 0; start < lines.size();) {
    const std::size_t end = lines.find('\n', start);
    const Json entry = Json::parse(lines.substr(start, end - start), nullptr, false);
    ASSERT_FALSE(entry.is_discarded());
    EXPECT_EQ(entry["arrival"], ++arrival);
    start = end + 1;
  }
}

TEST_F(ProcessTest, WrongUsageEndsWithTwoAndSaysWhatToDo) {
  struct Case {
    std::vector<std::string> arguments;
    bool with_key;
    const char* said;
  };
  const Case cases[] = {{{"--port", "0"}, false, "LEVI_PRACTICE_KEY"},
                        {{"--symbols", "btc"}, true, "not a symbol"},
                        {{"--symbols", "BTCUSDT,BTCUSDT"}, true, "twice"},
                        {{"--nonsense"}, true, "nonsense"},
                        {{"--venue-limits", "maybe"}, true, "venue-limits"},
                        {{"--keys-file", "/nowhere/keys.yaml"}, true, "/nowhere/keys.yaml"}};
  for (const Case& each : cases) {
    os::Child child = spawn(each.arguments, each.with_key);
    const auto status = child.wait(kPatience);
    ASSERT_TRUE(status);
    EXPECT_TRUE(status->exited && status->code == 2) << status->text();
    EXPECT_NE(errors().find(each.said), std::string::npos) << errors();
  }
}

TEST_F(ProcessTest, APortInUseIsAClearError) {
  const auto taken = os::listen_on({"127.0.0.1", 0, {}});
  ASSERT_TRUE(taken);
  const std::string port = std::to_string(os::local_port(taken.value().get()).value());
  os::Child child = spawn({"--port", port, "--admin-port", "0"});
  const auto status = child.wait(kPatience);
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->exited && status->code == 1) << status->text();
  EXPECT_NE(errors().find(port), std::string::npos) << errors();
}

TEST_F(ProcessTest, HelpShowsAnExample) {
  os::Child child = spawn({"--help"});
  EXPECT_EQ(child.wait(kPatience)->code, 0);
  EXPECT_NE(os::read_file(folder + "/out").value().find("Example:"), std::string::npos);
}

}  // namespace
}  // namespace levi::exchange
