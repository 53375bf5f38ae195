// A whole control server for a test: real latch, real sockets, stand-ins for the other threads.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/control/control.h"
#include "core/os/clock.h"
#include "tests/support/fake_trading.h"
#include "tests/support/http_peer.h"
#include "tests/support/temp_folder.h"

namespace levi::test {

inline nlohmann::json body_of(const HttpAnswer& answer) {
  return nlohmann::json::parse(answer.body, nullptr, false);
}

inline std::set<std::string> keys_of(const nlohmann::json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

class ControlRig {
 public:
  explicit ControlRig(control::ControlOptions options = {}) : latch_(open_latch(folder_)) {
    options.tcp = {.host = "127.0.0.1", .port = 0, .path = {}};
    options.socket_path = folder_ / "control.sock";
    options.facts.name = "rig";
    options.facts.environment = "test";
    control::fill_own_identity(options.facts);
    auto started = control::ControlServer::start(
        options, latch_, status, port, [this] { ++aborts; }, audit);
    LEVI_CHECK(started);
    server = std::move(started.value());
  }
  // As levid ends: no thread calls into another's object any more when the first of them goes.
  ~ControlRig() {
    if (server) server->stop();
  }
  ControlRig(const ControlRig&) = delete;
  ControlRig& operator=(const ControlRig&) = delete;

  HttpPeer connect() { return HttpPeer(server->tcp_port()); }
  HttpPeer connect_unix() { return HttpPeer(folder_ / "control.sock"); }
  latch::Latch& latch() { return latch_; }
  std::uint64_t epoch() const { return latch_.load().epoch(); }

 private:
  static latch::Latch open_latch(const TempFolder& folder) {
    auto latch = latch::Latch::create(latch::latch_path(folder.path()));
    LEVI_CHECK(latch && latch.value().release(latch::Holder::kNewInstance, 0));
    return std::move(latch.value());
  }
  // What levid's trading thread does with a resume, without the journal.
  control::CommandAnswer obey(const machine::Command& command) {
    control::CommandAnswer answer;
    answer.request = command.request;
    const auto released = latch_.release(static_cast<latch::Holder>(command.holder), command.epoch);
    answer.code = released ? machine::AnswerCode::kDone : machine::AnswerCode::kConflict;
    answer.text = released ? "released" : "the epoch moved on";
    answer.latch_word = latch_.load().raw;
    return answer;
  }

  TempFolder folder_{kTmpfs};
  latch::Latch latch_;

 public:
  control::SharedStatus status;
  control::CommandPort port;
  control::AuditRing audit;
  std::atomic<int> aborts{0};
  std::unique_ptr<control::ControlServer> server;  // outlives the two that wake it
  FakeTrading trading{port, [this](const machine::Command& command) { return obey(command); }};
  FakeScribe scribe{audit};
};

}  // namespace levi::test
