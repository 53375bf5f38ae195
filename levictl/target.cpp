#include "levictl/target.h"

#include <array>
#include <cstdlib>
#include <filesystem>

#include "core/os/socket.h"
#include "levictl/data_folder.h"

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

Result<os::Endpoint> parse_address(const std::string& flag, const std::string& given) {
  const auto bad = [&](const std::string& why, const char* fix) {
    return error(ErrorCode::kInvalid, flag + " '" + given + "': " + why, fix);
  };
  if (given.starts_with("https:"))
    return bad("levid speaks HTTP without TLS",
               "write http://HOST:PORT, through a tunnel if need be");
  if (given.starts_with("unix:"))
    return bad("a socket is found by its folder", "give --runtime FOLDER, or --data FOLDER");
  auto endpoint = os::parse_endpoint(without_scheme(given));
  if (endpoint) return endpoint;
  return bad(endpoint.error().message,
             "write http://127.0.0.1:8000, http://[::1]:8000, or the name of a stage");
}

Result<Target> of_address(const std::string& given, const TargetFlags& flags) {
  LEVI_TRY(api, parse_address("--target", given));
  Target target;
  target.name = without_scheme(given);
  target.api = "http://" + target.name;
  os::Endpoint control = api;
  control.port = static_cast<std::uint16_t>(api.port + 1);
  if (!flags.control.empty()) {
    LEVI_TRY_ASSIGN(control, parse_address("--control", flags.control));
  }
  target.control = "http://" + control.text();
  return target;
}

// A name with a colon is an address, whatever else it looks like.
Result<Target> of_name(const std::string& wanted) {
  LEVI_TRY_STATUS(check_stage_name(wanted));
  auto stage = read_stage(wanted);
  if (stage) return of_stage(std::move(stage).value());
  if (stage.error().code != ErrorCode::kNotFound)
    return error(ErrorCode::kInvalid, stage.error().message, stage.error().fix);
  return error(ErrorCode::kNotFound, "no stage '" + wanted + "' is up",
               "levictl up --name " + wanted + " starts one; an address has a port: HOST:PORT");
}

// What the command line asks for, before its folders.
Result<Target> find_target(const TargetFlags& flags) {
  std::string wanted = flags.target;
  if (wanted.empty()) {
    const char* variable = std::getenv("LEVICTL_TARGET");
    // Set to nothing, it means a target that somebody forgot to name: never the default one.
    if (variable != nullptr && *variable == '\0')
      return error(ErrorCode::kInvalid, "LEVICTL_TARGET is empty", "unset it, or name a target");
    if (variable != nullptr) wanted = variable;
  }
  if (wanted.find(':') != std::string::npos) return of_address(wanted, flags);
  if (!wanted.empty()) return of_name(wanted);
  auto usual = of_name("default");
  // A record that can't be read may be of a stage that trades: the default address is another core.
  if (usual || usual.error().code != ErrorCode::kNotFound) return usual;
  return of_address("127.0.0.1:8000", flags);
}

// As a shell reads it back.
std::string quoted(const std::string& word) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./:_@%+=,[]-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

Result<Target> resolve_target(const TargetFlags& flags) {
  if (!flags.empty.empty()) {
    return error(ErrorCode::kInvalid, flags.empty + " is empty",
                 "leave it out, or say what it names: was a variable not set?");
  }
  auto target = find_target(flags);
  if (!target) return target;
  std::string& runtime = target.value().runtime;
  if (!flags.runtime.empty()) runtime = flags.runtime;
  if (flags.data.empty()) return target;
  const std::string data = std::filesystem::absolute(flags.data).lexically_normal().string();
  target.value().data = data;
  if (flags.runtime.empty()) {
    LEVI_TRY_ASSIGN(runtime, find_runtime(data));
  }
  LEVI_TRY_STATUS(check_latch_is_of(data, runtime));
  return target;
}

std::string with_flags(std::string hint, const TargetFlags& flags) {
  std::string given;
  const std::array<std::pair<const char*, const std::string*>, 4> all{
      {{" --target ", &flags.target},
       {" --control ", &flags.control},
       {" --data ", &flags.data},
       {" --runtime ", &flags.runtime}}};
  for (const auto& [flag, value] : all) {
    if (!value->empty()) given += flag + quoted(*value);
  }
  if (given.empty()) return hint;
  for (const char* command : {"levictl kill", "levictl resume", "levictl recover", "levictl status",
                              "levictl flatten", "levictl chaos run"}) {
    const std::string_view name = command;
    for (std::size_t at = hint.find(name); at != std::string::npos; at = hint.find(name, at)) {
      at += name.size();
      hint.insert(at, given);
    }
  }
  return hint;
}

}  // namespace levi::cli
