#include "tests/venue/fake_venue.h"

#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/os/clock.h"
#include "tests/venue/support.h"

namespace levi::test {

using nlohmann::json;

FakeVenue::FakeVenue(os::Loop& loop)
    : server_(loop, {},
              [this](os::HttpRequest request, Reply reply) { handle(std::move(request), reply); }) {
  LEVI_CHECK(server_.listen({"127.0.0.1", 0, ""}));
  port_ = server_.port();
  server_.on_connection_closed([this](std::uint64_t connection) { ended.push_back(connection); });
  on("GET /time", [this](const auto&, const Reply& reply) {
    send(reply, 200, "{\"serverTime\":" + std::to_string(server_ms()) + "}");
  });
  answer("GET /ping", 200, "{}");
  answer("GET /account", 200, "{\"canTrade\":true,\"balances\":[]}");
  answer("POST /userDataStream", 200, R"({"listenKey":"key1"})");
  answer("PUT /userDataStream", 200, R"({"listenKey":"key1"})");
  answer("DELETE /userDataStream", 200, R"({"listenKey":"key1"})");
}

os::Endpoint FakeVenue::endpoint() const { return {"127.0.0.1", port_, ""}; }

void FakeVenue::listen_again() { LEVI_CHECK(server_.listen(endpoint())); }

std::int64_t FakeVenue::server_ms() const {
  return clock_held_ms != 0 ? clock_held_ms : os::wall_now().ns / 1'000'000 + clock_ahead_ms;
}

void FakeVenue::send(const Reply& reply, int status, const std::string& body) {
  os::HttpResponse response;
  response.status = status;
  response.body = body;
  reply->send(response);
}

void FakeVenue::answer(const std::string& route, int status, const std::string& body) {
  on(route, [status, body](const auto&, const Reply& reply) { send(reply, status, body); });
}

void FakeVenue::handle(os::HttpRequest request, const Reply& reply) {
  std::string path(request.path());
  if (path == "/ws") return upgrade(request, reply);
  if (path.rfind("/api/v3", 0) == 0) path.erase(0, 7);
  const std::string route = request.method + " " + path;
  asked_[route].push_back(request);
  const auto handler = handlers_.find(route);
  if (handler == handlers_.end()) return send(reply, 404, R"({"code":404,"msg":"no script"})");
  const Handler keep = handler->second;  // it may replace itself
  keep(request, reply);
}

void FakeVenue::upgrade(const os::HttpRequest& request, const Reply& reply) {
  auto socket = std::make_shared<VenueSocket>();
  socket->target = request.target;
  socket->connection = reply->upgrade();
  if (!socket->connection) return;
  sockets.push_back(socket);
  const std::weak_ptr<VenueSocket> weak = socket;
  socket->connection->on_message([this, weak](bool, std::string_view text) {
    if (const auto self = weak.lock()) on_text(*self, std::string(text));
  });
  socket->connection->on_close([weak](const os::WsClosed&) {
    if (const auto self = weak.lock()) self->closed = true;
  });
}

void FakeVenue::on_text(VenueSocket& socket, const std::string& text) {
  socket.texts.push_back(text);
  const auto body = json::parse(text, nullptr, false);
  if (!body.is_object()) return;
  const std::string method = body.value("method", "");
  if (method == "PING" || method == "ping") {
    if (confirms) socket.connection->send(false, R"({"id":0,"code":0,"msg":"PONG"})");
    return;
  }
  const std::string channel = body["params"][0];
  if (!confirms || (!confirms_subscriptions && method == "SUBSCRIPTION")) return;
  socket.connection->send(false, json{{"id", 0}, {"code", 0}, {"msg", channel}}.dump());
  if (method != "SUBSCRIPTION") return;
  socket.channels.insert(channel);
  if (on_subscribed) on_subscribed(socket, channel);
}

std::vector<std::shared_ptr<VenueSocket>> FakeVenue::open_sockets(bool is_private) const {
  std::vector<std::shared_ptr<VenueSocket>> found;
  for (const auto& socket : sockets) {
    if (!socket->closed && socket->is_private() == is_private) found.push_back(socket);
  }
  return found;
}

void FakeVenue::push(VenueSocket& socket, const mexc::pb::PushDataV3ApiWrapper& push) {
  socket.connection->send(true, push.SerializeAsString());
}

std::string depth_channel(const std::string& symbol) {
  return "spot@public.aggre.depth.v3.api.pb@10ms@" + symbol;
}

mexc::pb::PushDataV3ApiWrapper depth_push(const std::string& symbol, std::uint64_t from,
                                          std::uint64_t to, const std::vector<Level>& bids,
                                          const std::vector<Level>& asks) {
  mexc::pb::PushDataV3ApiWrapper push;
  push.set_channel(depth_channel(symbol));
  push.set_symbol(symbol);
  auto& depth = *push.mutable_publicaggredepths();
  depth.set_fromversion(std::to_string(from));
  depth.set_toversion(std::to_string(to));
  for (const Level& level : bids) {
    auto& item = *depth.add_bids();
    item.set_price(level.price);
    item.set_quantity(level.quantity);
  }
  for (const Level& level : asks) {
    auto& item = *depth.add_asks();
    item.set_price(level.price);
    item.set_quantity(level.quantity);
  }
  return push;
}

mexc::pb::PushDataV3ApiWrapper deal_push(const std::string& symbol, const std::string& id,
                                         const char* price, const char* quantity, int type) {
  mexc::pb::PushDataV3ApiWrapper push;
  push.set_channel("spot@public.aggre.deals.v3.api.pb@10ms@" + symbol);
  push.set_symbol(symbol);
  auto& item = *push.mutable_publicaggredeals()->add_deals();
  item.set_price(price);
  item.set_quantity(quantity);
  item.set_tradetype(type);
  item.set_tradeid(id);
  return push;
}

mexc::pb::PushDataV3ApiWrapper order_push(const std::string& symbol, const std::string& client_id,
                                          int status, const char* executed) {
  mexc::pb::PushDataV3ApiWrapper push;
  push.set_channel("spot@private.orders.v3.api.pb");
  push.set_symbol(symbol);
  auto& order = *push.mutable_privateorders();
  order.set_id("C02__" + client_id.substr(client_id.size() - 6));
  order.set_clientid(client_id);
  order.set_price("100.00");
  order.set_quantity("1.0000");
  order.set_ordertype(1);
  order.set_tradetype(1);
  order.set_cumulativequantity(executed);
  order.set_status(status);
  return push;
}

mexc::pb::PushDataV3ApiWrapper fill_push(const std::string& symbol, const std::string& client_id,
                                         const std::string& trade, const char* quantity) {
  mexc::pb::PushDataV3ApiWrapper push;
  push.set_channel("spot@private.deals.v3.api.pb");
  push.set_symbol(symbol);
  auto& deal = *push.mutable_privatedeals();
  deal.set_price("100.00");
  deal.set_quantity(quantity);
  deal.set_tradetype(1);
  deal.set_ismaker(true);
  deal.set_tradeid(trade);
  deal.set_clientorderid(client_id);
  deal.set_orderid("C02__" + client_id.substr(client_id.size() - 6));
  deal.set_feeamount("0.01");
  deal.set_feecurrency("USDT");
  return push;
}

namespace {

json levels_json(const std::vector<Level>& levels) {
  json list = json::array();
  for (const Level& level : levels) list.push_back({level.price, level.quantity});
  return list;
}

}  // namespace

std::string depth_json(std::uint64_t version, const std::vector<Level>& bids,
                       const std::vector<Level>& asks) {
  return json{{"lastUpdateId", version}, {"bids", levels_json(bids)}, {"asks", levels_json(asks)}}
      .dump();
}

std::string order_json(const std::string& symbol, const std::string& client_id,
                       const std::string& status, const char* executed) {
  return json{{"symbol", symbol},
              {"orderId", "C02__" + client_id.substr(client_id.size() - 6)},
              {"clientOrderId", client_id},
              {"price", "100.00"},
              {"origQty", "1.0000"},
              {"executedQty", executed},
              {"status", status},
              {"type", "LIMIT"},
              {"side", "BUY"}}
      .dump();
}

std::string symbol_json(const std::string& symbol) {
  return json{{"symbol", symbol},
              {"status", "1"},
              {"baseAsset", symbol.substr(0, symbol.size() - 4)},
              {"baseAssetPrecision", 4},
              {"quoteAsset", "USDT"},
              {"quotePrecision", 2},
              {"quoteAssetPrecision", 2},
              {"orderTypes", {"LIMIT", "MARKET"}},
              {"isSpotTradingAllowed", true},
              {"baseSizePrecision", "0.0001"},
              {"quoteAmountPrecision", "1"},
              {"tradeSideType", 1}}
      .dump();
}

venue::VenueOptions options_for(const FakeVenue& venue, std::vector<std::string> symbols) {
  venue::VenueOptions options;
  options.rest = venue.endpoint();
  options.websocket = venue.endpoint();
  options.gateway.rest = venue.endpoint();
  options.gateway.credentials = {kKey, kSecret};
  options.gateway.instance = "abcdefg";
  options.gateway.incarnation = {7};
  options.gateway.order_connections = 2;
  options.gateway.recv_window = 200ms;
  // On a busy machine this process may stand still between any two steps: a limit that a test is
  // not about is out of reach.
  options.gateway.answer_timeout = kWaitMax;
  options.gateway.connect_timeout = kWaitMax;
  options.data_age_max = 1h;
  options.symbols = std::move(symbols);
  options.jitter_seed = 1;
  options.depth_levels_max = 100;
  return options;
}

}  // namespace levi::test
