// What the tests of runs share: a scratch state folder, and levictl as a program.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "chaos/experiment/run.h"
#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::chaos {

// $XDG_STATE_HOME points into a folder of its own while this lives.
class Scratch {
 public:
  Scratch() : folder_("/tmp/levi-chaos-test-" + os::random_text(8)) {
    EXPECT_TRUE(os::make_folders(folder_));
    ::setenv("XDG_STATE_HOME", folder_.c_str(), 1);
  }
  ~Scratch() { (void)os::remove_tree(folder_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

inline std::string levictl() { return LEVI_TEST_LEVICTL; }

inline RunOptions run_options(const TargetSpec& target, const Scratch& scratch) {
  RunOptions options;
  options.target = target;
  options.run = os::random_text(8);
  options.owner = "test";
  options.seed = 1;
  options.program = levictl();
  options.reports_folder = scratch.folder() + "/reports";
  return options;
}

}  // namespace levi::chaos
