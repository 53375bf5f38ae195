// A levi-proxy over real sockets, its client and its upstream, all on one loop: nothing moves but
// while the loop is pumped, and every wait has a deadline.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "chaos/proxy/server.h"
#include "tests/os/support.h"

namespace levi::proxy {

// The upstream's side of one connection, or a client: raw bytes.
class Peer {
 public:
  Peer() = default;
  explicit Peer(os::Fd fd) : fd_(std::move(fd)) {}

  void send(os::Loop& loop, std::string_view bytes) {
    while (!bytes.empty()) {
      const os::Moved moved = os::send_some(fd_.get(), bytes.data(), bytes.size());
      if (moved.failed) return;
      bytes.remove_prefix(moved.bytes);
      if (moved.again) loop.run_once(1ms);
    }
  }
  const std::string& received() {
    char bytes[64 * 1024];
    while (fd_ && !ended_) {
      const os::Moved moved = os::receive_some(fd_.get(), bytes, sizeof bytes);
      if (moved.again) break;
      ended_ = moved.closed || moved.failed;
      reset_ = moved.failed;
      received_.append(bytes, moved.bytes);
    }
    return received_;
  }
  bool ended() {
    received();
    return ended_;
  }
  bool was_reset() {
    received();
    return reset_;
  }
  std::size_t size() const { return received_.size(); }  // of what was taken so far
  void forget() { received_.clear(); }
  void end_sending() { os::end_sending(fd_.get()); }
  void reset() { os::close_with_reset(std::move(fd_)); }
  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }

 private:
  os::Fd fd_;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

class SocketRig {
 public:
  explicit SocketRig(std::uint64_t seed = 42, bool compat = false,
                     const std::string& upstream = "127.0.0.1:0",
                     const std::string& listen = "localhost:0")
      : server(loop, seed, compat) {
    auto endpoint = os::parse_endpoint(upstream);
    auto listener = os::listen_on(endpoint.value());
    EXPECT_TRUE(listener) << (listener ? "" : listener.error().text());
    listener_ = std::move(listener).value();
    if (!endpoint.value().is_unix()) {
      endpoint.value().port = os::local_port(listener_.get()).value();
    }
    upstream_ = endpoint.value().text();
    call("POST", "/proxies",
         R"({"name":"p","listen":")" + listen + R"(","upstream":")" + upstream_ + "\"}");
  }

  os::HttpResponse call(const std::string& method, const std::string& target,
                        const std::string& body = {}) {
    const os::HttpResponse response = server.api.answer({method, target, {}, body});
    EXPECT_LT(response.status, 300) << method << ' ' << target << ": " << response.body;
    return response;
  }
  void add(const std::string& json) { call("POST", "/proxies/p/toxics", json); }
  void update(const std::string& name, const std::string& json) {
    call("POST", "/proxies/p/toxics/" + name, json);
  }
  void remove(const std::string& name) { call("DELETE", "/proxies/p/toxics/" + name); }
  Proxy& proxy() { return *server.proxies.find("p").value(); }

  Peer connect() {
    const auto endpoint = os::parse_endpoint(proxy().listen());
    auto fd = os::connect_blocking(endpoint.value(), os::kDeadline);
    EXPECT_TRUE(fd) << (fd ? "" : fd.error().text());
    return Peer(std::move(fd).value());
  }
  Peer accept() {
    Peer peer;
    EXPECT_TRUE(os::pump(loop, [&] {
      os::Accepted accepted = os::accept_now(listener_.get());
      if (accepted.fd) peer = Peer(std::move(accepted.fd));
      return static_cast<bool>(peer);
    }));
    return peer;
  }
  // A client and its upstream, joined.
  void join(Peer& client, Peer& upstream) {
    client = connect();
    upstream = accept();
    client.send(loop, "?");
    EXPECT_TRUE(until([&] { return upstream.received() == "?"; }));
    upstream.forget();
  }

  bool until(const std::function<bool()>& reached) { return os::pump(loop, reached); }
  bool gets(Peer& peer, const std::string& bytes) {
    const bool came = until([&] { return peer.received().size() >= bytes.size() || peer.ended(); });
    EXPECT_EQ(peer.received(), bytes);
    return came && peer.received() == bytes;
  }
  bool ends(Peer& peer) {
    return until([&] { return peer.ended(); });
  }
  void stop_upstream() { listener_.reset(); }
  const std::string& upstream_address() const { return upstream_; }

  os::Loop loop;
  Server server;

 private:
  os::Fd listener_;
  std::string upstream_;
};

}  // namespace levi::proxy
