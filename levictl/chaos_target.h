// From flags to what chaos may break: a stage of the run's own, a stage that is up, a URL, or a
// file.
#pragma once

#include <optional>
#include <string>

#include "chaos/experiment/run.h"
#include "chaos/experiment/selftest.h"
#include "levictl/chaos.h"
#include "levictl/stage.h"

namespace levi::cli {

// kUnreachable where nothing was named and nothing is running.
Result<chaos::TargetSpec> chaos_target(const ChaosRunOptions& options);

// A stage that ends with this object, or with this process whatever way that ends.
class OwnStage : public chaos::StageProvider {
 public:
  ~OwnStage() override;
  Result<chaos::TargetSpec> start(const std::string& sabotage) override;
  Status stop() override;

 private:
  std::optional<Stage> stage_;
};

chaos::RunOptions chaos_run_options(const ChaosRunOptions& options);

// The exit code of a self-test: 5 leftovers, 1 a control that was decided wrongly, 4, 3.
int selftest_exit(const chaos::SelftestResult& result);

// As `fail`, with 6 for a lease that another run holds, and 3 where a run came to no verdict:
// reports that can't be written, a guard that can't be started.
int chaos_fail(const Error& error);

}  // namespace levi::cli
