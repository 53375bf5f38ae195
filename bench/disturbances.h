// What a kill must not feel: another writer that holds the database, and an API port under a flood.
#pragma once

#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <memory>

#include "bench/bench_stage.h"
#include "tests/support/forked.h"
#include "tests/support/http_peer.h"

namespace levi::bench {

// BEGIN EXCLUSIVE as another writer; seen by a third one that is refused.
class DatabaseLock {
 public:
  explicit DatabaseLock(const std::string& path) : holder_(open(path)) {
    constexpr int kWaitMs = 10'000;
    sqlite3_busy_timeout(holder_, kWaitMs);
    if (run(holder_, "BEGIN EXCLUSIVE") != SQLITE_OK) give_up("cannot lock " + path);
    sqlite3* witness = open(path);
    const bool refused = run(witness, "BEGIN IMMEDIATE") == SQLITE_BUSY;
    sqlite3_close(witness);
    if (!refused) give_up("the lock of " + path + " does not hold");
  }
  DatabaseLock(const DatabaseLock&) = delete;
  DatabaseLock& operator=(const DatabaseLock&) = delete;
  ~DatabaseLock() { sqlite3_close(holder_); }

 private:
  static sqlite3* open(const std::string& path) {
    sqlite3* database = nullptr;
    if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) give_up("cannot open " + path);
    return database;
  }
  static int run(sqlite3* database, const char* sql) {
    return sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  }
  sqlite3* holder_;
};

// Processes that keep the API port busy: many connections, a request waiting on each at all times.
// At normal priority, as any client.
class ApiFlood {
 public:
  explicit ApiFlood(std::uint16_t port) : served_(shared_counter()) {
    for (int i = 0; i < kProcesses; ++i)
      flooders_.push_back(std::make_unique<test::Forked>([this, port] { return flood(port); }));
    constexpr int kTriesMax = 1000;
    for (int tries = 0; served() == 0; ++tries) {
      if (tries == kTriesMax) give_up("the flood does not reach the API port");
      pause_for(10ms);
    }
  }
  std::uint64_t served() const { return served_->load(std::memory_order_relaxed); }

 private:
  static constexpr int kProcesses = 2;
  static constexpr int kConnections = 64;

  using Counter = std::atomic<std::uint64_t>;
  static Counter* shared_counter() {
    void* page =
        ::mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    LEVI_CHECK(page != MAP_FAILED);
    return new (page) Counter{0};
  }
  int flood(std::uint16_t port) {
    (void)::setpriority(PRIO_PROCESS, 0, 0);
    std::vector<test::HttpPeer> peers;
    for (int i = 0; i < kConnections; ++i) peers.emplace_back(port);
    for (;;) {
      for (auto& peer : peers) peer.send("GET /live/status HTTP/1.1\r\nHost: flood\r\n\r\n");
      for (auto& peer : peers) {
        if (peer.answer().status != 0) {
          served_->fetch_add(1, std::memory_order_relaxed);
        } else {
          peer = test::HttpPeer(port);  // we were thrown out: come again
        }
      }
    }
  }

  Counter* served_;
  std::vector<std::unique_ptr<test::Forked>> flooders_;
};

}  // namespace levi::bench
