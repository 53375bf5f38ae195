// A core for the API's tests: a real journal, machine and latch behind the ports, without venue or
// engines. A thread plays the trading side: it journals and steps what the test hands it, and obeys
// commands as levid's trading thread does.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/api/server.h"
#include "core/machine/machine.h"
#include "core/os/clock.h"
#include "core/os/poller.h"
#include "tests/support/fake_trading.h"
#include "tests/support/http_peer.h"
#include "tests/support/temp_folder.h"

namespace levi::test {

using json = nlohmann::json;

inline constexpr SymbolId kBtc{0};
inline constexpr SymbolId kEth{1};
inline constexpr EngineId kBtcEngine{0};
inline constexpr std::size_t kRingBytes = 4u << 20;

class FakeCore {
 public:
  explicit FakeCore(const journal::Paths& paths, latch::Latch& latch, std::uint32_t incarnation = 1,
                    std::size_t ring_bytes = kRingBytes);
  ~FakeCore();

  // Journals the events and steps the machine, in order, on the trading thread; returns when that
  // is done.
  void apply(std::vector<machine::Event> events);
  void apply(const machine::Event& event) { apply(std::vector<machine::Event>{event}); }
  // Started, limits, two instruments, two engines, reconciled, latch as it is; engine 0 up.
  void start();
  // An order of the first engine that the venue has acknowledged; its sequence.
  OrderSequence open_order(Side side = Side::kBuy, std::int64_t price = 50'000'00,
                           std::int64_t quantity = 1000);
  void fill(OrderSequence sequence, std::int64_t quantity, const std::string& trade);
  void tops(int count);  // market data

  void hang(bool on);  // commands wait
  std::vector<machine::Command> commands();
  std::vector<machine::ChaosMark> marks();
  template <class Read>
  auto read(Read look) {  // at the machine, while nothing steps it
    const std::lock_guard lock(mutex_);
    return look(machine_.state());
  }
  std::string snapshot();
  RecordSequence last();
  Instant last_instant();
  journal::RingHandle ring() { return writer_->ring(); }

  control::CommandPort port;

 private:
  void run();
  void apply_locked(const machine::Event& event);
  void obey(const machine::Event& event);
  void look_at_latch();
  void answer(std::uint64_t request, machine::AnswerCode code, std::string_view text,
              std::uint64_t granted = 0);

  const std::uint32_t incarnation_;
  latch::Latch& latch_;
  std::mutex mutex_;
  machine::Machine machine_;
  std::unique_ptr<journal::Writer> writer_;
  machine::Effects effects_;
  Instant now_;
  std::uint64_t version_ = 0;
  std::vector<machine::Command> commands_;
  std::vector<machine::ChaosMark> marks_;
  std::atomic<bool> hanging_{false};
  Worker worker_;
};

class ApiRig {
 public:
  explicit ApiRig(api::ApiOptions options = {}, std::function<void(ApiRig&)> before_start = {},
                  std::size_t ring_bytes = kRingBytes);  // nobody empties the ring to disk

  HttpPeer connect() const { return HttpPeer(server->port()); }
  json get(const std::string& target, int status = 200);
  json post(const std::string& target, const std::string& body = {}, int status = 200);
  void restart();  // of the server, as a new levid on the same journal
  latch::Latch& latch() { return latch_; }
  std::string data() const { return disk_.path(); }
  std::string audit_folder() const { return disk_ / "audit"; }
  std::string store_path() const { return disk_ / "levi.db"; }
  // Until the chain holds `count` lines of this server: the scribe tells. The deadline is the
  // test's own (ctest's).
  void wait_audited(std::uint64_t count);
  std::vector<json> audit_lines() const;

 private:
  static latch::Latch open_latch(const TempFolder& folder);
  void start_server();

  TempFolder memory_{kTmpfs};
  TempFolder disk_{kTmpfs};
  latch::Latch latch_;
  api::ApiOptions options_;

 public:
  journal::Paths paths;
  control::SharedStatus status;
  control::AuditRing control_audit;
  FakeCore core;
  std::atomic<int> aborts{0};
  std::unique_ptr<api::ApiServer> server;
};

// A client of /events: takes the chunked stream apart.
struct StreamEvent {
  std::string id;
  std::string type;
  json data;
};
class StreamPeer {
 public:
  StreamPeer(HttpPeer peer, const std::string& target, const std::string& headers = {});
  std::optional<StreamEvent> next();  // nothing: ended, or the deadline passed
  bool ended() const { return ended_; }
  int status() const { return status_; }
  HttpPeer& peer() { return peer_; }

 private:
  bool read_chunk();
  HttpPeer peer_;
  std::string text_;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace levi::test
