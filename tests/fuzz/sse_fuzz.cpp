// The event stream of a core, in any pieces: how the bytes are cut changes nothing of what is
// delivered. And what the core's ledgers, in each event's data, are taken for.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/experiment/core_event.h"
#include "chaos/experiment/ledger.h"
#include "chaos/experiment/sse.h"
#include "core/base/check.h"

namespace {

using namespace levi::chaos;

std::vector<SseEvent> run(std::string_view bytes, std::size_t step) {
  SseParser parser;
  std::vector<SseEvent> events;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    if (!parser.feed(bytes.substr(at, step), events)) break;
  }
  return events;
}

void read_row(const Json& row) {
  const VenueEntry entry = parse_venue_entry(row);
  (void)plain_number(entry.price);
  (void)parse_our_order(row);
  (void)parse_our_fill(row);
  CoreEvent event;
  event.type = row.is_object()
                   ? row.value("type", Json{}).dump(-1, ' ', false, Json::error_handler_t::replace)
                   : "store-state";
  event.data = row;
  (void)says_down(event);
  (void)says_up(event);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto events = run(bytes, 1 + data[0] % 40);
  const auto same = run(bytes, 1);
  LEVI_CHECK(events.size() == same.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    LEVI_CHECK(events[i].id == same[i].id && events[i].type == same[i].type &&
               events[i].data == same[i].data);
  }
  const Json row = Json::parse(bytes, nullptr, false);
  if (!row.is_discarded()) read_row(row);
  return 0;
}
