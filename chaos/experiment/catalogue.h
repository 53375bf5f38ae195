// Where scenarios come from: those compiled in, files, folders. All of them are validated before
// anything happens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chaos/experiment/scenario.h"

namespace levi::chaos {

struct EmbeddedScenario {
  const char* file;  // "c-1-engine-kill.yaml"
  const char* text;
};
const std::vector<EmbeddedScenario>& embedded_scenarios();

// Each argument is an id or name of a built-in scenario ("C-1", "engine-kill"), a YAML file, or a
// folder of them. None: every built-in one. The first mistake in any file is the error; ids must
// differ.
Result<std::vector<Scenario>> load_scenarios(const std::vector<std::string>& arguments);

// The YAML of a built-in scenario, by id or name; kNotFound names those that exist.
Result<std::string> scenario_text(const std::string& name);

}  // namespace levi::chaos
