// An engine that scribbles over the memory it shares with levid: all of it is mapped in its
// process, levid's own words too. It is found out or it wrote something possible; levid's own
// numbers stay its own, and what an heir gets is whole.
//
// Input: steps of one byte: what, and what follows it.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "core/base/check.h"
#include "core/engine/engine_end.h"
#include "core/engine/levid_end.h"

namespace {

using namespace levi;
using namespace levi::engine;

constexpr std::size_t kStepsMax = 512;

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ >= size_; }
  std::uint8_t byte() { return empty() ? std::uint8_t{0} : data_[at_++]; }
  template <class T>
  T number() {
    T value{};
    const std::size_t bytes = std::min(sizeof value, size_ - at_);
    std::memcpy(&value, data_ + at_, bytes);
    at_ += bytes;
    return value;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

// Used again: to make the memory of thousands of slots anew is most of what an input costs.
std::vector<std::unique_ptr<ChannelMemory>>& spare() {
  static std::vector<std::unique_ptr<ChannelMemory>> blocks;
  return blocks;
}
struct Recycle {
  void operator()(ChannelMemory* memory) const { spare().emplace_back(memory); }
};
using Memory = std::unique_ptr<ChannelMemory, Recycle>;

Memory fresh() {
  static const auto laid_out = [] {
    auto memory = std::make_unique<ChannelMemory>();
    create_channel(memory.get());
    return memory;
  }();
  if (spare().empty()) spare().push_back(std::make_unique<ChannelMemory>());
  Memory memory(spare().back().release());
  spare().pop_back();
  std::memcpy(static_cast<void*>(memory.get()), static_cast<const void*>(laid_out.get()),
              sizeof(ChannelMemory));
  return memory;
}

struct Stage {
  Memory memory = fresh();
  LevidEnd levid{memory.get()};
  std::uint64_t written = 0;  // what levid itself did
  std::uint64_t read = 0;

  void start(std::uint64_t ticks, std::uint64_t intents) {
    levid.start(written = ticks, read = intents);
  }
  void push() {
    Tick tick;
    if (levid.push(tick)) ++written;
  }
  void drain() {
    while (const auto record = levid.next_intent()) {
      LEVI_CHECK(record->number == ++read);
      LEVI_CHECK(record->kind >= machine::IntentKind::kPlace && record->side >= Side::kBuy);
    }
    levid.release_intents();
  }
  void check() {
    LEVI_CHECK(levid.ticks_written() == written && levid.intents_read() == read);
    LEVI_CHECK(levid.ticks_handled() <= written);
  }
  // As the slot does it: all intents are read, the process is gone, then it is looked at.
  void hand_over() {
    drain();
    if (!levid.is_sound()) return;
    Stage heir;
    const std::uint64_t handled = levid.ticks_handled();
    const bool image = levid.has_image();
    levid.hand_over(heir.levid);
    LEVI_CHECK(heir.levid.ticks_written() == written && heir.levid.ticks_handled() == handled);
    LEVI_CHECK(heir.levid.intents_read() == read && heir.levid.has_image() == image);
    LEVI_CHECK(heir.levid.is_sound() && !heir.levid.damaged());
    heir.written = written;
    heir.read = read;
    *this = std::move(heir);
  }
};

// Any bytes anywhere, or a word where a word counts.
void scribble(ChannelMemory& memory, Input& in) {
  auto* bytes = reinterpret_cast<std::uint8_t*>(&memory);
  const std::size_t offset = in.number<std::uint32_t>() % sizeof memory;
  const std::size_t length = std::min<std::size_t>(in.byte(), sizeof memory - offset);
  for (std::size_t i = 0; i < length; ++i) bytes[offset + i] = in.byte();
}

void commit(Stage& stage, Input& in) {
  const auto ticks = static_cast<std::uint32_t>(stage.levid.ticks_handled() + in.byte());
  const auto intents = static_cast<std::uint32_t>(stage.read + in.byte() * 5u);
  const std::uint32_t slot = in.byte() & 1;
  stage.memory->commit.store(Commit{ticks, intents, slot}.pack());
}

void intend(Stage& stage, Input& in) {
  const std::uint64_t number = stage.read + 1 + in.byte();
  IntentRecord& record = stage.memory->intents[number & (kIntentSlots - 1)];
  record = IntentRecord{};
  record.number = number;
  record.kind = static_cast<machine::IntentKind>(in.byte() % 5);
}

void draw(Stage& stage, Input& in) {
  std::byte image[300];
  std::memset(image, in.byte(), sizeof image);
  const std::uint64_t ticks = stage.levid.ticks_handled() + in.byte();
  write_image(stage.memory->images[in.byte() & 1], 1, ticks, stage.read + in.byte(),
              std::span(image, in.byte()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  Stage stage;
  stage.start(in.number<std::uint64_t>() >> 8, in.number<std::uint64_t>() >> 8);
  for (std::size_t step = 0; step < kStepsMax && !in.empty(); ++step) {
    switch (in.byte() % 9) {
      case 0:
        stage.push();
        break;
      case 1:
        scribble(*stage.memory, in);
        break;
      case 2:
        commit(stage, in);
        break;
      case 3:
        intend(stage, in);
        break;
      case 4:
        draw(stage, in);
        break;
      case 5:
        stage.drain();
        break;
      case 6:
        stage.hand_over();
        break;
      case 7:
        (void)stage.levid.arm();
        break;
      case 8:
        stage.memory->commit.store(in.number<std::uint64_t>());
        break;
    }
    stage.check();
  }
  return 0;
}
