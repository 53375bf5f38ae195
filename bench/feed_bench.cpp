// A reset of the market socket -> the first accepted frame of the next one: the real feed (of
// core/venue, one symbol, on its own loop) beside a bare client, both of one levi-exchange, in
// turns.
//
// From the exchange's own time of the reset (CLOCK_MONOTONIC, the same boot) to FeedUp. The policy
// grants an attempt at once only once a second (policy/reconnect.h), so trials keep that distance.
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "bench/report.h"
#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/loop.h"
#include "core/os/socket.h"
#include "core/venue/venue.h"

namespace levi::bench {
namespace {

constexpr int kBlocks = 3;
constexpr int kPerBlock = 15;
constexpr Nanos kDistance{1100ms};
constexpr Nanos kWaitMax{10s};
constexpr const char* kReset = "POST /faults/reset?on=market HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

// A levi-exchange of our own; it dies with us.
class Server {
 public:
  Server() {
    auto pipe = os::make_pipe();
    LEVI_CHECK(pipe);
    os::SpawnOptions options;
    options.program = os::own_executable_folder() + "/../bin/levi-exchange";
    options.arguments = {"--port", "0", "--admin-port", "0", "--ready-fd", "5"};
    options.environment_add = {{"LEVI_PRACTICE_KEY", "bench"}, {"LEVI_PRACTICE_SECRET", "bench"}};
    options.descriptors = {{pipe.value().second.get(), 5}};
    options.stdout_path = "/dev/null";
    options.parent_death_signal = SIGKILL;
    auto child = os::Child::spawn(options);
    LEVI_CHECK(child);
    child_ = std::move(child.value());
    pipe.value().second.reset();
    char line[256] = {};
    pollfd ready{pipe.value().first.get(), POLLIN, 0};
    LEVI_CHECK(::poll(&ready, 1, 10'000) == 1 && ::read(ready.fd, line, sizeof line - 1) > 0);
    const auto ports = nlohmann::json::parse(line);
    port = ports["rest_port"];
    admin_port = ports["admin_port"];
  }
  ~Server() {
    (void)child_.kill(SIGTERM);
    child_.wait(10s);
  }
  std::uint16_t port = 0;
  std::uint16_t admin_port = 0;

 private:
  os::Child child_;
};

// Asks for the reset without waiting: the answer is read when the trial is over.
class Admin {
 public:
  explicit Admin(std::uint16_t port) {
    auto fd = os::connect_blocking({"127.0.0.1", port, ""}, kWaitMax);
    LEVI_CHECK(fd);
    fd_ = std::move(fd.value());
  }
  void ask_reset() const {
    const std::string_view request(kReset);
    LEVI_CHECK(::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(request.size()));
  }
  MonoTime reset_at() const {
    std::string answer;
    for (;;) {
      const std::size_t body = answer.find("\r\n\r\n");
      if (body != std::string::npos && nlohmann::json::accept(answer.substr(body + 4))) {
        return {nlohmann::json::parse(answer.substr(body + 4))["since_mono_ns"]};
      }
      char bytes[4096];
      pollfd ready{fd_.get(), POLLIN, 0};
      LEVI_CHECK(::poll(&ready, 1, 10'000) == 1);
      const ssize_t size = ::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
      LEVI_CHECK(size > 0);
      answer.append(bytes, static_cast<std::size_t>(size));
    }
  }

 private:
  os::Fd fd_;
};

latch::Latch make_latch(const std::string& folder) {
  auto latch = latch::Latch::create(latch::latch_path(folder));
  LEVI_CHECK(latch);
  return std::move(latch.value());
}

class Trials {
 public:
  explicit Trials(const Server& server)
      : admin_(server.admin_port), folder_(test::kTmpfs), latch_(make_latch(folder_.path())) {
    venue::VenueOptions options;
    options.rest = options.websocket = options.gateway.rest = {"127.0.0.1", server.port, ""};
    options.gateway.credentials = {"bench", "bench"};
    options.gateway.instance = "benches";
    options.gateway.incarnation = {1};
    options.symbols = {"BTCUSDT"};
    auto made = venue::make_mexc(loop_, latch_, options, [this](const auto& event) {
      if (std::holds_alternative<machine::FeedUp>(event)) {
        up_at_ = os::mono_now();
        ++ups_;
      }
    });
    LEVI_CHECK(made);
    venue_ = std::move(made.value());
    bool loaded = false;
    venue_->load_instruments([&](const auto& instruments) {
      LEVI_CHECK(instruments);
      venue_->set_instruments(instruments.value());
      loaded = true;
    });
    while (!loaded) loop_.run_once(kDistance);
  }

  void run(Samples& samples) {
    await_up([this] { venue_->market().start(); });
    for (int i = 0; i < kPerBlock; ++i) {
      loop_.run_until(os::mono_now() + kDistance);
      await_up([this] { admin_.ask_reset(); });
      samples.add(up_at_ - admin_.reset_at());
    }
    venue_->market().stop();
    loop_.run_until(os::mono_now() + kDistance);
  }

 private:
  template <class Cause>
  void await_up(Cause cause) {
    const unsigned before = ups_;
    const MonoTime deadline = os::mono_now() + kWaitMax;
    cause();
    while (ups_ == before && os::mono_now() < deadline) loop_.run_once(100ms);
    LEVI_CHECK(ups_ == before + 1);
  }

  os::Loop loop_;
  Admin admin_;
  test::TempFolder folder_;
  latch::Latch latch_;
  std::unique_ptr<venue::Venue> venue_;
  MonoTime up_at_;
  unsigned ups_ = 0;
};

}  // namespace
}  // namespace levi::bench

int main() {
  using namespace levi::bench;
  Server server;
  Trials trials(server);
  Samples feed;
  Samples bare;
  for (int block = 0; block < kBlocks; ++block) {
    trials.run(feed);
    bare.add_all(run_limit("feed_client", kPerBlock,
                           {std::to_string(server.port), std::to_string(server.admin_port)}));
  }
  print_figure("feed_reset_to_first_frame", feed, bare,
               at_most(feed, 1.5, bare, "p50 <= 1.5 x a bare client"));
}
