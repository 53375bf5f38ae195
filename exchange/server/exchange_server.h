// ExchangeServer: the venue on its sockets. Two HTTP servers on one loop: the venue's own (REST and
// /ws) and the admin port, both on loopback only.
//
// One thread, the loop's. It is the only part that reads clocks: every request, tick and connection
// is stamped here, before the venue sees it. Destroyed, it closes everything; the ledger file is
// flushed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/os/websocket.h"
#include "exchange/admin/admin_api.h"
#include "exchange/server/options.h"

namespace levi::exchange {

class ExchangeServer : private ExchangeHost {
 public:
  ExchangeServer(os::Loop& loop, const ExchangeOptions& options);
  ~ExchangeServer() override;
  ExchangeServer(const ExchangeServer&) = delete;
  ExchangeServer& operator=(const ExchangeServer&) = delete;

  Status start();
  std::uint16_t port() const { return server_.port(); }
  std::uint16_t admin_port() const { return admin_server_.port(); }
  const Venue& venue() const { return venue_; }

 private:
  struct Connection;

  std::vector<ConnectionInfo> connections() const override;
  void reset_connection(ConnectionOrdinal connection) override;
  void freeze_connection(ConnectionOrdinal connection, bool frozen) override;
  Status refuse_connects(bool refuse) override;
  FlowPace pace(const FlowPace* wanted) override;

  Status open_accounts();
  void arrive(ConnectionOrdinal connection);
  void on_opened(std::uint64_t ordinal);
  void on_closed(std::uint64_t ordinal);
  void on_request(os::HttpRequest request, std::shared_ptr<os::HttpReply> reply);
  void on_admin_request(const os::HttpRequest& request, os::HttpReply& reply);
  void serve_rest(const os::HttpRequest& request, const std::shared_ptr<os::HttpReply>& reply,
                  Connection& connection);
  void answer(const os::HttpRequest& request, const std::shared_ptr<os::HttpReply>& reply,
              RestAnswer& rest);
  void serve_upgrade(const os::HttpRequest& request, const std::shared_ptr<os::HttpReply>& reply,
                     Connection& connection);
  bool is_listen_key_usable(const std::string& key, AccountId& account);
  void on_tick();
  void run_flow();
  void close_expired_streams();
  void write_ledger(const LedgerEntry& entry);
  void flush_ledger();

  os::Loop& loop_;
  ExchangeOptions options_;
  Venue venue_;
  Faults faults_;
  PushHub hub_;
  KeyRing keys_;
  UserStreams streams_;
  RestApi rest_;
  AdminApi admin_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::optional<LedgerFile> ledger_file_;
  std::string ledger_line_;
  MonoTime next_tick_;
  MonoTime last_flow_;
  double owed_events_ = 0;  // per symbol: pacing only, no balance depends on it
  std::uint64_t ticks_ = 0;
  os::Loop::TimerId timer_ = 0;
  os::HttpServer server_;  // last: their handlers use what stands above
  os::HttpServer admin_server_;
};

}  // namespace levi::exchange
