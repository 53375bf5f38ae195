// The limit of a market feed's reconnect: a bare client of the same exchange. Its socket is reset;
// from the exchange's own time of that to the first binary frame on the next one it does nothing
// but connect, upgrade, subscribe to one channel and receive. Blocking calls, no parsing.
//
//   limit_feed_client --raw COUNT PORT ADMIN_PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include "bench/limits/limit.h"

namespace {

using namespace levi::limit;

constexpr std::int64_t kRest_ns = 250'000'000;  // the feed beside it is no warmer
constexpr char kUpgrade[] =
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr char kSubscribe[] =
    "{\"method\":\"SUBSCRIPTION\",\"params\":[\"spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT\"]}";
constexpr char kReset[] = "POST /faults/reset?on=market HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
  return fd;
}

void send_all(int fd, const void* bytes, std::size_t size) {
  if (send(fd, bytes, size, MSG_NOSIGNAL) != static_cast<ssize_t>(size)) fail("send");
}

// A client's frame, masked with zeroes.
std::string text_frame(const char* text, std::size_t size) {
  std::string frame{'\x81', static_cast<char>(0x80 | size)};
  frame.append(4, '\0');
  return frame.append(text, size);
}

class Client {
 public:
  Client(int port, int admin_port) : port_(port), admin_(connect_to(admin_port)) { open(); }

  std::int64_t trial() {
    rest(kRest_ns);
    send_all(admin_, kReset, sizeof kReset - 1);
    while (recv(fd_, buffer_, sizeof buffer_, 0) > 0) {  // what was pushed before, then the RST
    }
    close(fd_);
    open();
    return now_ns() - reset_at();
  }

 private:
  void open() {
    static const std::string subscribe = text_frame(kSubscribe, sizeof kSubscribe - 1);
    fd_ = connect_to(port_);
    send_all(fd_, kUpgrade, sizeof kUpgrade - 1);
    const std::size_t head = receive_until([this] { return view().find("\r\n\r\n"); }) + 4;
    received_.erase(0, head);
    send_all(fd_, subscribe.data(), subscribe.size());
    receive_until([this] { return find_binary(); });
    received_.clear();
  }

  const std::string& view() const { return received_; }

  // The first whole frame's place that is binary; frames of the server are not masked.
  std::size_t find_binary() const {
    for (std::size_t at = 0; at + 2 <= received_.size();) {
      const auto byte = [&](std::size_t i) {
        return static_cast<unsigned char>(received_[at + i]);
      };
      std::size_t size = byte(1), head = 2;
      if (size == 126 && at + 4 > received_.size()) break;
      if (size == 127) fail("a frame that is far too long");
      if (size == 126) size = std::size_t{byte(2)} << 8 | byte(3), head = 4;
      if (at + head + size > received_.size()) break;
      if (byte(0) == 0x82) return at;
      at += head + size;
    }
    return std::string::npos;
  }

  template <class Find>
  std::size_t receive_until(Find find) {
    for (;;) {
      const std::size_t found = find();
      if (found != std::string::npos) return found;
      const ssize_t size = recv(fd_, buffer_, sizeof buffer_, 0);
      if (size <= 0) fail("recv");
      received_.append(buffer_, static_cast<std::size_t>(size));
    }
  }

  std::int64_t reset_at() {
    constexpr const char* kName = "\"since_mono_ns\":";
    std::string answer;
    for (;;) {
      const std::size_t at = answer.find(kName);
      const std::size_t end = at == std::string::npos ? at : answer.find(',', at);
      if (end != std::string::npos && answer.back() == '}') {
        return std::atoll(answer.c_str() + at + std::strlen(kName));
      }
      const ssize_t size = recv(admin_, buffer_, sizeof buffer_, 0);
      if (size <= 0) fail("the admin port");
      answer.append(buffer_, static_cast<std::size_t>(size));
    }
  }

  const int port_;
  const int admin_;
  int fd_ = -1;
  std::string received_;
  char buffer_[65536];
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s --raw COUNT PORT ADMIN_PORT\n", argv[0]);
    return 2;
  }
  Client client(std::atoi(argv[3]), std::atoi(argv[4]));
  return run("feed_client", 50, 3, argv, [&] { return client.trial(); });
}
