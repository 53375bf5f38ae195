// Any frame on the exchange's WebSocket, and any bytes as a push: control frames, channel names,
// the wrapper's decoder.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/check.h"
#include "core/venue/mexc/wire/channel.h"
#include "core/venue/mexc/wire/push.pb.h"
#include "exchange/stream/push_hub.h"

namespace {

using namespace levi::exchange;
using levi::Instant;
using levi::MonoTime;
using levi::SymbolId;

constexpr int kRunsPerHub = 2'000;

struct Socket : PushSocket {
  bool send(bool binary, std::string_view payload) override {
    if (!binary) LEVI_CHECK(nlohmann::json::accept(payload));
    return true;
  }
  void close(std::uint16_t, std::string_view) override {}
  void reset() override {}
};

struct NoFaults : PushFaults {
  bool silenced(std::string_view) override { return false; }
  bool skips_depth(SymbolId, BookVersion, BookVersion) override { return false; }
};

VenueOptions venue_options() {
  VenueOptions options;
  options.symbols = {make_symbol("BTCUSDT").value()};
  return options;
}

struct World {
  World() {
    venue.arrive({{1}, MonoTime{1}, Instant{1'700'000'000'000'000'000}});
    venue.warm_up();
    venue.observe(&hub);
    hub.open({1}, venue.open_account("fuzz"), socket, MonoTime{1});
  }
  Venue venue{venue_options()};
  NoFaults faults;
  Socket socket;
  PushHub hub{venue, faults, {}};
};

void try_wrapper(std::string_view bytes) {
  levi::mexc::pb::PushDataV3ApiWrapper push;
  if (!push.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  levi::mexc::pb::PushDataV3ApiWrapper again;
  LEVI_CHECK(again.ParseFromString(push.SerializeAsString()));
  LEVI_CHECK(again.body_case() == push.body_case());
}

}  // namespace

// The exchange outlives each input, so that every one looks like a leak, and is searched for:
// ninety times slower.
extern "C" int __lsan_is_turned_off() { return 1; }  // NOLINT: the sanitizer's name

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<World> world;
  static int runs = 0;
  if (!world || ++runs % kRunsPerHub == 0) world = std::make_unique<World>();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try_wrapper(bytes);
  const auto channel = levi::mexc::parse_channel(bytes);
  if (channel) LEVI_CHECK(levi::mexc::format_channel(channel.value()) == bytes);
  world->hub.message({1}, false, bytes, MonoTime{2});
  world->hub.message({1}, true, bytes, MonoTime{2});
  world->venue.step_flow(SymbolId{0});
  world->hub.tick(MonoTime{3});
  return 0;
}
