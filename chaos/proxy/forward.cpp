#include "chaos/proxy/forward.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/os/clock.h"
#include "core/os/http_text.h"
#include "core/os/resolver.h"

namespace levi::proxy {
namespace {

constexpr std::size_t kHeadMax = 16 * 1024;
constexpr std::size_t kHelloMax = 16 * 1024;
constexpr Nanos kPatience = 15s;
constexpr Nanos kAcceptPause = 20ms;
constexpr std::string_view kGreeting = "HTTP/1.1 200 Connection established\r\n\r\n";
constexpr std::string_view kBadRequest =
    "HTTP/1.1 405 Only CONNECT\r\nAllow: CONNECT\r\nContent-Length: 0\r\nConnection: "
    "close\r\n\r\n";
constexpr std::string_view kDisabled =
    "HTTP/1.1 502 The proxy is disabled\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

// Big-endian numbers of a TLS handshake; past the end they are 0 and `whole` turns false.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
  std::size_t number(std::size_t size) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = value << 8 | (at_ < bytes_.size() ? static_cast<unsigned char>(bytes_[at_]) : 0u);
      ++at_;
    }
    return value;
  }
  void skip(std::size_t size) { at_ += std::min(size, bytes_.size() + 1); }
  std::string_view text(std::size_t size) {
    const std::string_view part =
        at_ <= bytes_.size() ? bytes_.substr(at_, size) : std::string_view();
    at_ += size;
    return part;
  }
  bool whole() const { return at_ <= bytes_.size(); }
  std::size_t at() const { return at_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

std::string server_name_of(Cursor& hello, std::size_t end) {
  while (hello.whole() && hello.at() + 4 <= end) {
    const std::size_t kind = hello.number(2);
    const std::size_t size = hello.number(2);
    if (kind != 0) {
      hello.skip(size);
      continue;
    }
    hello.skip(3);  // the list's length and the kind of name: host_name is the only one
    const std::size_t length = hello.number(2);
    return std::string(hello.text(length));
  }
  return {};
}

bool is_address(const std::string& target) {
  return target.starts_with('[') || os::resolves_at_once(target);
}

}  // namespace

ClientHello read_client_hello(std::string_view bytes) {
  constexpr std::size_t kHandshake = 0x16;
  constexpr std::size_t kClientHello = 1;
  Cursor hello(bytes);
  const std::size_t record = hello.number(1);
  if (!bytes.empty() && record != kHandshake) return {.whole = true, .server_name = {}};
  hello.skip(2);
  const std::size_t record_size = hello.number(2);
  if (!hello.whole() || bytes.size() < 5 + record_size) return {};
  if (hello.number(1) != kClientHello) return {.whole = true, .server_name = {}};
  hello.skip(3 + 2 + 32);  // length, version, random
  hello.skip(hello.number(1));
  hello.skip(hello.number(2));
  hello.skip(hello.number(1));
  const std::size_t extensions = hello.number(2);
  ClientHello result{.whole = true, .server_name = {}};
  if (hello.whole()) result.server_name = server_name_of(hello, hello.at() + extensions);
  return result;
}

Forward::~Forward() {
  stop_accepting();
  for (auto& [id, waiting] : waiting_) {
    runtime_.loop.cancel(waiting.deadline);
    runtime_.loop.unwatch(waiting.fd.get());
  }
}

Status Forward::listen(const os::Endpoint& endpoint) {
  LEVI_TRY_ASSIGN(listener_, os::listen_on(endpoint));
  LEVI_TRY_ASSIGN(port_, os::local_port(listener_.get()));
  runtime_.loop.watch(listener_.get(), os::kReadable, [this](std::uint32_t) { accept_waiting(); });
  return ok();
}

void Forward::stop_accepting() {
  if (!listener_) return;
  runtime_.loop.cancel(accept_pause_);
  runtime_.loop.unwatch(listener_.get());
  listener_.reset();
}

std::size_t Forward::connection_count() const {
  std::size_t count = 0;
  for (const auto& [target, proxy] : direct_) count += proxy->connection_count();
  return count;
}

// As Proxy's: a level-triggered accept that fails for want of descriptors would spin.
void Forward::pause_accepting() {
  runtime_.loop.change(listener_.get(), 0);
  accept_pause_ = runtime_.loop.after(kAcceptPause, [this] {
    if (listener_) runtime_.loop.change(listener_.get(), os::kReadable);
  });
}

void Forward::accept_waiting() {
  os::Accepted accepted = os::accept_now(listener_.get());
  if (accepted.no_descriptors) pause_accepting();
  if (!accepted.fd) return;
  if (waiting_.size() >= kWaitingMax) {
    os::close_with_reset(std::move(accepted.fd));
    return;
  }
  const std::uint64_t id = ++last_id_;
  Waiting& waiting = waiting_[id];
  waiting.fd = std::move(accepted.fd);
  waiting.deadline = runtime_.loop.after(kPatience, [this, id] { refuse(id, {}); });
  runtime_.loop.watch(waiting.fd.get(), os::kReadable, [this, id](std::uint32_t) { on_ready(id); });
}

