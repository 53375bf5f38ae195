#include "exchange/server/exchange_server.h"

#include <algorithm>
#include <iostream>

#include "core/os/clock.h"
#include "exchange/ledger/ledger_json.h"

namespace levi::exchange {
namespace {

constexpr Nanos kTick{5'000'000};  // the flow's; the hub ticks at every second one
constexpr int kTicksPerSecond = 200;
constexpr Nanos kFlowCatchUpMax{1'000'000'000};
constexpr std::size_t kListenKeyLength = 64;

os::HttpLimits venue_limits() {
  os::HttpLimits limits;
  limits.connections_max = 4096;
  limits.idle_max = 300s;
  limits.websocket_message_bytes_max = 64 * 1024;
  return limits;
}

// Order ids rise from start to start: milliseconds times a million leave room for a million orders
// per millisecond of uptime before two starts could meet.
EngineOptions engine_options() {
  EngineOptions options;
  const auto start = static_cast<std::uint64_t>(os::wall_now().ns / 1'000'000);
  options.first_order_id = start * 1'000'000 + 1;
  options.first_trade = options.first_order_id;
  return options;
}

VenueOptions venue_options(const ExchangeOptions& options) {
  VenueOptions venue;
  venue.symbols = options.symbols;
  venue.seed = options.seed;
  venue.engine = engine_options();
  venue.ledger_entries_max = options.ledger_entries_max;
  return venue;
}

std::string_view without_port(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

}  // namespace

struct ExchangeServer::Connection : PushSocket {
  ConnectionOrdinal ordinal;
  ConnectionKind kind = ConnectionKind::kRest;
  std::string peer;
  MonoTime opened;
  MonoTime last_received;
  std::uint64_t requests = 0;
  std::uint64_t orders = 0;
  bool frozen = false;
  std::string listen_key;
  std::shared_ptr<os::WebSocketConnection> socket;
  // A request that a half-open connection swallowed: neither executed nor answered.
  std::shared_ptr<os::HttpReply> swallowed;

  // Closing may end this object and with it the last hold on the socket: one is kept for the call.
  bool send(bool binary, std::string_view payload) override {
    return socket->send(binary, payload);
  }
  void close(std::uint16_t code, std::string_view reason) override {
    const auto keep = socket;
    keep->close(code, reason);
  }
  void reset() override {
    const auto keep = socket;
    keep->reset();
  }
};

ExchangeServer::ExchangeServer(os::Loop& loop, const ExchangeOptions& options)
    : loop_(loop),
      options_(options),
      venue_(venue_options(options)),
      faults_(venue_, *this),
      hub_(venue_, faults_, {options.rest.limits}),
      streams_([] { return os::random_text(kListenKeyLength); }),
      rest_(venue_, keys_, streams_, options.rest),
      admin_(venue_, hub_, faults_, *this, os::boot_id()),
      server_(loop, venue_limits(),
              [this](os::HttpRequest request, std::shared_ptr<os::HttpReply> reply) {
                on_request(std::move(request), std::move(reply));
              }),
      admin_server_(loop, {},
                    [this](os::HttpRequest request, const std::shared_ptr<os::HttpReply>& reply) {
                      on_admin_request(request, *reply);
                    }) {}

ExchangeServer::~ExchangeServer() {
  loop_.cancel(timer_);
  flush_ledger();
}

Status ExchangeServer::start() {
  LEVI_TRY_STATUS(open_accounts());
  if (!options_.ledger_path.empty()) {
    LEVI_TRY(file, LedgerFile::open(options_.ledger_path));
    ledger_file_.emplace(std::move(file));
    venue_.on_recorded([this](const LedgerEntry& entry) { write_ledger(entry); });
  }
  arrive({});
  venue_.warm_up();
  venue_.observe(&hub_);
  server_.on_connection_opened([this](std::uint64_t ordinal) { on_opened(ordinal); });
  server_.on_connection_closed([this](std::uint64_t ordinal) { on_closed(ordinal); });
  LEVI_TRY_STATUS(server_.listen({"127.0.0.1", options_.port, {}}));
  LEVI_TRY_STATUS(admin_server_.listen({"127.0.0.1", options_.admin_port, {}}));
  loop_.each_round([this] { hub_.flush_private(os::mono_now()); });
  next_tick_ = last_flow_ = os::mono_now();
  on_tick();
  return ok();
}

Status ExchangeServer::open_accounts() {
  std::map<std::string, AccountId> by_name;
  for (const KeySpec& key : options_.keys) {
    if (!by_name.contains(key.name)) by_name[key.name] = venue_.open_account(key.name);
    const AccountId account = by_name[key.name];
    for (const StartingBalance& balance : key.balances)
      venue_.deposit(account, balance.asset, balance.amount);
    LEVI_TRY_STATUS(keys_.add(key, account));
  }
  return ok();
}

void ExchangeServer::arrive(ConnectionOrdinal connection) {
  venue_.arrive({connection, os::mono_now(), os::wall_now()});
}

void ExchangeServer::on_opened(std::uint64_t ordinal) {
  arrive({ordinal});
  auto connection = std::make_unique<Connection>();
  connection->ordinal = {ordinal};
  connection->opened = connection->last_received = venue_.origin().mono;
  connections_[ordinal] = std::move(connection);
  LedgerEntry entry;
  entry.kind = EntryKind::kOpen;
  venue_.record(entry);
  faults_.freezes_new({ordinal}, ConnectionKind::kRest, false);
}

void ExchangeServer::on_closed(std::uint64_t ordinal) {
  arrive({ordinal});
  LedgerEntry entry;
  entry.kind = EntryKind::kEnd;
  venue_.record(entry);
  hub_.closed({ordinal});
  connections_.erase(ordinal);
}

void ExchangeServer::on_request(os::HttpRequest request, std::shared_ptr<os::HttpReply> reply) {
  const ConnectionOrdinal ordinal{reply->connection()};
  const auto found = connections_.find(ordinal.value);
  if (found == connections_.end())
    return reply->reset();  // Opened before anything is watched: can't be.
  Connection& connection = *found->second;
  arrive(ordinal);
  connection.last_received = venue_.origin().mono;
  if (connection.peer.empty()) connection.peer = reply->peer();
  const bool first = ++connection.requests == 1;
  const bool upgrade = request.path() == "/ws";
  const ConnectionKind kind = !upgrade                         ? ConnectionKind::kRest
                              : request.parameter("listenKey") ? ConnectionKind::kPrivate
                                                               : ConnectionKind::kPublic;
  if (first && faults_.freezes_new(ordinal, kind, true)) {
    connection.swallowed = std::move(reply);
    return;
  }
  if (upgrade) {
    serve_upgrade(request, reply, connection);
  } else {
    serve_rest(request, reply, connection);
  }
}

void ExchangeServer::serve_rest(const os::HttpRequest& request,
                                const std::shared_ptr<os::HttpReply>& reply,
                                Connection& connection) {
  if (request.method == "POST" &&
      (request.path() == "/api/v3/order" || request.path() == "/api/v3/batchOrders")) {
    ++connection.orders;
  }
  RestRequest rest;
  rest.method = request.method;
  rest.path = request.path();
  rest.query = request.query();
  rest.body = request.body;
  rest.api_key = request.header("X-MEXC-APIKEY");
  rest.address = without_port(connection.peer);
  RestAnswer given;
  rest_.handle(rest, given);
  answer(request, reply, given);
}

void ExchangeServer::answer(const os::HttpRequest& request,
                            const std::shared_ptr<os::HttpReply>& reply, RestAnswer& rest) {
  if (faults_.loses_answer(request.method, request.path(),
                           rest_.parameters().text("newClientOrderId"))) {
    return reply->reset();
  }
  os::HttpResponse response;
  response.status = rest.http_status;
  response.body = std::move(rest.body);
  if (rest.retry_after_s > 0)
    response.headers.emplace_back("Retry-After", std::to_string(rest.retry_after_s));
  const Nanos delay = options_.latency + faults_.latency(request.method, request.path());
  if (delay.count() == 0) return reply->send(response);
  loop_.after(delay, [reply, response = std::move(response)] { reply->send(response); });
}

void ExchangeServer::serve_upgrade(const os::HttpRequest& request,
                                   const std::shared_ptr<os::HttpReply>& reply,
                                   Connection& connection) {
  const auto key = request.parameter("listenKey");
  AccountId account = kNoAccount;
  const bool usable = !key || is_listen_key_usable(*key, account);
  const std::shared_ptr<os::WebSocketConnection> socket = reply->upgrade();
  if (!socket) return;
  if (!usable) {
    socket->send(false, "Invalid listen key");
    socket->close(os::kWsNormal, "invalid listen key");
    return;
  }
  connection.socket = socket;
  connection.kind = key ? ConnectionKind::kPrivate : ConnectionKind::kPublic;
  connection.listen_key = key.value_or("");
  hub_.open(connection.ordinal, account, connection, venue_.origin().mono);
  socket->on_message([this, ordinal = connection.ordinal](bool binary, std::string_view payload) {
    arrive(ordinal);
    const auto found = connections_.find(ordinal.value);
    if (found == connections_.end()) return;
    found->second->last_received = venue_.origin().mono;
    hub_.message(ordinal, binary, payload, venue_.origin().mono);
  });
}

bool ExchangeServer::is_listen_key_usable(const std::string& key, AccountId& account) {
  const auto owner = streams_.find(key, venue_.origin().mono);
  if (!owner) return false;
  account = *owner;
  const auto sockets =
      std::count_if(connections_.begin(), connections_.end(),
                    [&](const auto& entry) { return entry.second->listen_key == key; });
  return sockets < UserStreams::kSocketsPerKey;
}

void ExchangeServer::on_admin_request(const os::HttpRequest& request, os::HttpReply& reply) {
  arrive({});
  AdminAnswer given = admin_.handle(request.method, request.path(), request.query(), request.body);
  os::HttpResponse response;
  response.status = given.http_status;
  response.body = std::move(given.body);
  reply.send(response);
}

void ExchangeServer::on_tick() {
  arrive({});
  run_flow();
  ++ticks_;
  if (ticks_ % 2 == 0) {
    hub_.tick(venue_.origin().mono);
    flush_ledger();
  }
  if (ticks_ % (kTicksPerSecond / 10) == 0) faults_.expire(venue_.origin().mono);
  if (ticks_ % kTicksPerSecond == 0) close_expired_streams();
  // After a pause (a stopped process, a busy machine) it goes on from now: ticks are not made up
  // for.
  next_tick_ = std::max(next_tick_ + kTick, os::mono_now());
  timer_ = loop_.at(next_tick_, [this] { on_tick(); });
}

void ExchangeServer::run_flow() {
  const MonoTime now = venue_.origin().mono;
  const Nanos elapsed = std::min(now - last_flow_, kFlowCatchUpMax);
  last_flow_ = now;
  if (options_.pace.paused) return;
  owed_events_ += std::chrono::duration<double>(elapsed).count() * options_.pace.events_per_second;
  for (; owed_events_ >= 1; owed_events_ -= 1) {
    for (std::uint16_t i = 0; i < options_.symbols.size(); ++i) venue_.step_flow(SymbolId{i});
  }
}

void ExchangeServer::close_expired_streams() {
  for (const auto& [ordinal, connection] : connections_) {
    const bool over = connection->kind == ConnectionKind::kPrivate && !connection->frozen &&
                      !streams_.find(connection->listen_key, venue_.origin().mono);
    if (over) connection->socket->close(os::kWsNormal, "listen key expired");
  }
}

void ExchangeServer::flush_ledger() {
  if (!ledger_file_) return;
  const Status written = ledger_file_->flush();
  if (written) return;
  std::cerr << "levi-exchange: " << written.error().text()
            << "; the ledger file ends here, the admin port has it all\n";
  ledger_file_.reset();
}

void ExchangeServer::write_ledger(const LedgerEntry& entry) {
  if (!ledger_file_) return;
  ledger_line_.clear();
  append_entry(ledger_line_, entry, venue_.engine());
  ledger_file_->add(ledger_line_);
}

std::vector<ConnectionInfo> ExchangeServer::connections() const {
  std::vector<ConnectionInfo> all;
  all.reserve(connections_.size());
  for (const auto& [ordinal, connection] : connections_) {
    all.push_back({connection->ordinal, connection->kind, connection->peer, connection->opened,
                   connection->last_received, connection->orders, connection->frozen});
  }
  return all;
}

void ExchangeServer::reset_connection(ConnectionOrdinal connection) {
  server_.close_connection(connection.value, true);
}

void ExchangeServer::freeze_connection(ConnectionOrdinal ordinal, bool frozen) {
  const auto found = connections_.find(ordinal.value);
  if (found == connections_.end() || found->second->frozen == frozen) return;
  Connection& connection = *found->second;
  connection.frozen = frozen;
  if (!frozen && connection.swallowed) return server_.close_connection(ordinal.value, true);
  server_.freeze_connection(ordinal.value, frozen);
  hub_.freeze(ordinal, frozen);  // Last: it may reset the connection.
}

Status ExchangeServer::refuse_connects(bool refuse) {
  if (!refuse) return server_.listen({"127.0.0.1", server_.port(), {}});
  server_.stop_listening();
  return ok();
}

FlowPace ExchangeServer::pace(const FlowPace* wanted) {
  if (wanted != nullptr) options_.pace = *wanted;
  return options_.pace;
}

}  // namespace levi::exchange
