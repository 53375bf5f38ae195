// Any bytes as levid's configuration, as a duration, as an engine's parameters and as the practice
// exchange's keys. What is refused names the file.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/base/strict_yaml.h"
#include "core/engine/quoter.h"
#include "core/levid/config.h"
#include "exchange/rest/key_ring.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace levi;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_duration(text);
  engine::StrategyContext context;
  context.price_exponent = 2;
  context.quantity_exponent = 6;
  if (const auto quoter = engine::parse_quoter(text, context)) {
    LEVI_CHECK(quoter.value().levels >= 1 && quoter.value().quantity.value > 0);
  }
  const auto keys = exchange::parse_keys(text, "fuzz.yaml");
  if (!keys) LEVI_CHECK(keys.error().message.find("fuzz.yaml") != std::string::npos);
  const auto parsed = levid::parse_config(text, "fuzz.yaml");
  if (!parsed) {
    LEVI_CHECK(parsed.error().message.find("fuzz.yaml") != std::string::npos);
    return 0;
  }
  const levid::Config& config = parsed.value();
  LEVI_CHECK(config.api.is_loopback() && config.control.is_loopback());
  LEVI_CHECK(!config.data.empty() && config.data.front() == '/');
  for (const levid::EngineSettings& settings : config.engines) LEVI_CHECK(!settings.name.empty());
  return 0;
}
