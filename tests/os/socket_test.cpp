#include "core/os/socket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "core/os/address.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/unused_port.h"
#include "tests/os/support.h"
#include "tests/support/temp_folder.h"

namespace levi::os {
namespace {

using test::TempFolder;

const Endpoint kAnyPort{"127.0.0.1", 0, ""};

bool readable(const Fd& fd) { return wait_ready(fd.get(), POLLIN, mono_now() + kDeadline).value(); }

struct Connected {
  Fd client;
  Fd server;
};

Connected connected(const Endpoint& endpoint) {
  const Fd listener = listen_on(endpoint).value();
  Endpoint target = endpoint;
  if (!target.is_unix()) target.port = local_port(listener.get()).value();
  Connected both;
  both.client = connect_blocking(target, kDeadline).value();
  EXPECT_TRUE(readable(listener));
  both.server = accept_one(listener.get()).value();
  return both;
}

TEST(ParseEndpoint, ReadsHostsPortsAndPaths) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:8000").value().text(), "127.0.0.1:8000");
  EXPECT_EQ(parse_endpoint("localhost:80").value().text(), "127.0.0.1:80");
  EXPECT_EQ(parse_endpoint("[::1]:9").value().text(), "[::1]:9");
  EXPECT_EQ(parse_endpoint("[::1]:9").value().host, "::1");
  EXPECT_EQ(parse_endpoint("unix:/run/x.sock").value().path, "/run/x.sock");
  EXPECT_EQ(parse_endpoint("0.0.0.0:0").value().port, 0);
}

TEST(ParseEndpoint, RefusesTheRest) {
  for (const char* text :
       {"", "x", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:1x", "127.0.0.1:-1",
        "::1:80", "[]:80", "[name]:80", "[127.0.0.1]:80", "unix:"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_EQ(endpoint.error().code, ErrorCode::kInvalid);
  }
  EXPECT_FALSE(parse_endpoint("unix:/" + std::string(200, 'x')));
}

TEST(Endpoint, KnowsTheLoopback) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix:/x", "localhost:1"}) {
    EXPECT_TRUE(parse_endpoint(text).value().is_loopback()) << text;
  }
  for (const char* text : {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "128.0.0.1:1"}) {
    EXPECT_FALSE(parse_endpoint(text).value().is_loopback()) << text;
  }
}

TEST(Socket, ConnectsOverTcpAndUnix) {
  TempFolder folder;
  for (const Endpoint& endpoint : {kAnyPort, Endpoint{"", 0, folder / "s"}}) {
    const Connected both = connected(endpoint);
    ASSERT_EQ(::send(both.client.get(), "x", 1, 0), 1);
    ASSERT_TRUE(readable(both.server));
    char byte = 0;
    EXPECT_EQ(::recv(both.server.get(), &byte, 1, 0), 1);
  }
}

TEST(Socket, TellsItsPorts) {
  const Connected both = connected(kAnyPort);
  EXPECT_EQ(peer_port(both.server.get()).value(), local_port(both.client.get()).value());
  EXPECT_EQ(peer_text(both.server.get()),
            "127.0.0.1:" + std::to_string(local_port(both.client.get()).value()));
  TempFolder folder;
  const Connected local = connected({"", 0, folder / "s"});
  EXPECT_EQ(peer_text(local.server.get()), "unix");
  EXPECT_FALSE(local_port(local.server.get()));
}

TEST(Socket, ARefusedConnectIsUnreachable) {
  std::uint16_t port = 0;
  {
    const Fd listener = listen_on(kAnyPort).value();
    port = local_port(listener.get()).value();
  }
  const auto refused = connect_blocking({"127.0.0.1", port, ""}, kDeadline);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnreachable);
  EXPECT_NE(refused.error().message.find(std::to_string(port)), std::string::npos);
  const auto missing = connect_blocking({"", 0, "/nowhere/x.sock"}, kDeadline);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kUnreachable);
}

TEST(Socket, ConnectingTimesOutWhenTheQueueIsFull) {
  const Fd listener = listen_on(kAnyPort, 0).value();
  const Endpoint target{"127.0.0.1", local_port(listener.get()).value(), ""};
  std::vector<Fd> waiting;
  for (int i = 0; i < 8; ++i) {
    auto fd = connect_blocking(target, 20ms);
    if (fd) {
      waiting.push_back(std::move(fd).value());
    } else {
      EXPECT_EQ(fd.error().code, ErrorCode::kTimeout);
      return;
    }
  }
  FAIL() << "the queue was never full";
}

