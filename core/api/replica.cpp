#include "core/api/replica.h"

#include <algorithm>
#include <utility>

namespace levi::api {
namespace {

constexpr std::size_t kIncarnationsKept = 64;
constexpr std::uint64_t kLookBackMax =
    1'000'000;  // records, for the fills of before this start: about 60 ms

}  // namespace

void MonoClock::on_started(Incarnation incarnation, const machine::Started& started, Instant at) {
  offsets_[incarnation.value] = started.mono_ns - at.ns;
  if (offsets_.size() > kIncarnationsKept) offsets_.erase(offsets_.begin());
}

std::optional<MonoTime> MonoClock::at(Incarnation incarnation, Instant instant) const {
  const auto found = offsets_.find(incarnation.value);
  if (found == offsets_.end()) return std::nullopt;
  return MonoTime{instant.ns + found->second};
}

std::optional<machine::Event> event_of(const journal::Record& record) {
  auto event = machine::event_from(record.type, record.body);
  if (!event) return std::nullopt;
  return std::move(event).value();
}

Result<Replica> Replica::open(const journal::Paths& paths, journal::RingHandle ring,
                              const std::string& snapshot, RecordSequence at) {
  LEVI_TRY(machine, machine::Machine::deserialize(snapshot));
  LEVI_TRY(reader, journal::Reader::open(paths, ring, at));
  return Replica(std::move(machine), std::move(reader), at);
}

// Those that were booked are those that the machine's orders know.
void Replica::remember_fills(const journal::Paths& paths, const journal::RingHandle& ring) {
  const auto oldest = journal::oldest_record(paths);
  if (!oldest || at_.value == 0) return;
  std::uint64_t after = at_.value > kLookBackMax ? at_.value - kLookBackMax : 0;
  if (oldest.value().value > 0) after = std::max(after, oldest.value().value - 1);
  auto reader = journal::Reader::open(paths, ring, RecordSequence{after});
  SeenFills seen;
  while (reader && after < at_.value) {
    auto record = reader.value().next();
    if (!record || !record.value()) break;  // damaged or ended: fewer fills are remembered
    look_back(*record.value(), seen);
    after = record.value()->sequence.value;
  }
  // Numbered backwards from the count that the machine has.
  std::uint64_t number = machine_.state().counters.fills;
  while (fills_.size() > number) fills_.pop_front();
  for (auto fill = fills_.rbegin(); fill != fills_.rend(); ++fill) fill->number = number--;
}

void Replica::look_back(const journal::Record& record, SeenFills& seen) {
  const auto event = record.type == machine::event_type(machine::VenueFill{}) ||
                             record.type == machine::event_type(machine::Started{})
                         ? event_of(record)
                         : std::nullopt;
  if (!event) return;
  if (const auto* started = std::get_if<machine::Started>(&*event)) {
    clock_.on_started(record.incarnation, *started, record.instant);
    return;
  }
  const auto& fill = std::get<machine::VenueFill>(*event);
  const auto& orders = machine_.state().orders;
  const auto order = orders.find(fill.sequence.value);
  const bool booked =
      order == orders.end() ||
      std::count(order->second.trades.begin(), order->second.trades.end(), fill.trade) > 0;
  if (booked && seen.emplace(fill.sequence.value, fill.trade).second) keep(fill, 0);
}

void Replica::keep(const machine::VenueFill& fill, std::uint64_t number) {
  KeptFill kept{number, fill};
  const auto& instruments = machine_.state().instruments;
  if (fill.symbol.value < instruments.size()) {
    kept.price_exponent = instruments[fill.symbol.value].definition.price_exponent;
    kept.quantity_exponent = instruments[fill.symbol.value].definition.quantity_exponent;
  }
  fills_.push_back(kept);
  if (fills_.size() > kFillsKept) fills_.pop_front();
}

bool Replica::advance(std::size_t records_max, const OnRecord& on_record) {
  machine_.keep_retired(&retired_);  // here, since a Replica may be moved
  for (std::size_t i = 0; i < records_max; ++i) {
    auto next = reader_.next();
    if (!next) {
      trouble_ = next.error().text();
      return true;
    }
    if (!next.value()) {
      trouble_.clear();
      return true;
    }
    const journal::Record& record = *next.value();
    at_ = record.sequence;
    instant_ = record.instant;
    const auto event = event_of(record);
    if (!event) continue;
    if (const auto* started = std::get_if<machine::Started>(&*event)) {
      clock_.on_started(record.incarnation, *started, record.instant);
    }
    const std::uint64_t before = machine_.state().counters.fills;
    effects_.clear();
    machine_.step(*event, record.instant, effects_);
    for (const machine::Order& order : retired_) past_orders_.add(order);
    retired_.clear();
    const std::uint64_t fills = machine_.state().counters.fills;
    if (fills != before) keep(std::get<machine::VenueFill>(*event), fills);
    if (on_record) on_record(record, *event);
  }
  return false;
}

}  // namespace levi::api
