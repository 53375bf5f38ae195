#include "levictl/target.h"

#include <cstdlib>
#include <filesystem>

#include "core/latch/latch.h"
#include "core/os/file.h"
#include "core/os/socket.h"

namespace levi::cli {
namespace {

Target of_stage(Stage stage) {
  Target target;
  target.name = "stage " + stage.name;
  target.api = "http://" + stage.api;
  target.control = "http://" + stage.control;
  target.runtime = stage.runtime;
  target.data = stage.data;
  target.stage = std::move(stage);
  return target;
}

std::string without_scheme(std::string text) {
  if (text.starts_with("http://")) text.erase(0, 7);
  while (text.ends_with('/')) text.pop_back();
  return text;
}

Result<Target> of_address(const std::string& given, const TargetFlags& flags) {
  const std::string address = without_scheme(given);
  LEVI_TRY(api, os::parse_endpoint(address));
  Target target;
  target.name = address;
  target.api = "http://" + address;
  os::Endpoint control = api;
  control.port = static_cast<std::uint16_t>(api.port + 1);
  target.control =
      "http://" + (flags.control.empty() ? control.text() : without_scheme(flags.control));
  return target;
}

}  // namespace

Result<Target> resolve_target(const TargetFlags& flags) {
  std::string wanted = flags.target;
  if (wanted.empty()) {
    const char* variable = std::getenv("LEVICTL_TARGET");
    // Set to nothing, it means a target that somebody forgot to name: never the default one.
    if (variable != nullptr && *variable == '\0')
      return error(ErrorCode::kInvalid, "LEVICTL_TARGET is empty", "unset it, or name a target");
    if (variable != nullptr) wanted = variable;
  }
  Result<Target> target = error(ErrorCode::kNotFound, "");
  const std::string stage_name = wanted.empty() ? "default" : wanted;
  if (wanted.find(':') == std::string::npos) {
    auto stage = read_stage(stage_name);
    if (stage) {
      target = of_stage(std::move(stage).value());
    } else if (!wanted.empty()) {
      return error(ErrorCode::kInvalid,
                   "no target '" + wanted + "': neither a URL nor a stage that is up",
                   "write --target http://127.0.0.1:8000, or run levictl up");
    }
  }
  if (!target) {
    target = of_address(wanted.empty() ? "127.0.0.1:8000" : wanted, flags);
  }
  if (!target) return target;
  if (!flags.data.empty()) {
    target.value().data = std::filesystem::absolute(flags.data).lexically_normal().string();
    target.value().runtime = latch::default_runtime_folder(target.value().data);
  }
  if (!flags.runtime.empty()) target.value().runtime = flags.runtime;
  return target;
}

}  // namespace levi::cli
