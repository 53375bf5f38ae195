// TradingRig: the trading thread's object on the test's own loop, with a journal and a latch of its
// own and, where asked for, a practice exchange on another thread. No engines, no other threads of
// levid: what those would say is said by the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include "core/latch/latch.h"
#include "core/levid/startup.h"
#include "core/levid/trading.h"
#include "core/os/file.h"
#include "tests/exchange/stage.h"
#include "tests/support/temp_folder.h"

namespace levi::test {

class TradingRig {
 public:
  // Nobody answers at `venue` until a stage is given. `more` stands at the end of the
  // configuration.
  explicit TradingRig(const exchange::Stage* venue = nullptr, const std::string& more = "")
      : TradingRig(venue != nullptr ? venue->endpoint().text() : std::string("127.0.0.1:1"), more) {
  }
  // `original`: the data folder is a copy of that rig's.
  explicit TradingRig(const std::string& address, const std::string& more = "",
                      const TradingRig* original = nullptr) {
    if (original != nullptr) {
      std::filesystem::copy(original->config.data, data_ / "data",
                            std::filesystem::copy_options::recursive);
    }
    LEVI_CHECK(os::write_file_atomic(data_ / "key", exchange::Stage::kKey));
    LEVI_CHECK(os::write_file_atomic(data_ / "secret", exchange::Stage::kSecret));
    const std::string text =
        "mode: LIVE\ndata: " + data_ / "data" + "\nruntime: " + runtime_ / "levi" +
        "\nsymbols: [BTCUSDT, ETHUSDT]\nvenue:\n  rest: " + address +
        "\n  key_file: " + data_ / "key" + "\n  secret_file: " + data_ / "secret" +
        "\nsupervision: {standbys: 0}\njournal: {ring_mib: 1}\n" + more;
    auto parsed = levid::parse_config(text, "test.yaml");
    LEVI_CHECK(parsed);
    config = std::move(parsed).value();
    auto started = levid::start_up(config);
    LEVI_CHECK(started);
    startup = std::move(started).value();
  }

  // As the trading thread would: into the journal, then into the machine.
  void journal(const machine::Event& event, Instant now) {
    const auto sequence =
        startup->writer.append(machine::event_type(event), machine::event_bytes(event), now);
    LEVI_CHECK(sequence.value != 0);
    machine::Effects dropped;
    startup->machine.step(event, now, dropped);
  }

  // `last`: what the journal would have as its last instant.
  void start(Instant last = {}) { ASSERT_TRUE(try_start(last)); }
  Status try_start(Instant last = {}) {
    trading = std::make_unique<levid::Trading>(
        loop, config, startup->identity, startup->latch, startup->machine, startup->writer,
        last.ns != 0 ? last : startup->recovered.last_instant, status,
        levid::TradingPorts{api, control, {}});
    return trading->start();
  }
  bool wait(const std::function<bool()>& so) { return exchange::wait_until(loop, so); }
  bool wait_running() {
    return wait([this] { return status.phase.load() == control::Phase::kRunning; });
  }
  control::CommandAnswer command(machine::CommandKind kind,
                                 latch::Holder holder = latch::Holder::kOperator,
                                 const char* actor = "test") {
    machine::Command command;
    command.request = ++requests_ << 1;
    command.kind = kind;
    command.holder = static_cast<std::uint32_t>(holder);
    command.actor = actor;
    command.reason = "test";
    LEVI_CHECK(api.submit(command));
    std::optional<control::CommandAnswer> answer;
    LEVI_CHECK(wait([&] { return (answer = api.next_answer()).has_value(); }));
    return *answer;
  }
  control::CommandAnswer resume(latch::Holder holder) {
    return command(machine::CommandKind::kResume, holder);
  }
  void seal_by_file() {
    auto other = latch::Latch::attach(latch::latch_path(config.runtime));
    LEVI_CHECK(other);
    other.value().seal(latch::Holder::kOperator, "test", "test", os::wall_now(), Nanos{0});
  }
  // Nobody copies it to the disk: up to this much of it, or until not even a Timer fits.
  void fill_ring(double fill = 1) {
    const machine::Event second = machine::Timer{};
    journal::Writer& writer = startup->writer;
    const Instant now = std::max(state().now, startup->recovered.last_instant);
    while (writer.fill() < fill &&
           writer.append(machine::event_type(second), machine::event_bytes(second), now).value !=
               0) {
    }
  }
  // As once there is space on the disk again.
  void drain_ring() {
    auto persister = journal::Persister::open(startup->writer.ring(), startup->journal_paths,
                                              startup->journal_options);
    LEVI_CHECK(persister);
    while (true) {
      const auto copied = persister.value().run_once();
      LEVI_CHECK(copied);
      if (copied.value() == 0) return;
    }
  }
  const machine::State& state() const { return startup->machine.state(); }
  latch::Word word() const { return startup->latch.load(); }

  TempFolder data_{kDisk};
  TempFolder runtime_{kTmpfs};
  levid::Config config;
  std::unique_ptr<levid::Startup> startup;
  control::SharedStatus status;
  control::CommandPort api;
  control::CommandPort control;
  os::Loop loop;
  std::unique_ptr<levid::Trading> trading;

 private:
  std::uint64_t requests_ = 0;
};

}  // namespace levi::test
