// levi-proxy as a process, with what it wrote.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/http.h"
#include "core/os/process.h"
#include "tests/os/support.h"
#include "tests/support/temp_folder.h"

namespace levi::proxy {

struct Program {
  test::TempFolder folder;
  std::unique_ptr<os::Child> child;

  explicit Program(std::vector<std::string> arguments,
                   std::vector<std::pair<std::string, std::string>> environment = {}) {
    os::SpawnOptions options;
    options.program = LEVI_PROXY_PROGRAM;
    options.arguments = std::move(arguments);
    options.environment_add = std::move(environment);
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

inline std::string get(int port, const std::string& path) {
  const auto answer =
      os::http_call("GET", "http://127.0.0.1:" + std::to_string(port) + path, {}, os::kDeadline);
  return answer ? answer.value().body : answer.error().text();
}

}  // namespace levi::proxy
