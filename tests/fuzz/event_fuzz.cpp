// Any bytes as a journal: records through event_from and step, and the whole input as a snapshot.
// Nothing may fail a check.
//
// Input: records of (type, size, pause in 10 ms, body), one byte each before the body.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/check.h"
#include "core/machine/machine.h"

namespace {

using namespace levi;
using namespace levi::machine;

void run_records(std::string_view input) {
  Machine machine;
  Effects effects;
  Instant now{1};
  while (input.size() > 3) {
    const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(input[0]));
    const std::size_t size = static_cast<unsigned char>(input[1]);
    now += Nanos{10'000'000} * static_cast<unsigned char>(input[2]);
    input.remove_prefix(3);
    const auto event = event_from(type, input.substr(0, size));
    input.remove_prefix(size < input.size() ? size : input.size());
    if (!event) continue;
    effects.clear();
    machine.step(event.value(), now, effects);
  }
  const auto copy = Machine::deserialize(machine.serialize());
  LEVI_CHECK(copy && copy.value().state_hash() == machine.state_hash());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  run_records(input);
  auto restored = Machine::deserialize(input);
  if (!restored) return 0;
  Effects effects;
  restored.value().step(Timer{}, restored.value().state().now, effects);
  return 0;
}
