#include "chaos/experiment/core_event.h"

#include <algorithm>

#include "core/base/json_fields.h"
#include "core/base/latch_word.h"

namespace levi::chaos {
namespace {

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool sealed(const CoreEvent& event) {
  return latch::Word{static_cast<std::uint64_t>(integer_at(event.data, "word"))}.sealed();
}

}  // namespace

bool says_down(const CoreEvent& event) {
  if (event.type == "store-state") return boolean_at(event.data, "behind");
  if (event.type == "latch-seen") return sealed(event);
  return event.type == "engine-down" || event.type == "feed-down" || event.type == "started";
}

bool says_up(const CoreEvent& event) {
  if (event.type == "store-state") return !boolean_at(event.data, "behind");
  if (event.type == "latch-seen") return !sealed(event);
  return event.type == "engine-up" || event.type == "feed-up" || event.type == "reconcile-done";
}

std::optional<MonoTime> first_down(const std::deque<CoreEvent>& events, const FaultKind& kind,
                                   MonoTime since) {
  for (const auto& event : events) {
    if (event.mono >= since && contains(kind.down_events, event.type) && says_down(event))
      return event.mono;
  }
  return std::nullopt;
}

std::optional<MonoTime> last_up(const std::deque<CoreEvent>& events, const FaultKind& kind,
                                MonoTime since) {
  std::optional<MonoTime> up;
  for (const auto& event : events) {
    if (event.mono < since) continue;
    if (contains(kind.down_events, event.type) && says_down(event)) up.reset();
    if (contains(kind.up_events, event.type) && says_up(event)) up = event.mono;
  }
  return up;
}

const std::vector<std::string>& followed_types() {
  static const std::vector<std::string> kTypes{
      "started",     "feed-up",  "feed-down",  "engine-up",      "engine-down",      "latch-seen",
      "store-state", "book-gap", "chaos-mark", "reconcile-done", "reconcile-started"};
  return kTypes;
}

}  // namespace levi::chaos
