#include "levictl/chaos_target.h"

#include <cstdlib>

#include "core/os/clock.h"

namespace levi::cli {
namespace {

std::string without_scheme(std::string text) {
  if (text.rfind("http://", 0) == 0) text.erase(0, 7);
  return text;
}

chaos::TargetSpec of_stage(const Stage& stage) {
  chaos::TargetSpec spec;
  spec.name = "stage-" + stage.name;  // as its levid calls itself
  spec.environment = "stage";
  spec.api = stage.api;
  spec.control = stage.control;
  spec.control_socket = stage.control_socket;
  spec.runtime = stage.runtime;
  spec.data = stage.data;
  spec.exchange = stage.exchange;
  spec.exchange_admin = stage.exchange_admin;
  return spec;
}

chaos::TargetSpec of_target(const Target& target) {
  if (target.stage) return of_stage(*target.stage);
  chaos::TargetSpec spec;
  spec.api = without_scheme(target.api);
  spec.control = without_scheme(target.control);
  spec.runtime = target.runtime;
  spec.data = target.data;
  if (target.local()) spec.control_socket = target.control_socket();
  return spec;
}

}  // namespace

Result<chaos::TargetSpec> chaos_target(const ChaosRunOptions& options) {
  if (options.target_file_given) {
    auto spec = chaos::read_target(options.target_file);
    if (spec || spec.error().code == ErrorCode::kInvalid) return spec;
    return error(ErrorCode::kInvalid, spec.error().message, "name a file as docs/chaos.md shows");
  }
  LEVI_TRY(target, resolve_target(options.target));
  const bool named = options.target_given || std::getenv("LEVICTL_TARGET") != nullptr;
  if (!named && !target.stage) {
    return error(ErrorCode::kUnreachable, "no target was named and no stage is up",
                 "levictl chaos run --stage makes one for the run");
  }
  chaos::TargetSpec spec = of_target(target);
  if (!options.exchange_admin.empty()) spec.exchange_admin = without_scheme(options.exchange_admin);
  return spec;
}

OwnStage::~OwnStage() { (void)stop(); }

Result<chaos::TargetSpec> OwnStage::start(const std::string& sabotage) {
  StageOptions options;
  options.name = "chaos-" + os::random_text(6);
  options.sabotage = sabotage;
  options.end_with_owner = true;
  LEVI_TRY(stage, start_stage(options));
  stage_ = std::move(stage);
  return of_stage(*stage_);
}

Status OwnStage::stop() {
  if (!stage_) return ok();
  const Stage stage = *stage_;
  stage_.reset();
  return stop_stage(stage);
}

}  // namespace levi::cli