// Bytes are looked at before they are taken: what follows the head belongs to the tunnel.
void Forward::on_ready(std::uint64_t id) {
  Waiting& waiting = waiting_.at(id);
  char bytes[kHeadMax];
  const ssize_t seen = ::recv(waiting.fd.get(), bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
  if (seen < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (seen <= 0) {
    refuse(id, {});
    return;
  }
  if (!waiting.target.empty()) {
    on_hello(id, waiting);
    return;
  }
  const std::size_t before = waiting.head.size();
  waiting.head.append(bytes, static_cast<std::size_t>(seen));
  const std::size_t end = waiting.head.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end != std::string::npos) waiting.head.resize(end + 4);
  (void)::recv(waiting.fd.get(), bytes, waiting.head.size() - before, MSG_DONTWAIT);
  if (end != std::string::npos) {
    on_head(id, waiting);
  } else if (waiting.head.size() > kHeadMax) {
    refuse(id, kBadRequest);
  }
}

void Forward::on_head(std::uint64_t id, Waiting& waiting) {
  constexpr std::string_view kConnect = "CONNECT ";
  const std::size_t end = waiting.head.find(' ', kConnect.size());
  const std::string target =
      end == std::string::npos ? std::string() : waiting.head.substr(8, end - kConnect.size());
  if (!waiting.head.starts_with(kConnect) || target.rfind(':') == std::string::npos) {
    refuse(id, kBadRequest);
    return;
  }
  if (Proxy* const proxy = find_proxy(target)) {
    hand_over(id, *proxy, true);
  } else if (is_address(target)) {
    await_hello(id, waiting, target);
  } else {
    hand_over(id, *direct(target), true);
  }
}

// Whose address it is, the ClientHello may tell, and that comes only behind our greeting.
void Forward::await_hello(std::uint64_t id, Waiting& waiting, const std::string& target) {
  waiting.target = target;
  (void)os::send_some(waiting.fd.get(), kGreeting.data(), kGreeting.size());
  runtime_.loop.cancel(waiting.deadline);
  waiting.deadline = runtime_.loop.after(
      kHelloPatience, [this, id] { hand_over(id, *direct(waiting_.at(id).target), false); });
}

void Forward::on_hello(std::uint64_t id, Waiting& waiting) {
  std::string bytes(kHelloMax, '\0');
  const ssize_t seen =
      ::recv(waiting.fd.get(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  bytes.resize(seen > 0 ? static_cast<std::size_t>(seen) : 0);
  const ClientHello hello = read_client_hello(bytes);
  if (!hello.whole && bytes.size() < kHelloMax && bytes.size() > waiting.hello_seen) {
    // It came in pieces, and stays in the socket: to be told again only once there is more.
    waiting.hello_seen = bytes.size();
    const int more = static_cast<int>(bytes.size()) + 1;
    (void)::setsockopt(waiting.fd.get(), SOL_SOCKET, SO_RCVLOWAT, &more, sizeof more);
    return;
  }
  Proxy* proxy = nullptr;
  if (hello.whole && !hello.server_name.empty()) {
    proxy = find_proxy(hello.server_name + waiting.target.substr(waiting.target.rfind(':')));
  }
  hand_over(id, proxy != nullptr ? *proxy : *direct(waiting.target), false);
}

void Forward::hand_over(std::uint64_t id, Proxy& proxy, bool greet) {
  const auto own = direct_.find(proxy.upstream());
  const bool hidden = own != direct_.end() && own->second.get() == &proxy;
  if (!hidden && !proxy.enabled()) {
    refuse(id, greet ? kDisabled : std::string_view());
    return;
  }
  proxy.adopt(take(id), greet ? std::string(kGreeting) : std::string());
}

os::Fd Forward::take(std::uint64_t id) {
  const auto found = waiting_.find(id);
  LEVI_CHECK(found != waiting_.end());
  os::Fd fd = std::move(found->second.fd);
  runtime_.loop.cancel(found->second.deadline);
  runtime_.loop.unwatch(fd.get());
  const int any = 1;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVLOWAT, &any, sizeof any);
  waiting_.erase(found);
  return fd;
}

void Forward::refuse(std::uint64_t id, std::string_view answer) {
  const os::Fd fd = take(id);
  if (!answer.empty()) (void)os::send_some(fd.get(), answer.data(), answer.size());
}

Proxy* Forward::find_proxy(std::string_view target) {
  for (const auto& [name, proxy] : proxies_.all()) {
    if (os::equals_ignoring_case(proxy->upstream(), target)) return proxy.get();
  }
  return nullptr;
}

Proxy* Forward::direct(const std::string& target) {
  auto& proxy = direct_[target];
  if (!proxy)
    proxy = std::make_unique<Proxy>(runtime_, "connect " + target, ProxyAddress{{}, target});
  if (direct_.size() > kDirectMax) {
    std::erase_if(direct_, [&](const auto& entry) {
      return entry.first != target && entry.second->connection_count() == 0;
    });
  }
  return direct_[target].get();
}

}  // namespace levi::proxy
