// The file that says what a stage is.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/os/file.h"
#include "levictl/paths.h"
#include "levictl/stage.h"
#include "levictl/text.h"

namespace levi::cli {
namespace {

using nlohmann::json;

json to_json(const os::ProcessIdentity& identity) {
  return {
      {"pid", identity.pid}, {"start_ticks", identity.start_ticks}, {"boot_id", identity.boot_id}};
}

os::ProcessIdentity identity_from(const json& value) {
  return {value.at("pid").get<pid_t>(), value.at("start_ticks").get<std::uint64_t>(),
          value.at("boot_id").get<std::string>()};
}

json to_json(const StageProcess& process) {
  json value = to_json(process.identity);
  value["binary"] = process.binary;
  return value;
}

StageProcess process_from(const json& value) {
  return {identity_from(value), value.at("binary").get<std::string>()};
}

struct TextField {
  const char* key;
  std::string Stage::*member;
};
constexpr TextField kTextFields[] = {{"name", &Stage::name},
                                     {"folder", &Stage::folder},
                                     {"data", &Stage::data},
                                     {"runtime", &Stage::runtime},
                                     {"api", &Stage::api},
                                     {"control", &Stage::control},
                                     {"control_socket", &Stage::control_socket},
                                     {"exchange", &Stage::exchange},
                                     {"exchange_admin", &Stage::exchange_admin},
                                     {"supervisor_socket", &Stage::supervisor_socket},
                                     {"binary", &Stage::binary},
                                     {"sabotage", &Stage::sabotage}};

}  // namespace

Status check_stage_name(const std::string& name) {
  constexpr std::size_t kNameMax = 32;
  const bool fits = !name.empty() && name.size() <= kNameMax && name.front() != '.' &&
                    name.find_first_not_of(
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789._-") == std::string::npos;
  if (fits) return ok();
  return error(ErrorCode::kInvalid, "'" + printable(name) + "' is no name for a stage",
               "use up to 32 letters, digits, '.', '_' and '-'");
}

std::string stage_file(const std::string& name) {
  return state_folder() + "/stages/" + name + ".json";
}

Status write_stage(const Stage& stage) {
  json value = {{"environment", "stage"},
                {"seed", stage.seed},
                {"venue_latency_ns", stage.venue_latency.count()},
                {"symbols", stage.symbols}};
  for (const auto& field : kTextFields) value[field.key] = stage.*field.member;
  value["supervisor"] = to_json(stage.supervisor);
  value["levid"] = to_json(stage.levid);
  value["practice_exchange"] = to_json(stage.practice_exchange);
  if (stage.owner) value["owner"] = to_json(*stage.owner);
  value["starter"] = to_json(stage.starter);
  LEVI_TRY_STATUS(os::make_folders(state_folder() + "/stages"));
  return os::write_file_atomic(stage_file(stage.name), json_text(value, 2) + "\n");
}

Result<Stage> read_stage(const std::string& name) {
  LEVI_TRY(text, os::read_file(stage_file(name)));
  try {
    const json value = json::parse(text);
    Stage stage;
    for (const auto& field : kTextFields)
      stage.*field.member = value.at(field.key).get<std::string>();
    stage.seed = value.at("seed").get<std::uint64_t>();
    stage.venue_latency = Nanos{value.value("venue_latency_ns", std::int64_t{0})};
    stage.symbols = value.value("symbols", "");
    stage.supervisor = process_from(value.at("supervisor"));
    stage.levid = process_from(value.at("levid"));
    stage.practice_exchange = process_from(value.at("practice_exchange"));
    if (value.contains("owner")) stage.owner = identity_from(value.at("owner"));
    if (value.contains("starter")) stage.starter = identity_from(value.at("starter"));
    return stage;
  } catch (const json::exception&) {
    return error(ErrorCode::kCorrupt, stage_file(name) + " is damaged: it describes no stage",
                 "levictl down --all takes it away");
  }
}

Status remove_stage_file(const Stage& stage) {
  const auto standing = read_stage(stage.name);
  if (standing && standing.value().folder != stage.folder) return ok();
  return os::remove_tree(stage_file(stage.name));
}

std::vector<std::string> stage_names() {
  std::vector<std::string> names;
  const auto files = os::list_folder(state_folder() + "/stages");
  if (!files) return names;
  for (const std::string& file : files.value()) {
    if (file.ends_with(".json")) names.push_back(file.substr(0, file.size() - 5));
  }
  return names;
}

}  // namespace levi::cli
