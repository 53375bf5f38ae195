// The journal: appends beside a bare append with CRC, replay, and start-up with a million records.
//
//   journal_append            64-byte bodies into the ring; a sample is the mean of 1,000
//   journal_replay            records of a trading day read, checked and dropped
//   journal_replay_machine    and through the machine, as at a start
//   start_from_journal        a million records in segments and ring, until the writer is open
//   start_from_snapshot       the same with a snapshot 20,000 records back
#include "bench/report.h"
#include "bench/trading_day.h"
#include "core/journal/journal.h"
#include "core/os/clock.h"

namespace levi::bench {
namespace {

constexpr int kAppends = 1000;
constexpr int kBlocks = 10;
constexpr int kSamplesPerBlock = 400;
constexpr int kRounds = 5;
constexpr std::uint64_t kBehindSnapshot = 20'000;
constexpr double kReplayLeast = 3e6;

struct Folder {
  test::TempFolder memory{test::kTmpfs};
  test::TempFolder disk{test::kDisk};
  journal::Paths paths{memory / "journal.ring", disk / "journal"};
  journal::Options options;
  Folder() { options.identity = journal::Identity{InstanceId("benchab"), {1}, true, false, {}}; }

  journal::Writer open_writer(const journal::Recovered& recovered) const {
    auto writer = journal::Writer::open(paths, options, recovered, {1});
    LEVI_CHECK(writer);
    return std::move(writer.value());
  }
};

void persist(journal::Persister& persister) {
  for (;;) {
    const auto done = persister.run_once();
    LEVI_CHECK(done);
    if (done.value() == 0) return;
  }
}

// The persister runs between the blocks: what an append costs, not what two processes on two busy
// CPUs cost each other.
void append() {
  Folder folder;
  folder.paths.segments = folder.memory / "journal";
  journal::Writer writer = folder.open_writer({});
  auto persister = journal::Persister::open(writer.ring(), folder.paths, folder.options);
  LEVI_CHECK(persister);
  std::string body(64, 'x');
  Samples ours;
  Samples limit;
  for (int block = 0; block < kBlocks; ++block) {
    for (int sample = 0; sample < kSamplesPerBlock; ++sample) {
      const MonoTime begun = os::mono_now();
      for (int i = 0; i < kAppends; ++i) {
        body[0] = static_cast<char>(i);
        LEVI_CHECK(writer.append(10, body, {1}).value != 0);
      }
      ours.add((os::mono_now() - begun) / kAppends);
    }
    persist(persister.value());
    limit.add_all(run_limit("append_crc", kSamplesPerBlock));
    LEVI_CHECK(persister.value().write_snapshot(1, writer.last(), "x"));
  }
  print_figure("journal_append", ours, limit,
               at_most(ours, 5, limit, "p50 <= 5 x a bare append with CRC to tmpfs"));
}

struct Counted {
  Nanos took{0};
  journal::Recovered recovered;
};

Counted replay_dropped(const Folder& folder) {
  std::uint64_t records = 0;
  journal::ReplayHandlers handlers;
  handlers.on_record = [&](const journal::Record&) {
    ++records;
    return ok();
  };
  const MonoTime begun = os::mono_now();
  const auto replayed = journal::replay(folder.paths, folder.options, handlers);
  LEVI_CHECK(replayed && records == kDayRecords);
  return {os::mono_now() - begun, replayed.value()};
}

Counted start(const Folder& folder, std::uint64_t hash, bool from_snapshot) {
  Machine machine;
  Effects dropped;
  journal::ReplayHandlers handlers;
  if (from_snapshot) {
    handlers.on_snapshot = [&](std::uint32_t, RecordSequence, std::string_view body) -> Status {
      LEVI_TRY(restored, Machine::deserialize(body));
      machine = std::move(restored);
      return ok();
    };
  }
  handlers.on_record = [&](const journal::Record& record) -> Status {
    LEVI_TRY(event, event_from(record.type, record.body));
    machine.step(event, record.instant, dropped);
    dropped.clear();
    return ok();
  };
  const MonoTime begun = os::mono_now();
  const auto replayed = journal::replay(folder.paths, folder.options, handlers);
  LEVI_CHECK(replayed);
  const journal::Writer writer = folder.open_writer(replayed.value());
  const Nanos took = os::mono_now() - begun;
  LEVI_CHECK(machine.state_hash() == hash);
  return {took, replayed.value()};
}

// The day in the journal, most of it in segments, the newest records in the ring alone.
void journal_day(const Folder& folder, const TradingDay& day) {
  journal::Writer writer = folder.open_writer({});
  auto persister = journal::Persister::open(writer.ring(), folder.paths, folder.options);
  LEVI_CHECK(persister);
  Machine machine;
  Effects dropped;
  std::uint64_t count = 0;
  for (const DayRecord& record : day.records()) {
    LEVI_CHECK(writer.append(record.type, day.body(record), record.instant).value != 0);
    machine.step(event_from(record.type, day.body(record)).value(), record.instant, dropped);
    dropped.clear();
    if (++count % 100'000 == 0 && count + kBehindSnapshot < kDayRecords) persist(persister.value());
    if (count + kBehindSnapshot != kDayRecords) continue;
    persist(persister.value());
    LEVI_CHECK(persister.value().write_snapshot(kMachineVersion, {count}, machine.serialize()));
  }
}

double rate(Nanos took) {
  return static_cast<double>(kDayRecords) * 1e9 / static_cast<double>(took.count());
}

void replay_and_start() {
  const TradingDay day;
  const Folder folder;
  journal_day(folder, day);
  const std::uint64_t hash = day.machine().state_hash();
  Nanos dropped = Nanos::max();
  Nanos machine = Nanos::max();
  Samples from_journal;
  Samples from_snapshot;
  for (int round = 0; round < kRounds; ++round) {
    dropped = std::min(dropped, replay_dropped(folder).took);
    const Nanos took = start(folder, hash, false).took;
    machine = std::min(machine, took);
    from_journal.add(took);
    from_snapshot.add(start(folder, hash, true).took);
  }
  print_value("journal_replay", rate(dropped), "records/s");
  print_value("journal_replay_machine", rate(machine), "records/s",
              {"at least 3 million records/s", rate(machine) >= kReplayLeast});
  print_figure("start_from_journal", from_journal, {},
               at_most(from_journal, 500ms, "1 million records in at most 500 ms"));
  print_figure("start_from_snapshot", from_snapshot, {},
               at_most(from_snapshot, 50ms, "the same from a snapshot in at most 50 ms"));
}

}  // namespace
}  // namespace levi::bench

int main() {
  levi::bench::append();
  levi::bench::replay_and_start();
}
