#include "chaos/proxy/chain.h"

#include <algorithm>
#include <utility>

#include "chaos/proxy/stage.h"
#include "core/base/check.h"

namespace levi::proxy {

Chain::Chain(Direction direction, ChainSink& sink) : direction_(direction), sink_(sink) {}

Chain::~Chain() = default;

void Chain::add(const ToxicEntry& entry, std::uint64_t seed, Meeting meeting) {
  meeting.direction = direction_;
  LEVI_CHECK(!has(entry));
  auto place = stages_.end();
  if (entry.type->layer == Layer::kMessages) {
    // Byte toxics tear messages apart: whoever asks about messages stands before them.
    place = std::find_if(stages_.begin(), stages_.end(), [](const auto& stage) {
      return stage->entry().type->layer == Layer::kBytes;
    });
  }
  place = stages_.insert(place, std::make_unique<Stage>(*this, entry, seed));
  const auto index = static_cast<std::size_t>(place - stages_.begin());
  // Behind what drops the rest of a unit: the newcomer begins with the next one.
  rest_dropped_.insert(rest_dropped_.begin() + (place - stages_.begin()) + 1, false);
  stages_[index]->start(meeting, index + 1);
}

void Chain::update(const ToxicEntry& entry, Meeting meeting) {
  meeting.direction = direction_;
  meeting.live = true;
  const std::size_t index = index_of(entry);
  stages_[index]->update(meeting, index + 1);
}

void Chain::remove(const ToxicEntry& entry, MonoTime now) {
  const std::size_t index = index_of(entry);
  const std::unique_ptr<Stage> stage = std::move(stages_[index]);
  stages_.erase(stages_.begin() + static_cast<std::ptrdiff_t>(index));
  const auto behind = rest_dropped_.begin() + static_cast<std::ptrdiff_t>(index) + 1;
  const bool rest = *behind || stage->drops_rest();
  if (*behind) --rests_;
  rest_dropped_.erase(behind);
  if (rest && !rest_dropped_[index]) ++rests_;
  if (rest) rest_dropped_[index] = true;
  for (Item& item : stage->take_queue()) {
    item.at = now;
    feed(index, std::move(item), now);
  }
  const Ending ending = stage->toxic().on_removed();
  if (ending != Ending::kNone) feed(index, {.bytes = {}, .at = now, .ending = ending}, now);
}

bool Chain::has(const ToxicEntry& entry) const { return index_of(entry) < stages_.size(); }

bool Chain::wants_messages() const {
  return rests_ > 0 || std::any_of(stages_.begin(), stages_.end(), [](const auto& stage) {
           return stage->entry().type->layer == Layer::kMessages;
         });
}

bool Chain::needs_independent_messages() const {
  return std::any_of(stages_.begin(), stages_.end(), [](const auto& stage) {
    return stage->entry().type->needs_independent_messages;
  });
}

void Chain::push(Item item, MonoTime now) {
  item.at = now;
  feed(0, std::move(item), now);
}

bool Chain::drops_rest(std::size_t index, const Item& item) {
  if (item.unit == Unit::kWsControl || item.ending != Ending::kNone) return false;
  const bool rest = !item.begins;
  if (!rest || item.ends) {
    rest_dropped_[index] = false;
    --rests_;
  }
  return rest;
}

void Chain::feed(std::size_t index, Item item, MonoTime now) {
  if (rests_ > 0 && rest_dropped_[index] && drops_rest(index, item)) return;
  if (index == stages_.size()) {
    sink_.on_item(std::move(item));
  } else {
    stages_[index]->accept(std::move(item), now, index + 1);
  }
}

void Chain::advance(MonoTime now) {
  // In order: what leaves one stage may be due in the next already.
  for (std::size_t i = 0; i < stages_.size(); ++i) stages_[i]->advance(now, i + 1);
}

MonoTime Chain::next_deadline() const {
  MonoTime next = kNever;
  for (const auto& stage : stages_) next = std::min(next, stage->next_deadline());
  return next;
}

std::size_t Chain::held_bytes_max() const {
  std::size_t most = 0;
  for (const auto& stage : stages_) most = std::max(most, stage->entry().type->held_bytes_max);
  return most;
}

std::size_t Chain::index_of(const ToxicEntry& entry) const {
  const auto found = std::find_if(stages_.begin(), stages_.end(),
                                  [&](const auto& stage) { return stage->entry().id == entry.id; });
  return static_cast<std::size_t>(found - stages_.begin());
}

}  // namespace levi::proxy
