// Forward: an HTTP CONNECT proxy in front of the proxies: a client with an `httpsProxy` setting
// gets TCP faults without a change of its URLs or certificates.
//
// CONNECT host:port goes to the proxy whose upstream is just that; where the client names an
// address, the name in its TLS ClientHello (SNI) is looked at too; a client that says nothing
// within kHelloPatience waits for the server to speak first. What no proxy stands for goes straight
// to where it was meant. On the loop's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "chaos/proxy/proxies.h"
#include "core/os/fd.h"
#include "core/os/socket.h"

namespace levi::proxy {

// The server name of a TLS ClientHello. `whole` is false while more bytes could still bring one.
struct ClientHello {
  bool whole = false;
  std::string server_name;
};
ClientHello read_client_hello(std::string_view bytes);

class Forward {
 public:
  static constexpr Nanos kHelloPatience = 1s;
  static constexpr std::size_t kWaitingMax = 1024;
  static constexpr std::size_t kDirectMax = 1024;

  Forward(Runtime& runtime, Proxies& proxies) : runtime_(runtime), proxies_(proxies) {}
  ~Forward();
  Forward(const Forward&) = delete;
  Forward& operator=(const Forward&) = delete;

  Status listen(const os::Endpoint& endpoint);
  std::uint16_t port() const { return port_; }
  void stop_accepting();
  std::size_t connection_count() const;  // of tunnels that go straight through

 private:
  // A client whose tunnel does not stand yet.
  struct Waiting {
    os::Fd fd;
    std::string head;
    std::string target;          // once the head is there: only the ClientHello is missing
    std::size_t hello_seen = 0;  // bytes of it
    os::Loop::TimerId deadline = 0;
  };

  void accept_waiting();
  void pause_accepting();
  void on_ready(std::uint64_t id);
  void on_head(std::uint64_t id, Waiting& waiting);
  void await_hello(std::uint64_t id, Waiting& waiting, const std::string& target);
  void on_hello(std::uint64_t id, Waiting& waiting);
  void hand_over(std::uint64_t id, Proxy& proxy, bool greet);
  void refuse(std::uint64_t id, std::string_view answer);
  os::Fd take(std::uint64_t id);
  Proxy* find_proxy(std::string_view target);
  Proxy* direct(const std::string& target);

  Runtime& runtime_;
  Proxies& proxies_;
  os::Fd listener_;
  os::Loop::TimerId accept_pause_ = 0;
  std::uint16_t port_ = 0;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::map<std::string, std::unique_ptr<Proxy>> direct_;  // never listed, never with toxics
};

}  // namespace levi::proxy
