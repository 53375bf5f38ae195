#include "chaos/experiment/catalogue.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/os/file.h"

namespace levi::chaos {
namespace {

struct BuiltIn {
  Scenario scenario;
  const char* text;
};

// Parsed once. A built-in scenario that does not parse is a bug, which a test finds.
const std::vector<BuiltIn>& built_in() {
  static const std::vector<BuiltIn> kAll = [] {
    std::vector<BuiltIn> all;
    for (const auto& embedded : embedded_scenarios()) {
      auto parsed = parse_scenario(embedded.text, std::string("built-in ") + embedded.file);
      if (!parsed) std::fprintf(stderr, "%s\n", parsed.error().text().c_str());
      LEVI_CHECK(parsed.has_value());
      all.push_back({std::move(parsed).value(), embedded.text});
    }
    return all;
  }();
  return kAll;
}

const BuiltIn* find_built_in(const std::string& name) {
  for (const auto& entry : built_in()) {
    if (entry.scenario.id == name || entry.scenario.name == name) return &entry;
  }
  return nullptr;
}

Error no_such_scenario(const std::string& name) {
  std::string known;
  for (const auto& entry : built_in()) known += (known.empty() ? "" : ", ") + entry.scenario.id;
  return error(ErrorCode::kInvalid, "no scenario, file or folder is called '" + name + "'",
               "built in: " + known);
}

bool is_folder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_yaml(const std::string& name) { return name.ends_with(".yaml") || name.ends_with(".yml"); }

Status add_file(const std::string& path, std::vector<Scenario>& all) {
  auto text = os::read_file(path);
  if (!text) return error(ErrorCode::kInvalid, text.error().message, text.error().fix);
  LEVI_TRY(scenario, parse_scenario(text.value(), path));
  all.push_back(std::move(scenario));
  return ok();
}

Status add_folder(const std::string& path, std::vector<Scenario>& all) {
  LEVI_TRY(names, os::list_folder(path));
  const std::size_t before = all.size();
  for (const auto& name : names) {
    if (!is_yaml(name)) continue;
    LEVI_TRY_STATUS(add_file(path + "/" + name, all));
  }
  if (all.size() == before)
    return error(ErrorCode::kInvalid, "no *.yaml in " + path, "name a folder of scenarios");
  return ok();
}

Status add(const std::string& argument, std::vector<Scenario>& all) {
  if (const BuiltIn* entry = find_built_in(argument)) {
    all.push_back(entry->scenario);
    return ok();
  }
  if (is_folder(argument)) return add_folder(argument, all);
  if (os::exists(argument)) return add_file(argument, all);
  return no_such_scenario(argument);
}

Status check_ids(const std::vector<Scenario>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (all[i].id != all[j].id) continue;
      return error(
          ErrorCode::kInvalid,
          "the id " + all[i].id + " stands in " + all[j].source + " and in " + all[i].source,
          "give each scenario its own id, and name each once");
    }
  }
  return ok();
}

}  // namespace

Result<std::vector<Scenario>> load_scenarios(const std::vector<std::string>& arguments) {
  std::vector<Scenario> all;
  if (arguments.empty()) {
    for (const auto& entry : built_in()) all.push_back(entry.scenario);
  }
  for (const auto& argument : arguments) {
    LEVI_TRY_STATUS(add(argument, all));
  }
  LEVI_TRY_STATUS(check_ids(all));
  return all;
}

Result<std::string> scenario_text(const std::string& name) {
  const BuiltIn* entry = find_built_in(name);
  if (entry == nullptr) return no_such_scenario(name);
  return std::string(entry->text);
}

}  // namespace levi::chaos
