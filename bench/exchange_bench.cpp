// The practice exchange: orders a second.
//
//   exchange_matching      orders through the venue in process: book, balances, ledger; a client's,
//   half of them trade exchange_market_flow   orders of the market flow through the engine alone,
//   with their cancels exchange_rest          signed POST /order over one pool of keep-alive
//   connections, from this process to a
//                          levi-exchange of its own, client and server on the same machine
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "bench/report.h"
#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/venue/mexc/wire/sign.h"
#include "exchange/venue/venue.h"

namespace levi::bench {
namespace {

using namespace exchange;

constexpr int kOrders = 200'000;
constexpr int kRestOrders = 50'000;
constexpr std::size_t kPool = 8;
constexpr SymbolId kSymbol{0};
constexpr Origin kOrigin{{1}, MonoTime{1}, Instant{1'700'000'000'000'000'000}};

void print_rate(const char* figure, int orders, Nanos took, double least, const char* target) {
  const double rate = orders * 1e9 / static_cast<double>(took.count());
  print_value(figure, rate, "orders/s", least > 0 ? Goal{target, rate >= least} : Goal{});
}

VenueOptions venue_options() {
  VenueOptions options;
  options.symbols = {make_symbol("BTCUSDT").value()};
  return options;
}

Nanos run_matching() {
  Venue venue(venue_options());
  venue.arrive(kOrigin);
  venue.warm_up();
  const AccountId account = venue.open_account("bench");
  venue.deposit(account, "BTC", Money{1'000'000LL * 100'000'000});
  venue.deposit(account, "USDT", Money{1'000'000'000LL * 100'000'000});
  std::vector<NewOrder> orders(kOrders);
  Random random(1);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    NewOrder& order = orders[i];
    order.account = account;
    order.symbol = kSymbol;
    order.side = random.below(2) == 0 ? Side::kBuy : Side::kSell;
    order.price = venue.engine().symbol(kSymbol).price_start +
                  Price{static_cast<std::int64_t>(random.below(2'000)) - 1'000};
    order.quantity = Quantity{1'000 + static_cast<std::int64_t>(random.below(1'000))};
    order.client_id = "LVO" + std::to_string(i);
  }
  const MonoTime begun = os::mono_now();
  for (const NewOrder& order : orders) LEVI_CHECK(venue.place(order).reject == Reject::kNone);
  return os::mono_now() - begun;
}

Nanos run_flow() {
  Venue venue(venue_options());
  venue.arrive(kOrigin);
  venue.warm_up();
  const MonoTime begun = os::mono_now();
  for (int i = 0; i < kOrders; ++i) venue.step_flow(kSymbol);
  return os::mono_now() - begun;
}

// A levi-exchange of our own; it dies with us.
class Server {
 public:
  Server() {
    auto pipe = os::make_pipe();
    LEVI_CHECK(pipe.has_value());
    os::SpawnOptions options;
    options.program = os::own_executable_folder() + "/../bin/levi-exchange";
    options.arguments = {"--port", "0", "--admin-port", "0", "--ready-fd", "5"};
    options.environment_add = {{"LEVI_PRACTICE_KEY", "bench"}, {"LEVI_PRACTICE_SECRET", "bench"}};
    options.descriptors = {{pipe.value().second.get(), 5}};
    options.stdout_path = "/dev/null";
    options.parent_death_signal = SIGKILL;
    auto child = os::Child::spawn(options);
    LEVI_CHECK(child.has_value());
    child_.emplace(std::move(child).value());
    pipe.value().second.reset();
    char line[256] = {};
    pollfd ready{pipe.value().first.get(), POLLIN, 0};
    LEVI_CHECK(::poll(&ready, 1, 10'000) == 1 && ::read(ready.fd, line, sizeof line - 1) > 0);
    port = nlohmann::json::parse(line)["rest_port"].get<std::uint16_t>();
  }
  ~Server() {
    static_cast<void>(child_->kill(SIGTERM));
    child_->wait(10s);
  }
  std::uint16_t port = 0;

 private:
  std::optional<os::Child> child_;
};

std::vector<std::string> signed_orders() {
  auto signer = mexc::Signer::create("bench");
  LEVI_CHECK(signer.has_value());
  std::vector<std::string> targets;
  for (int i = 0; i < kRestOrders; ++i) {
    const std::string query =
        "symbol=BTCUSDT&side=" + std::string(i % 2 == 0 ? "BUY&price=93000" : "SELL&price=93800") +
        "&type=LIMIT&quantity=0.00002&newClientOrderId=LVO" + std::to_string(i) +
        "&recvWindow=60000&timestamp=" + std::to_string(os::wall_now().ns / 1'000'000);
    const mexc::Signature signature = signer.value().sign(query);
    targets.push_back("/api/v3/order?" + query +
                      "&signature=" + std::string(signature.data(), signature.size()));
  }
  return targets;
}

Nanos run_rest() {
  Server server;
  const std::vector<std::string> targets = signed_orders();
  os::Loop loop;
  os::HttpClient client(loop, {"127.0.0.1", server.port, {}}, kPool);
  std::size_t next = 0;
  int done = 0;
  const std::function<void()> send = [&] {
    if (next == targets.size()) return;
    client.request({"POST", targets[next++], {{"X-MEXC-APIKEY", "bench"}}, ""}, 30s,
                   [&](Result<os::HttpResponse> answer) {
                     LEVI_CHECK(answer && answer.value().status == 200);
                     if (++done == kRestOrders) loop.stop();
                     send();
                   });
  };
  const MonoTime begun = os::mono_now();
  for (std::size_t i = 0; i < kPool; ++i) send();
  loop.run();
  return os::mono_now() - begun;
}

}  // namespace
}  // namespace levi::bench

int main() {
  using namespace levi::bench;
  print_rate("exchange_matching", kOrders, run_matching(), 200e3, "at least 200,000 orders/s");
  print_rate("exchange_market_flow", kOrders, run_flow(), 0, "");
  print_rate("exchange_rest", kRestOrders, run_rest(), 10e3, "at least 10,000 orders/s");
  return 0;
}
