// The same journal gives the same state, however it is cut.
#include <gtest/gtest.h>

#include "tests/support/event_stream.h"
#include "tests/support/property.h"

namespace levi::machine {
namespace {

using test::EventStream;
using test::StreamOptions;
using test::TimedEvent;

constexpr int kEvents = 200;

// A journal record, as bytes.
struct Record {
  std::uint16_t type = 0;
  std::string body;
  Instant instant;
};

struct Journal {
  std::vector<Record> records;
  std::vector<std::uint64_t> hashes;  // after each record
};

Journal run_live(std::uint64_t seed) {
  EventStream stream({.seed = seed, .hostile = seed % 2 == 0});
  Journal run;
  for (int i = 0; i < kEvents; ++i) {
    const TimedEvent next = stream.next();
    run.records.push_back({event_type(next.event), std::string(event_bytes(next.event)), next.now});
    run.hashes.push_back(stream.machine().state_hash());
  }
  return run;
}

// Effects leave by a vector: comparing what two machines say needs their kinds and the orders among
// them.
std::vector<std::uint64_t> outline(const Effects& effects) {
  std::vector<std::uint64_t> lines;
  for (const Effect& effect : effects) {
    const auto* order = std::get_if<SendOrder>(&effect);
    lines.push_back(effect.index() << 48 | (order ? order->sequence.value : 0));
  }
  return lines;
}

void replay(Machine& machine, const Record& record, Effects& effects) {
  const auto event = event_from(record.type, record.body);
  RC_ASSERT(event.has_value());
  machine.step(event.value(), record.instant, effects);
}

TEST(ReplayProperty, ReplayingTheRecordsGivesTheSameHashAfterEachOfThem) {
  EXPECT_TRUE(test::holds("replay is deterministic", [](std::uint64_t seed) {
    const Journal live = run_live(seed);
    Machine machine;
    Effects effects;
    for (std::size_t i = 0; i < live.records.size(); ++i) {
      replay(machine, live.records[i], effects);
      RC_ASSERT(machine.state_hash() == live.hashes[i]);
      effects.clear();
    }
  }));
}

TEST(ReplayProperty, ASnapshotAtAnyPointContinuesAsIfNothingHadHappened) {
  EXPECT_TRUE(test::holds("a snapshot continues", [](std::uint64_t seed) {
    const Journal live = run_live(seed);
    const std::size_t cut = seed % live.records.size();
    Machine machine;
    Effects effects;
    for (std::size_t i = 0; i <= cut; ++i) replay(machine, live.records[i], effects);
    auto restored = Machine::deserialize(machine.serialize());
    RC_ASSERT(restored.has_value());
    RC_ASSERT(restored.value().serialize() == machine.serialize());
    Effects effects_restored;
    for (std::size_t i = cut + 1; i < live.records.size(); ++i) {
      effects.clear();
      effects_restored.clear();
      replay(machine, live.records[i], effects);
      replay(restored.value(), live.records[i], effects_restored);
      RC_ASSERT(outline(effects) == outline(effects_restored));
      RC_ASSERT(restored.value().state_hash() == live.hashes[i]);
    }
  }));
}

TEST(ReplayProperty, CrashesAtRecordBoundariesChangeNothing) {
  // Each crash drops the machine; the next one starts from the last snapshot and the records behind
  // it.
  EXPECT_TRUE(test::holds("crashes change nothing", [](std::uint64_t seed) {
    const Journal live = run_live(seed);
    Random random(seed);
    std::string snapshot = Machine().serialize();
    std::size_t snapshot_at = 0;
    std::size_t written = 0;
    while (written < live.records.size()) {
      auto machine = Machine::deserialize(snapshot);
      RC_ASSERT(machine.has_value());
      Effects effects;
      for (std::size_t i = snapshot_at; i < written; ++i)
        replay(machine.value(), live.records[i], effects);
      const std::size_t lives_for = 1 + random.below(40);
      for (std::size_t i = 0; i < lives_for && written < live.records.size(); ++i) {
        replay(machine.value(), live.records[written++], effects);
      }
      RC_ASSERT(machine.value().state_hash() == live.hashes[written - 1]);
      if (random.below(2) == 0) {
        snapshot = machine.value().serialize();
        snapshot_at = written;
      }
    }
  }));
}

TEST(ReplayProperty, ADamagedSnapshotIsRefusedOrHarmless) {
  // The journal's CRC finds damage first; this is for what a CRC can't: bytes made by a stranger.
  EXPECT_TRUE(test::holds("damaged snapshots do no harm", [](std::uint64_t seed) {
    EventStream stream({.seed = seed});
    for (int i = 0; i < 60; ++i) stream.next();
    std::string bytes = stream.machine().serialize();
    Random random(seed);
    for (int i = 0; i < 4; ++i)
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    if (random.below(4) == 0) bytes.resize(random.below(bytes.size()));
    auto restored = Machine::deserialize(bytes);
    if (!restored) return;
    Effects effects;
    const Instant later{std::max(restored.value().state().now, stream.machine().state().now).ns};
    for (int i = 0; i < 60; ++i) {
      const TimedEvent next = stream.next();
      restored.value().step(next.event, std::max(later, next.now), effects);
    }
    (void)restored.value().state_hash();
  }));
}

TEST(ReplayProperty, DifferentStatesHaveDifferentHashes) {
  EXPECT_TRUE(test::holds("hashes tell states apart", [](std::uint64_t seed) {
    EventStream stream({.seed = seed});
    std::map<std::uint64_t, std::string> seen;
    for (int i = 0; i < kEvents; ++i) {
      stream.next();
      const std::string bytes = stream.machine().serialize();
      const auto [at, fresh] = seen.emplace(stream.machine().state_hash(), bytes);
      RC_ASSERT(fresh || at->second == bytes);
    }
    RC_ASSERT(seen.size() == kEvents);  // each event is counted, so each state is another
  }));
}

}  // namespace
}  // namespace levi::machine