TEST(Socket, NeverTakesItselfForAServer) {
  // A socket that is bound to a port and connects to it is joined to itself by TCP.
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Address any = to_address(kAnyPort).value();
  ASSERT_EQ(::bind(fd.get(), any.get(), any.length), 0);
  const Address own = to_address({"127.0.0.1", local_port(fd.get()).value(), ""}).value();
  ASSERT_EQ(::connect(fd.get(), own.get(), own.length), 0);
  const Status outcome = connect_outcome(fd.get());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kUnreachable);
}

TEST(Socket, AStaleUnixSocketIsReplacedALivingOneIsNot) {
  TempFolder folder;
  const Endpoint endpoint{"", 0, folder / "s"};
  { const Fd listener = listen_on(endpoint).value(); }
  EXPECT_TRUE(exists(endpoint.path)) << "left behind";
  const auto listener = listen_on(endpoint);
  ASSERT_TRUE(listener);
  const auto second = listen_on(endpoint);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  ASSERT_TRUE(write_file_atomic(folder / "file", "precious"));
  EXPECT_FALSE(listen_on({"", 0, folder / "file"}));
  EXPECT_EQ(read_file(folder / "file").value(), "precious");
}

TEST(Socket, APortThatIsTakenIsBusy) {
  const Fd listener = listen_on(kAnyPort).value();
  const auto second = listen_on({"127.0.0.1", local_port(listener.get()).value(), ""});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
}

TEST(Socket, NoConnectionToAcceptIsBusy) {
  const Fd listener = listen_on(kAnyPort).value();
  const auto none = accept_one(listener.get());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kBusy);
}

TEST(AbortConnection, ResetsAndDiscardsWhatIsQueued) {
  Connected both = connected(kAnyPort);
  const std::string lots(1 << 20, 'x');
  while (::send(both.client.get(), lots.data(), lots.size(), MSG_NOSIGNAL) > 0) {
  }
  abort_connection(both.client.get());
  EXPECT_TRUE(both.client) << "the descriptor stays";
  std::size_t received = 0;
  std::string buffer(1 << 20, ' ');
  ssize_t got = 0;
  while (readable(both.server) &&
         (got = ::recv(both.server.get(), buffer.data(), buffer.size(), 0)) > 0) {
    received += static_cast<std::size_t>(got);
  }
  EXPECT_EQ(got, -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_LT(received, std::size_t{64} << 20);
}

TEST(AbortConnection, EndsAUnixConnection) {
  TempFolder folder;
  Connected both = connected({"", 0, folder / "s"});
  abort_connection(both.client.get());
  ASSERT_TRUE(readable(both.server));
  char byte = 0;
  EXPECT_EQ(::recv(both.server.get(), &byte, 1, 0), 0);
}

TEST(CloseWithReset, IsSeenAsAReset) {
  Connected both = connected(kAnyPort);
  EXPECT_FALSE(was_reset(both.server.get()));
  close_with_reset(std::move(both.client));
  ASSERT_TRUE(readable(both.server));
  EXPECT_TRUE(was_reset(both.server.get()));
}

TEST(CloseWithReset, IsNotWhatAPlainCloseIs) {
  Connected both = connected(kAnyPort);
  both.client.reset();
  ASSERT_TRUE(readable(both.server));
  EXPECT_FALSE(was_reset(both.server.get()));
}

TEST(Socket, AnUnusedPortIsOneThatNoOutgoingConnectionCanTakeMeanwhile) {
  const auto range = read_file("/proc/sys/net/ipv4/ip_local_port_range");
  ASSERT_TRUE(range);
  const int first = std::atoi(range.value().c_str());
  if (first < 20'000) GTEST_SKIP() << "this machine leaves no ports below its own";
  for (int i = 0; i < 20; ++i) {
    const auto port = unused_port();
    ASSERT_TRUE(port);
    EXPECT_LT(port.value(), first);
    EXPECT_TRUE(listen_on({"127.0.0.1", port.value(), {}}));
  }
}

// A stage asks for all its ports before the first is taken.
TEST(Socket, UnusedPortsAskedForInARowAreNeverTheSame) {
  const auto range = read_file("/proc/sys/net/ipv4/ip_local_port_range");
  if (!range || std::atoi(range.value().c_str()) < 20'000)
    GTEST_SKIP() << "this machine leaves no ports below its own";
  std::set<std::uint16_t> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(unused_port().value()).second);
}

}  // namespace
}  // namespace levi::os
