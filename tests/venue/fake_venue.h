// FakeVenue: MEXC spot v3 as a script: each route answers what the test says. On the test's own
// loop, over real loopback sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/os/http.h"
#include "core/os/websocket.h"
#include "core/venue/mexc/wire/push.pb.h"
#include "core/venue/venue.h"

namespace levi::test {

inline constexpr const char* kKey = "mx0testkey";
inline constexpr const char* kSecret = "45d0b3c26f2644f19bfb98b07741b2f5";

struct Level {
  const char* price;
  const char* quantity;
};

// One WebSocket of the venue.
struct VenueSocket {
  std::string target;
  std::shared_ptr<os::WebSocketConnection> connection;
  std::set<std::string> channels;
  std::vector<std::string> texts;  // received
  bool closed = false;
  bool is_private() const { return target.find("listenKey=") != std::string::npos; }
};

class FakeVenue {
 public:
  using Reply = std::shared_ptr<os::HttpReply>;
  using Handler = std::function<void(const os::HttpRequest&, const Reply&)>;

  explicit FakeVenue(os::Loop& loop);

  os::Endpoint endpoint() const;
  os::HttpServer& server() { return server_; }
  void listen_again();  // after server().stop_listening()

  // "GET /order" and the like; the prefix /api/v3 is understood.
  void on(const std::string& route, Handler handler) { handlers_[route] = std::move(handler); }
  void answer(const std::string& route, int status, const std::string& body);
  const std::vector<os::HttpRequest>& asked(const std::string& route) { return asked_[route]; }
  std::size_t asked_count(const std::string& route) { return asked_[route].size(); }
  static void send(const Reply& reply, int status, const std::string& body);

  // The venue's clock: the wall's, plus this, or held at one value.
  std::int64_t server_ms() const;
  std::int64_t clock_ahead_ms = 0;
  std::int64_t clock_held_ms = 0;

  // WebSocket.
  bool confirms = true;
  bool confirms_subscriptions = true;  // else only the end of one
  std::function<void(VenueSocket&, const std::string& channel)> on_subscribed;
  std::vector<std::shared_ptr<VenueSocket>> sockets;  // in the order of their upgrades
  std::vector<std::shared_ptr<VenueSocket>> open_sockets(bool is_private) const;
  static void push(VenueSocket& socket, const mexc::pb::PushDataV3ApiWrapper& push);

  std::vector<std::uint64_t> ended;  // ordinals of connections whose end was seen

 private:
  void handle(os::HttpRequest request, const Reply& reply);
  void upgrade(const os::HttpRequest& request, const Reply& reply);
  void on_text(VenueSocket& socket, const std::string& text);

  os::HttpServer server_;
  std::uint16_t port_ = 0;
  std::map<std::string, Handler> handlers_;
  std::map<std::string, std::vector<os::HttpRequest>> asked_;
};

std::string depth_channel(const std::string& symbol);
mexc::pb::PushDataV3ApiWrapper depth_push(const std::string& symbol, std::uint64_t from,
                                          std::uint64_t to, const std::vector<Level>& bids,
                                          const std::vector<Level>& asks);
mexc::pb::PushDataV3ApiWrapper deal_push(const std::string& symbol, const std::string& id,
                                         const char* price, const char* quantity, int type);
mexc::pb::PushDataV3ApiWrapper order_push(const std::string& symbol, const std::string& client_id,
                                          int status, const char* executed);
mexc::pb::PushDataV3ApiWrapper fill_push(const std::string& symbol, const std::string& client_id,
                                         const std::string& trade, const char* quantity);
std::string depth_json(std::uint64_t version, const std::vector<Level>& bids,
                       const std::vector<Level>& asks);
std::string order_json(const std::string& symbol, const std::string& client_id,
                       const std::string& status, const char* executed);

// exchangeInfo's line of a symbol with price steps of 0.01 and quantity steps of 0.0001.
std::string symbol_json(const std::string& symbol);

venue::VenueOptions options_for(const FakeVenue& venue, std::vector<std::string> symbols);

}  // namespace levi::test
