// levictl as a process of the test's own: with an environment, an output and signals that the rig's
// `levictl()` does not give.
#pragma once

#include <signal.h>

#include <string>
#include <utility>
#include <vector>

#include "core/os/process.h"
#include "levictl/paths.h"
#include "tests/integration/rig.h"

namespace levi::test {

class Spawned {
 public:
  Spawned(std::vector<std::string> arguments, const std::string& output,
          std::vector<std::pair<std::string, std::string>> environment = {})
      : output_(output) {
    os::SpawnOptions options;
    options.program = cli::binary_folder() + "/levictl";
    options.arguments = std::move(arguments);
    options.environment_add = std::move(environment);
    options.stdout_path = options.stderr_path = output;
    options.parent_death_signal = SIGKILL;
    auto child = os::Child::spawn(options);
    LEVI_CHECK(child);
    child_ = std::move(child).value();
  }
  void signal(int number) { (void)child_->kill(number); }
  // -1: killed by a signal, or it did not end.
  int code() {
    const auto status = child_->wait(kPatience);
    if (!status) (void)child_->kill(SIGKILL);
    return status && status->exited ? status->code : -1;
  }
  std::string text() const { return read_all(output_); }

 private:
  std::string output_;
  std::optional<os::Child> child_;
};

}  // namespace levi::test
