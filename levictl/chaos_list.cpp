// `levictl chaos list | show | validate | faults`: looks only.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "chaos/experiment/catalogue.h"
#include "chaos/fault/registry.h"
#include "core/os/file.h"
#include "levictl/chaos.h"
#include "levictl/chaos_target.h"
#include "levictl/exit_code.h"
#include "levictl/text.h"
#include "reports/table.h"

namespace levi::cli {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string joined;
  for (const auto& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

void print_json(const std::vector<chaos::Scenario>& scenarios) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& scenario : scenarios) {
    list.push_back({{"id", scenario.id},
                    {"name", scenario.name},
                    {"title", scenario.title},
                    {"fault", scenario.fault},
                    {"trials", scenario.trials},
                    {"must_pass", scenario.must_pass},
                    {"tags", scenario.tags},
                    {"source", scenario.source}});
  }
  std::printf("%s\n", json_text(list, 2).c_str());
}

}  // namespace

int chaos_list(const std::vector<std::string>& sources, const std::string& output) {
  const auto scenarios = chaos::load_scenarios(sources);
  if (!scenarios) return chaos_fail(scenarios.error());
  if (output == "json") return print_json(scenarios.value()), kDone;
  reports::Table table({"ID", "NAME", "FAULT", "TRIALS", "TITLE"});
  for (const auto& scenario : scenarios.value()) {
    table.add({scenario.id, scenario.name, scenario.fault, std::to_string(scenario.trials),
               scenario.title});
  }
  std::printf("%s", table.text().c_str());
  return kDone;
}

int chaos_show(const std::string& scenario) {
  auto text = os::exists(scenario) ? os::read_file(scenario) : chaos::scenario_text(scenario);
  if (!text) return chaos_fail(text.error());
  std::printf("%s", text.value().c_str());
  return kDone;
}

int chaos_validate(const std::vector<std::string>& sources) {
  const auto scenarios = chaos::load_scenarios(sources);
  if (!scenarios) return chaos_fail(scenarios.error());
  for (const auto& scenario : scenarios.value()) {
    if (const Status linted = chaos::lint(scenario); !linted) return chaos_fail(linted.error());
  }
  std::printf("%zu scenarios are valid\n", scenarios.value().size());
  return kDone;
}

int chaos_faults() {
  reports::Table table({"FAULT", "WHAT IT DOES", "PARAMETERS", "VARIANTS", "NEEDS"});
  for (const auto& kind : chaos::fault_kinds()) {
    std::vector<std::string> parameters;
    for (const auto& [name, values] : kind.parameters) {
      parameters.push_back(name + (values.empty() ? "" : ": " + join(values)));
    }
    table.add({kind.name, kind.title, join(parameters), join(kind.variants), join(kind.needs)});
  }
  std::printf("%s", table.text().c_str());
  return kDone;
}

}  // namespace levi::cli
