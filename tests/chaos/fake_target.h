// The cheapest target in which every fault can really land: the practice exchange in this process,
// a core that is only its public face, children that sleep, an SQLite file, a latch file.
//
// The exchange and the core live on threads of their own; the test speaks to their ports, as any
// fault does.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <csignal>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "chaos/fault/target.h"
#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/os/process.h"
#include "core/os/thread.h"
#include "core/os/websocket.h"
#include "tests/exchange/stage.h"
#include "tests/support/temp_folder.h"

namespace levi::chaos {

inline os::Child start_sleeper() {
  os::SpawnOptions options;
  options.program = "/bin/sleep";
  options.arguments = {"3600"};
  options.parent_death_signal = SIGKILL;
  auto child = os::Child::spawn(options);
  LEVI_CHECK(child.has_value());
  return std::move(child).value();
}

// What a core shows of itself: /health, /engines, /live/status with a real market feed, and a kill
// switch.
class FakeCore {
 public:
  FakeCore(const exchange::Stage& venue, os::ProcessIdentity core, os::ProcessIdentity engine,
           std::string latch_path)
      : venue_(venue),
        core_(std::move(core)),
        engine_(std::move(engine)),
        latch_path_(std::move(latch_path)) {
    std::promise<std::uint16_t> started;
    auto port = started.get_future();
    thread_ = os::start_thread("fake core", [this, &started] { run(started); });
    port_ = port.get();
  }
  ~FakeCore() {
    stop_->wake();
    thread_.join();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void run(std::promise<std::uint16_t>& started) {
    os::Loop loop;
    os::HttpServer server(loop, {}, [this](const os::HttpRequest& request, const auto& reply) {
      reply->send({200, "application/json", {}, answer(request).dump()});
    });
    LEVI_CHECK(server.listen({"127.0.0.1", 0, {}}).has_value());
    os::WebSocketHandlers feed;
    feed.on_open = [this] { up_ = true; };
    feed.on_message = [this](bool, std::string_view) { last_frame_ = os::mono_now(); };
    feed.on_close = [this](const os::WsClosed&) { up_ = false; };
    os::WebSocketClient client(loop, venue_.endpoint(), "/ws", 10s, std::move(feed));
    stop_ = std::make_unique<os::Waker>(loop, [&loop] { loop.stop(); });
    while (!up_) loop.run_once(20ms);
    client.send(
        false,
        R"({"method":"SUBSCRIPTION","params":["spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"]})");
    while (last_frame_ == MonoTime{}) loop.run_once(20ms);
    started.set_value(server.port());
    loop.run();
    stop_.reset();
  }

  Json answer(const os::HttpRequest& request) const {
    const std::string path(request.path());
    if (path == "/health") {
      Json health = process(core_);
      health["boot_id"] = os::boot_id();
      return health;
    }
    if (path == "/engines") {
      Json engine = process(engine_);
      engine.update({{"id", 3}, {"name", "mm-btcusdt"}, {"status", "running"}});
      return {{"engines", {engine}}};
    }
    if (path == "/live/kill") return kill(request.parameter("actor").value_or(""));
    const double age_ms = static_cast<double>((os::mono_now() - last_frame_) / 1us) / 1e3;
    return {{"ws_status",
             {{"market", up_ ? "up" : "down"}, {"reconnects", 0}, {"last_frame_age_ms", age_ms}}}};
  }
  Json kill(const std::string& actor) const {
    auto latch = latch::Latch::attach(latch_path_);
    LEVI_CHECK(latch.has_value());
    const auto sealed =
        latch.value().seal(latch::Holder::kChaos, actor, "test", os::wall_now(), Nanos{0});
    return {{"sealed", true}, {"sequence", sealed.sequence}};
  }
  static Json process(const os::ProcessIdentity& identity) {
    return {{"pid", identity.pid}, {"start_ticks", identity.start_ticks}};
  }

  const exchange::Stage& venue_;
  const os::ProcessIdentity core_;
  const os::ProcessIdentity engine_;
  const std::string latch_path_;
  bool up_ = false;      // the thread's, as the next
  MonoTime last_frame_;  // of the market feed
  std::uint16_t port_ = 0;
  std::unique_ptr<os::Waker> stop_;
  os::Thread thread_;
};

class FakeTarget {
 public:
  FakeTarget() : latch_(open_latch(latch_path())) {
    sqlite3* database = nullptr;
    LEVI_CHECK(sqlite3_open((data_ / "levi.db").c_str(), &database) == SQLITE_OK);
    LEVI_CHECK(sqlite3_exec(database, "PRAGMA journal_mode=WAL; CREATE TABLE t(x)", nullptr,
                            nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
    core_.emplace(venue_, core_process_.identity(), engine_process_.identity(), latch_path());
  }
  ~FakeTarget() {
    for (os::Child* child : {&core_process_, &engine_process_}) {
      (void)child->kill(SIGKILL);
      (void)child->wait(10s);
    }
  }

  TargetSpec spec() const {
    TargetSpec spec;
    spec.api = core_->address();
    spec.exchange_admin = "127.0.0.1:" + std::to_string(venue_.admin_port);
    spec.exchange = venue_.endpoint().text();
    spec.runtime = runtime_.path();
    spec.data = data_.path();
    return spec;
  }
  std::string latch_path() const { return latch::latch_path(runtime_.path()); }
  latch::Latch& latch() { return latch_; }
  const os::Child& core_process() const { return core_process_; }
  const os::Child& engine_process() const { return engine_process_; }

  // Another writer is kept out.
  bool database_locked() const {
    sqlite3* database = nullptr;
    LEVI_CHECK(sqlite3_open((data_ / "levi.db").c_str(), &database) == SQLITE_OK);
    const int code = sqlite3_exec(database, "BEGIN IMMEDIATE; ROLLBACK", nullptr, nullptr, nullptr);
    sqlite3_close(database);
    return code == SQLITE_BUSY;
  }
  // The core's market sockets at the exchange: how many, and whether they are frozen.
  Json market_sockets() const {
    Json found = Json::array();
    for (const Json& each : venue_.admin("GET", "/connections")) {
      if (each["kind"] == "public") found.push_back(each["frozen"]);
    }
    return found;
  }

 private:
  static latch::Latch open_latch(const std::string& path) {
    auto latch = latch::Latch::create(path);
    LEVI_CHECK(latch.has_value());
    LEVI_CHECK(latch.value().release(latch::Holder::kNewInstance, 0).has_value());
    return std::move(latch).value();
  }

  test::TempFolder data_;
  test::TempFolder runtime_{test::kTmpfs};
  latch::Latch latch_;
  exchange::Stage venue_;
  os::Child core_process_ = start_sleeper();
  os::Child engine_process_ = start_sleeper();
  std::optional<FakeCore> core_;
};

}  // namespace levi::chaos
