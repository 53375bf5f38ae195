// Any bytes as a scenario. What is accepted can be planned: each trial has its hold and its
// variant; what is refused says in which file, at which line and why.
#include <cstdint>
#include <string>
#include <string_view>

#include "chaos/experiment/scenario.h"
#include "core/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace levi;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = chaos::parse_scenario(text, "fuzz.yaml");
  if (!parsed) {
    LEVI_CHECK(parsed.error().message.find("fuzz.yaml") != std::string::npos);
    return 0;
  }
  chaos::Scenario scenario = parsed.value();
  LEVI_CHECK(chaos::lint(scenario));
  LEVI_CHECK(scenario.trials > 0 && !scenario.id.empty() && !scenario.fault.empty());
  LEVI_CHECK(scenario.settle >= Nanos{0} && scenario.timeout > Nanos{0});
  for (const int trial : {1, 2, scenario.trials}) {
    LEVI_CHECK(scenario.hold(trial) >= Nanos{0});
    (void)scenario.variant(trial);
  }
  scenario.trials = 1;  // --trials
  (void)chaos::lint(scenario);
  return 0;
}
