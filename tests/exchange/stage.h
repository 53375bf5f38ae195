// An ExchangeServer on a thread of its own, and clients to talk to it over real sockets.
//
// The server belongs to its thread; the test only speaks to its ports. Waiting is for events, with
// a deadline.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/os/thread.h"
#include "core/os/websocket.h"
#include "core/venue/mexc/wire/push.pb.h"
#include "core/venue/mexc/wire/sign.h"
#include "exchange/server/exchange_server.h"

namespace levi::exchange {

using Json = nlohmann::json;

inline constexpr const char* kDepth = "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT";
inline constexpr Nanos kPatience{10'000'000'000};

// Runs the test's loop until `done` says so. False: the deadline passed.
inline bool wait_until(os::Loop& loop, const std::function<bool()>& done) {
  const MonoTime deadline = os::mono_now() + kPatience;
  while (!done()) {
    if (os::mono_now() >= deadline) return false;
    loop.run_once(20ms);
  }
  return true;
}

class Stage {
 public:
  static constexpr const char* kKey = "stage-key";
  static constexpr const char* kSecret = "stage-secret";

  explicit Stage(int rate = 100) {
    ExchangeOptions options;
    options.port = options.admin_port = 0;
    options.pace.events_per_second = rate;
    for (const char* name : {"BTCUSDT", "ETHUSDT"})
      options.symbols.push_back(make_symbol(name).value());
    options.keys.push_back({kKey, kSecret, "stage", default_balances(options.symbols)});
    std::promise<std::pair<std::uint16_t, std::uint16_t>> started;
    auto ports = started.get_future();
    thread_ = os::start_thread("exchange", [this, options, &started] {
      os::Loop loop;
      ExchangeServer server(loop, options);
      LEVI_CHECK(server.start().has_value());
      stop_ = std::make_unique<os::Waker>(loop, [&loop] { loop.stop(); });
      started.set_value({server.port(), server.admin_port()});
      loop.run();
      stop_.reset();
    });
    std::tie(port, admin_port) = ports.get();
  }
  ~Stage() {
    stop_->wake();
    thread_.join();
  }

  static std::string sign_query(std::string query) {
    query += (query.empty() ? "" : "&") + std::string("timestamp=") +
             std::to_string(os::wall_now().ns / 1'000'000);
    return query + "&signature=" + mexc::mexc_sign(kSecret, query);
  }
  static os::HttpRequest signed_request(const std::string& method, const std::string& path,
                                        const std::string& query) {
    return {method, path + "?" + sign_query(query), {{"X-MEXC-APIKEY", kKey}}, ""};
  }
  std::string url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(port) + target;
  }
  os::Endpoint endpoint() const { return {"127.0.0.1", port, {}}; }

  Json get(const std::string& target) const {
    return parse(os::http_call("GET", url(target), "", kPatience));
  }
  Json call(const std::string& method, const std::string& path,
            const std::string& query = "") const {
    return parse(os::http_call(method, url(path + "?" + sign_query(query)), "", kPatience,
                               {{"X-MEXC-APIKEY", kKey}}));
  }
  Json admin(const std::string& method, const std::string& target) const {
    const std::string base = "http://127.0.0.1:" + std::to_string(admin_port);
    return parse(os::http_call(method, base + target, "", kPatience));
  }
  // Ledger entries after `after` of one kind.
  std::vector<Json> ledger(const std::string& kind, std::uint64_t after = 0) const {
    std::vector<Json> entries;
    const Json page = admin("GET", "/ledger?limit=10000&after=" + std::to_string(after));
    for (const Json& entry : page["entries"]) {
      if (entry["kind"] == kind) entries.push_back(entry);
    }
    return entries;
  }
  std::uint64_t last_arrival() const { return admin("GET", "/health")["last_arrival"]; }

  std::uint16_t port = 0;
  std::uint16_t admin_port = 0;

 private:
  static Json parse(const Result<os::HttpResponse>& response) {
    if (!response) return {{"transport_error", response.error().text()}};
    return Json::parse(response.value().body, nullptr, false);
  }

  os::Thread thread_;
  std::unique_ptr<os::Waker> stop_;
};

// A WebSocket client on the test's own loop that keeps what it receives.
class Listener {
 public:
  Listener(os::Loop& loop, const Stage& stage, const std::string& target = "/ws")
      : loop_(loop), client_(loop, stage.endpoint(), target, kPatience, handlers()) {}

  bool wait_open() {
    return wait_until(loop_, [this] { return open || closed; }) && open;
  }
  // True once the venue has confirmed it.
  bool subscribe(const std::string& channel) {
    if (!wait_open()) return false;
    const std::size_t before = texts.size();
    client_.send(false, R"({"method":"SUBSCRIPTION","params":[")" + channel + "\"]}");
    const bool answered = wait_until(loop_, [&] { return texts.size() > before || closed; });
    return answered && !closed && Json::parse(texts.back())["msg"] == channel;
  }
  bool wait_push(std::size_t count) {
    return wait_until(loop_, [&] { return pushes.size() >= count || closed; }) &&
           pushes.size() >= count;
  }
  bool wait_closed() {
    return wait_until(loop_, [this] { return closed; });
  }
  void send(const std::string& text) { client_.send(false, text); }

  bool open = false;
  bool closed = false;
  os::WsEnd end = os::WsEnd::kClosed;
  std::vector<std::string> texts;
  std::vector<mexc::pb::PushDataV3ApiWrapper> pushes;

 private:
  os::WebSocketHandlers handlers() {
    os::WebSocketHandlers result;
    result.on_open = [this] { open = true; };
    result.on_message = [this](bool binary, std::string_view payload) {
      if (binary) {
        EXPECT_TRUE(pushes.emplace_back().ParseFromString(std::string(payload)));
      } else {
        texts.emplace_back(payload);
      }
    };
    result.on_close = [this](const os::WsClosed& why) {
      closed = true;
      end = why.end;
    };
    return result;
  }

  os::Loop& loop_;
  os::WebSocketClient client_;
};

}  // namespace levi::exchange
