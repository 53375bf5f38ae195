#include "core/engine/rehearsal.h"

#include <sys/mman.h>

namespace levi::engine {
namespace {

constexpr const char* kParameters = "levels=3;spread_bps=10;quantity=1000;position_max=100000";

Tick top_of_book() {
  Tick tick;
  tick.kind = TickKind::kTop;
  tick.price = Price{1'000'000};
  tick.ask_price = Price{1'000'010};
  tick.quantity = tick.ask_quantity = Quantity{1};
  return tick;
}

Tick position() {
  Tick tick;
  tick.kind = TickKind::kUpdate;
  tick.code = static_cast<std::uint8_t>(machine::OrderUpdateKind::kPosition);
  return tick;
}

Tick trading() {
  Tick tick;
  tick.kind = TickKind::kTrading;
  tick.code = 1;
  return tick;
}

}  // namespace

void rehearse(void* loop_memory) {
  const auto strategy = make_strategy("quoter", kParameters, {});
  void* memory = ::mmap(nullptr, sizeof(ChannelMemory), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  if (strategy) {
    auto& channel = *new (memory) ChannelMemory;
    std::uint64_t number = 0;
    for (Tick tick : {trading(), position(), top_of_book()}) {
      tick.number = ++number;
      channel.ticks[number] = tick;
    }
    channel.tick_tail.store(number, std::memory_order_release);
    auto& loop = *new (loop_memory) EngineLoop<>(channel, *strategy.value());
    if (loop.load()) (void)loop.run();
  }
  ::munmap(memory, sizeof(ChannelMemory));
}

}  // namespace levi::engine
