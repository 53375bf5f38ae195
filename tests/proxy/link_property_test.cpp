// Whatever message toxics come, change and go, and however the bytes are cut: what the client gets
// is a valid WebSocket, of whole messages that the server sent. From a seed, without a socket.
#include <gtest/gtest.h>

#include <map>

#include "chaos/proxy/link.h"
#include "core/os/websocket.h"
#include "tests/proxy/chain_rig.h"

namespace levi::proxy {
namespace {

class MemoryTransport final : public Transport {
 public:
  MemoryTransport() : Transport(os::Fd()) {}
  os::Moved receive(char*, std::size_t) override { return {.again = true}; }
  os::Moved send(const char* from, std::size_t size) override {
    sent.append(from, size);
    return {.bytes = size};
  }
  void end_sending() override { ended = true; }

  std::string sent;
  bool ended = false;
};

// Both directions of one connection, without its loop.
struct Wire final : LinkEvents {
  MemoryTransport client;
  MemoryTransport server;
  Exchange exchange;
  Link up{Direction::kUpstream, *this, exchange};
  Link down{Direction::kDownstream, *this, exchange};
  KernelPipe kernel_pipe;
  std::vector<std::string> spare;
  bool over = false;
  MonoTime now = at_ms(1);

  Wire() {
    up.attach(client, server);
    down.attach(server, client);
  }
  void feed(Link& link, std::string_view bytes) {
    link.take(bytes, now);
    settle();
  }
  void settle() {
    const bool wanted = up.wants_messages() || down.wants_messages();
    for (Link* link : {&up, &down}) {
      if (wanted || !link->bare()) link->assemble(wanted, now);
    }
  }
  void go_to(MonoTime time) {
    for (MonoTime next = down.next_deadline(); next <= time; next = down.next_deadline()) {
      now = std::max(now, next);
      down.advance(now);
    }
    now = std::max(now, time);
    settle();
  }

  void on_received(Direction, std::size_t) override {}
  void on_sent(Direction, std::size_t) override {}
  void on_end_passed(Direction) override {}
  void on_sink_gone(Direction) override {}
  void on_ending(Direction, Ending) override { over = true; }
  void on_answer(const Message*, std::string, bool) override {}
  std::vector<std::string>& spare_buffers() override { return spare; }
  KernelPipe& pipe() override { return kernel_pipe; }
  bool refuses_upgrade() override { return false; }
  void on_delayed(Direction, const ToxicEntry&, Nanos, Nanos) override {}
  void on_dropped(Direction, const ToxicEntry&, std::size_t) override {}
};

const std::string kHead = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n";

// Message number i, in fragments with pings between, some far too long to be held whole.
std::string frames_of(int number, Random& random) {
  const std::string id = std::to_string(number) + ':';
  const std::uint64_t kind = random.below(20);
  const std::size_t size = kind == 0 ? 300'000 + random.below(400'000) : random.below(300);
  const std::string text = id + std::string(size, static_cast<char>('a' + number % 26));
  std::string frames;
  bool first = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t part = std::min(text.size() - at, 1 + random.below(text.size()));
    frames += os::encode_frame(first ? os::WsOpcode::kText : os::WsOpcode::kContinuation,
                               std::string_view(text).substr(at, part), std::nullopt,
                               at + part == text.size());
    if (random.below(3) == 0) frames += os::encode_frame(os::WsOpcode::kPing, "p", std::nullopt);
    first = false;
    at += part;
  }
  return frames;
}

// How often each message came; every one whole, in valid frames. Empty where they were not.
std::map<int, int> messages_in(const std::string& bytes) {
  EXPECT_TRUE(bytes.starts_with(kHead));
  os::WsFrameReader reader(false, 1 << 20);
  reader.feed(std::string_view(bytes).substr(std::min(bytes.size(), kHead.size())));
  std::map<int, int> seen;
  std::string message;
  bool open = false;
  for (;;) {
    const auto frame = reader.next();
    EXPECT_TRUE(frame) << (frame ? "" : frame.error().text());
    if (!frame || !frame.value()) break;
    if (frame.value()->opcode >= os::WsOpcode::kClose) continue;
    EXPECT_EQ(frame.value()->opcode == os::WsOpcode::kContinuation, open);
    open = !frame.value()->final;
    message += frame.value()->payload;
    if (open) continue;
    const std::size_t colon = message.find(':');
    EXPECT_NE(colon, std::string::npos);
    const int number = std::atoi(message.c_str());
    const char letter = static_cast<char>('a' + number % 26);
    EXPECT_EQ(message.find_first_not_of(letter, colon + 1), std::string::npos);
    ++seen[number];
    message.clear();
  }
  EXPECT_FALSE(open);
  return seen;
}

