// A levid and an exchange without a supervisor: for starts that go wrong. Addresses, folders and
// keys are those of a stage that was never started.
#pragma once

#include "core/os/file.h"
#include "tests/integration/rig.h"

namespace levi::test {

class LoneCoreTest : public IntegrationTest {
 protected:
  LoneCoreTest() {
    const std::string own = "/levi-test-runtime-" + os::identify_self().boot_id.substr(0, 8) + "-" +
                            home_.path().substr(home_.path().rfind('.') + 1);
    stage_.name = "lone";
    stage_.folder = home_.path() + "/lone";
    stage_.data = stage_.folder + "/data";
    stage_.runtime = std::string(kTmpfs) + own;
    stage_.api = "127.0.0.1:" + std::to_string(free_port());
    stage_.control = "127.0.0.1:" + std::to_string(free_port());
    stage_.exchange = "127.0.0.1:" + std::to_string(free_port());
    stage_.exchange_admin = "127.0.0.1:" + std::to_string(free_port());
    stage_.control_socket = stage_.runtime + "/control.sock";
    write_files();
  }
  ~LoneCoreTest() override {
    if (HasFailure()) std::fprintf(stderr, "levid.log:\n%s\n", log().c_str());
    levid_ = Program();
    exchange_ = Program();
    static_cast<void>(os::remove_tree(stage_.runtime));
  }

  // After a change of an address or a folder in stage_.
  void write_files() {
    const Status written = cli::write_stage_files(stage_, {});
    ASSERT_TRUE(written) << written.error().text();
  }
  std::string config_file() const { return stage_.folder + "/levid.yaml"; }
  std::string log() const { return read_all(home_ / "levid.log"); }

  void replace_in_config(const std::string& text, const std::string& with) {
    std::string config = read_all(config_file());
    const std::size_t at = config.find(text);
    ASSERT_NE(at, std::string::npos) << text;
    config.replace(at, text.size(), with);
    ASSERT_TRUE(os::write_file_atomic(config_file(), config));
  }

  void start_levid() {
    levid_ = Program("levid", {"--config", config_file()}, home_ / "levid.log");
  }
  void start_ready_levid() {
    start_levid();
    ASSERT_TRUE(levid_.wait_ready()) << log();
  }
  // Waits for its end: exit code and what it said.
  int end_of_levid() {
    const auto status = levid_.wait();
    return status && status->exited ? status->code : -1;
  }
  void start_exchange() {
    const auto port = [](const std::string& endpoint) {
      return endpoint.substr(endpoint.rfind(':') + 1);
    };
    const auto keys = cli::read_stage_keys(stage_);
    ASSERT_TRUE(keys);
    exchange_ = Program(
        "levi-exchange",
        {"--port", port(stage_.exchange), "--admin-port", port(stage_.exchange_admin),
         "--venue-limits", "off"},
        home_ / "exchange.log",
        {{"LEVI_PRACTICE_KEY", keys.value().key}, {"LEVI_PRACTICE_SECRET", keys.value().secret}});
    ASSERT_TRUE(exchange_.wait_ready()) << exchange_.log();
  }
  // The explicit first opening.
  void open_latch() {
    const Json holders = latch()["holders"];
    for (const Json& holder : holders) {
      const Json body = {{"reason", "test"}, {"actor", "test"}, {"holder", holder["holder"]}};
      const Answer answer = control("POST", "/live/restore", body.dump());
      ASSERT_EQ(answer.status, 200) << answer.text;
    }
    ASSERT_FALSE(latch()["sealed"].get<bool>()) << latch().dump();
  }

  Program exchange_;
  Program levid_;
};

}  // namespace levi::test
