// The journal and the machine together: crashes at record boundaries, inside records and by power
// cuts give the same state as a run without any.
#include <gtest/gtest.h>

#include "core/machine/machine.h"
#include "tests/journal/support.h"
#include "tests/support/event_stream.h"
#include "tests/support/property.h"

namespace levi::journal {
namespace {

using namespace test;  // NOLINT: the fixtures of this folder

constexpr std::size_t kEvents = 200;
constexpr std::uint64_t kOffsetPosition = 72, kOffsetLastSequence = 80;  // docs/journal-format.md

struct Life {
  machine::Machine machine;
  Recovered recovered;
};

Life rebuild(const JournalFolder& folder) {
  Life life;
  machine::Effects dropped;
  ReplayHandlers handlers;
  handlers.on_snapshot = [&](std::uint32_t, RecordSequence, std::string_view body) -> Status {
    LEVI_TRY(restored, machine::Machine::deserialize(body));
    life.machine = std::move(restored);
    return ok();
  };
  handlers.on_record = [&](const Record& record) -> Status {
    LEVI_TRY(event, machine::event_from(record.type, record.body));
    life.machine.step(event, record.instant, dropped);
    dropped.clear();
    return ok();
  };
  const auto replayed = replay(folder.paths, folder.options, handlers);
  if (!replayed) std::fprintf(stderr, "%s\n", replayed.error().text().c_str());
  LEVI_CHECK(replayed);
  life.recovered = replayed.value();
  return life;
}

// The reference: what the machine's hash is after each event.
struct Reference {
  std::vector<TimedEvent> events;
  std::vector<std::uint64_t> hashes;

  explicit Reference(std::uint64_t seed) {
    EventStream stream({.seed = seed});
    machine::Machine machine;
    machine::Effects effects;
    hashes.push_back(machine.state_hash());
    while (events.size() < kEvents) {
      events.push_back(stream.next());
      effects.clear();
      machine.step(events.back().event, events.back().now, effects);
      hashes.push_back(machine.state_hash());
    }
  }
};

// As if SIGKILL had come while the last record was written: all but its first word is there.
void unpublish_last(const JournalFolder& folder, std::uint64_t last) {
  const std::string& ring = folder.paths.ring;
  const std::uint64_t at = offset_of(ring, last);
  overwrite(ring, at, std::string(8, '\0'));
  const std::uint64_t sequence = last - 1;
  const std::uint64_t position = at - 8192;
  overwrite(ring, kOffsetLastSequence, {reinterpret_cast<const char*>(&sequence), 8});
  overwrite(ring, kOffsetPosition, {reinterpret_cast<const char*>(&position), 8});
}

enum class End { kBoundary, kInsideRecord, kPowerCut };

// Appends up to `to` events, perhaps a snapshot on the way, and ends as told.
void live(JournalFolder& folder, const Reference& reference, Life life, std::uint32_t incarnation,
          std::size_t to, End end, Random& random) {
  auto writer = Writer::open(folder.paths, folder.options, life.recovered, {incarnation});
  LEVI_CHECK(writer);
  Persister persister = open_persister(folder);
  machine::Effects effects;
  for (std::size_t i = static_cast<std::size_t>(life.recovered.last.value); i < to; ++i) {
    const TimedEvent& next = reference.events[i];
    LEVI_CHECK(
        writer.value()
            .append(machine::event_type(next.event), machine::event_bytes(next.event), next.now)
            .value == i + 1);
    effects.clear();
    life.machine.step(next.event, next.now, effects);
    if (random.below(20) == 0) persist_all(persister);
    if (random.below(40) == 0) {
      persist_all(persister);
      LEVI_CHECK(
          persister.write_snapshot(machine::kMachineVersion, {i + 1}, life.machine.serialize()));
    }
  }
  const std::uint64_t last = writer.value().last().value;
  const bool inside = end == End::kInsideRecord && last > persister.durable().value;
  if (inside) unpublish_last(folder, last);
  if (end == End::kPowerCut) folder.reboot();
}

TEST(MachineCrash, AnyCrashesGiveTheStateOfTheUninterruptedRun) {
  EXPECT_TRUE(holds("same hash", [](std::uint64_t seed) {
    const Reference reference(seed);
    Random random(seed ^ 77);
    JournalFolder folder(1u << 20, 16u << 10);  // not wrapped: `unpublish_last` looks records up
    for (std::uint32_t incarnation = 1;; ++incarnation) {
      Life life = rebuild(folder);
      const auto at = static_cast<std::size_t>(life.recovered.last.value);
      RC_ASSERT(life.machine.state_hash() == reference.hashes[at]);
      RC_ASSERT(life.recovered.records_cut == 0u);
      if (at == kEvents) return;
      const bool to_the_end = incarnation > 8;
      const std::size_t to = to_the_end ? kEvents : at + 1 + random.below(kEvents - at);
      const auto end = to_the_end ? End::kBoundary : static_cast<End>(random.below(3));
      live(folder, reference, std::move(life), incarnation, to, end, random);
    }
  }));
}

TEST(MachineCrash, EveryRecordBoundaryAndTheInsideOfEveryRecord) {
  const Reference reference(5);
  JournalFolder folder;
  std::uint32_t incarnation = 0;
  Random random(1);
  for (std::size_t to = 1; to <= kEvents; ++to) {
    for (const End end : {End::kInsideRecord, End::kBoundary}) {
      Life life = rebuild(folder);
      const auto at = static_cast<std::size_t>(life.recovered.last.value);
      ASSERT_EQ(at, to - 1);
      ASSERT_EQ(life.machine.state_hash(), reference.hashes[at]);
      auto writer = Writer::open(folder.paths, folder.options, life.recovered, {++incarnation});
      ASSERT_TRUE(writer);
      const TimedEvent& next = reference.events[at];
      ASSERT_EQ(
          writer.value()
              .append(machine::event_type(next.event), machine::event_bytes(next.event), next.now)
              .value,
          to);
      if (end == End::kInsideRecord) unpublish_last(folder, to);
    }
  }
  EXPECT_EQ(rebuild(folder).machine.state_hash(), reference.hashes[kEvents]);
}

}  // namespace
}  // namespace levi::journal