struct Play {
  Wire wire;
  Random random;
  std::vector<std::unique_ptr<ToxicEntry>> live;
  std::vector<std::unique_ptr<ToxicEntry>> gone;  // their stages may be asked for once more
  std::uint64_t last_id = 0;

  explicit Play(std::uint64_t seed) : random(seed) {
    wire.feed(wire.up, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
    wire.feed(wire.down, kHead);
  }
  void change(const std::vector<std::string>& kinds) {
    const std::uint64_t what = random.below(6);
    if (what == 0 && live.size() < 4) {
      live.push_back(
          std::make_unique<ToxicEntry>(toxic(kinds[random.below(kinds.size())], ++last_id)));
      wire.down.add_toxic(*live.back(), random.next(), wire.now, true);
    } else if (what == 1 && !live.empty()) {
      const auto victim = live.begin() + static_cast<std::ptrdiff_t>(random.below(live.size()));
      wire.down.remove_toxic(**victim, wire.now);
      gone.push_back(std::move(*victim));
      live.erase(victim);
    } else if (what == 2 && !live.empty()) {
      wire.down.update_toxic(*live[random.below(live.size())], wire.now);
    } else if (what == 3) {
      wire.go_to(wire.now + Nanos{static_cast<std::int64_t>(random.below(20'000'000))});
    }
    wire.settle();
  }
  // Sends all of it in random pieces, with changes between.
  void send(const std::string& bytes, const std::vector<std::string>& kinds) {
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t most = random.below(8) == 0 ? 60'000 : 200;
      const std::size_t part = std::min(bytes.size() - at, 1 + random.below(most));
      wire.feed(wire.down, std::string_view(bytes).substr(at, part));
      at += part;
      change(kinds);
    }
  }
  void finish() {
    while (!live.empty()) {
      wire.down.remove_toxic(*live.back(), wire.now);
      gone.push_back(std::move(live.back()));
      live.pop_back();
      wire.settle();
    }
    wire.go_to(wire.now + 60s);
  }
};

constexpr int kMessages = 60;

std::map<int, int> play(std::uint64_t seed, const std::vector<std::string>& kinds) {
  Play play(seed);
  std::string all;
  for (int i = 0; i < kMessages; ++i) all += frames_of(i, play.random);
  play.send(all, kinds);
  play.finish();
  EXPECT_FALSE(play.wire.over);
  return messages_in(play.wire.client.sent);
}

TEST(LinkProperty, LossyToxicsLoseAndRepeatWholeMessagesAlone) {
  const std::vector<std::string> kinds = {
      R"({"type":"ws_drop","attributes":{"probability":0.5}})",
      R"({"type":"ws_gap","attributes":{"count":2}})",
      R"({"type":"ws_silence"})",
      R"({"type":"ws_duplicate","attributes":{"probability":0.5}})",
      R"({"type":"ws_delay","attributes":{"delay":4,"jitter":3}})",
      R"({"type":"ws_reorder","attributes":{"probability":0.5,"timeout":5}})",
      R"({"type":"latency","attributes":{"latency":2}})",
      R"({"type":"slicer","attributes":{"average_size":50,"size_variation":9}})",
      R"({"type":"noop"})"};
  std::size_t came = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    came += play(seed, kinds).size();
    if (HasFailure()) return;
  }
  EXPECT_GT(came, 60u * kMessages / 4);  // else this shows nothing
  EXPECT_LT(came, 60u * kMessages);
}

TEST(LinkProperty, LosslessToxicsDeliverEveryMessageOnce) {
  const std::vector<std::string> kinds = {
      R"({"type":"ws_delay","attributes":{"delay":4,"jitter":3}})",
      R"({"type":"ws_reorder","attributes":{"probability":0.5,"timeout":5}})",
      R"({"type":"bandwidth","attributes":{"rate":100000}})",
      R"({"type":"latency","attributes":{"latency":2}})",
      R"({"type":"slicer","attributes":{"average_size":50,"size_variation":9}})"};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const std::map<int, int> seen = play(seed, kinds);
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(kMessages));
    for (const auto& [number, times] : seen) EXPECT_EQ(times, 1) << number;
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace levi::proxy
