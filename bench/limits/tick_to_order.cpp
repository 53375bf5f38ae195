// The limit of tick -> order: a futex round trip to another process (the strategy), HMAC-SHA256 of
// an order's query, one non-blocking `send` of the request to a peer that sleeps on its socket (the
// venue). No book, no strategy, no risk gate, no journal, no latch. At the trading thread's
// priority where that is permitted; what wakes it has none, here as in levid.
//
// With LEVI_LIMIT_SPIN set the two processes spin instead of sleeping, at no priority.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sched.h>
#include <sys/socket.h>

#include "bench/limits/limit.h"

namespace {

using namespace levi::limit;

struct Page {
  alignas(64) Word there{0};
  alignas(64) Word back{0};
};

constexpr std::int64_t kSettle = 200'000;
constexpr char kSecret[] = "0123456789abcdef0123456789abcdef0123456789abcdef";
constexpr char kQuery[] =
    "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.001&price=93412.37&newClientOrderId="
    "LVOxxxxxxxx0000010000000002a8&recvWindow=2000&timestamp=1790000000000";
constexpr std::size_t kRequestBytes = 350;
constexpr int kTradingFifo = 10;  // as core/os/thread.cpp gives it to the trading thread

const bool spin = std::getenv("LEVI_LIMIT_SPIN") != nullptr;

void give(Word& word, std::uint32_t value) {
  word.store(value, std::memory_order_release);
  if (!spin) wake(word);
}
void take(Word& word, std::uint32_t old) {
  while (spin && word.load(std::memory_order_acquire) == old) {
  }
  wait_while(word, old);
}

int connect_to_a_sleeper() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, plain, size) != 0 || listen(listener, 1) != 0) std::exit(1);
  getsockname(listener, plain, &size);
  fork_child([listener] {
    const int fd = accept(listener, nullptr, nullptr);
    char buffer[4096];
    while (recv(fd, buffer, sizeof buffer, 0) > 0) {
    }
  });
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  if (connect(fd, plain, size) != 0) std::exit(1);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  Page& page = shared<Page>();
  fork_child([&page] {
    for (std::uint32_t round = 0;; ++round) {
      take(page.there, round);
      give(page.back, round + 1);
    }
  });
  const int fd = connect_to_a_sleeper();
  sched_param parameters{};
  parameters.sched_priority = kTradingFifo;
  if (!spin) (void)sched_setscheduler(0, SCHED_FIFO, &parameters);
  char request[kRequestBytes] = {};
  std::uint32_t round = 0;
  return run("tick_to_order", 2000, argc, argv, [&] {
    rest(kSettle);
    const std::int64_t begin = now_ns();
    give(page.there, round + 1);
    take(page.back, round);
    unsigned length = 0;
    if (HMAC(EVP_sha256(), kSecret, sizeof kSecret - 1,
             reinterpret_cast<const unsigned char*>(kQuery), sizeof kQuery - 1,
             reinterpret_cast<unsigned char*>(request), &length) == nullptr)
      std::exit(1);
    if (send(fd, request, sizeof request, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof request)
      std::exit(1);
    ++round;
    return now_ns() - begin;
  });
}
