// The event stream as a witness: what it missed, and whose clock it tells.
#include "chaos/experiment/event_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::chaos {
namespace {

constexpr Nanos kPatience = 30s;

std::string sse(const std::string& type, const Json& data, const std::string& id = "") {
  return (id.empty() ? "" : "id: " + id + "\n") + "event: " + type + "\ndata: " + data.dump() +
         "\n\n";
}
std::string hello(const std::string& boot, std::uint64_t name_space) {
  return sse("hello", {{"boot_id", boot}, {"time_namespace", name_space}, {"sequence", 40}});
}
std::string our_hello() { return hello(os::boot_id(), own_time_namespace()); }
std::string event(std::uint64_t sequence) {
  return sse("feed-up", {{"sequence", sequence}, {"mono_ns", 1}, {"data", Json::object()}},
             std::to_string(sequence));
}

// A core of which each connection says what the test tells it to.
class EventStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    auto listener = os::listen_on({"127.0.0.1", 0, ""});
    ASSERT_TRUE(listener);
    listener_ = std::move(listener).value();
    const auto port = os::local_port(listener_.get());
    ASSERT_TRUE(port);
    stream_ = std::make_unique<EventStream>(loop_, os::Endpoint{"127.0.0.1", port.value(), ""},
                                            std::vector<std::string>{"feed-up"});
  }
  bool until(const std::function<bool()>& done) {
    const MonoTime deadline = os::mono_now() + kPatience;
    while (!done()) {
      if (os::mono_now() >= deadline) return false;
      loop_.run_once(20ms);
    }
    return true;
  }
  // The next connection: its request is read, then it says `text`.
  void serve(const std::string& text) {
    peer_.reset();
    ASSERT_TRUE(until([this] {
      auto accepted = os::accept_one(listener_.get());
      if (accepted) peer_ = std::move(accepted).value();
      return accepted.has_value();
    }));
    request_.clear();
    ASSERT_TRUE(until([this] {
      char buffer[1024];
      const ssize_t size = ::recv(peer_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (size > 0) request_.append(buffer, static_cast<std::size_t>(size));
      return request_.find("\r\n\r\n") != std::string::npos;
    }));
    say("HTTP/1.0 200 OK\r\n\r\n" + text);
  }
  void say(const std::string& text) { ASSERT_TRUE(os::write_all(peer_.get(), text, "the stream")); }
  bool is_connected() {
    return until([this] { return stream_->connected(); });
  }

  os::Loop loop_;
  os::Fd listener_;
  os::Fd peer_;
  std::string request_;
  std::unique_ptr<EventStream> stream_;
};

TEST_F(EventStreamTest, AForeignClockStaysForeignWhateverIsForgotten) {
  serve(hello("another-boot", own_time_namespace()));
  ASSERT_TRUE(is_connected());
  EXPECT_EQ(stream_->clock_fault().code, reports::Undecided::kClock);
  stream_->forget();
  EXPECT_EQ(stream_->clock_fault().code, reports::Undecided::kClock);
  serve(hello(os::boot_id(), own_time_namespace() + 1));
  ASSERT_TRUE(until(
      [this] { return stream_->clock_fault().why.find("time namespace") != std::string::npos; }));
  serve(our_hello());
  EXPECT_TRUE(until([this] { return stream_->clock_fault().code == reports::Undecided::kNone; }));
}

TEST_F(EventStreamTest, AfterAnEndItGoesOnBehindTheLastEventAndMissesNothing) {
  serve(our_hello() + event(41));
  ASSERT_TRUE(until([this] { return stream_->events().size() == 1; }));
  serve(our_hello() + event(42));
  ASSERT_TRUE(until([this] { return stream_->events().size() == 2; }));
  EXPECT_NE(request_.find("Last-Event-ID: 41\r\n"), std::string::npos) << request_;
  EXPECT_EQ(stream_->gap().code, reports::Undecided::kNone);
}

TEST_F(EventStreamTest, AGapEndsTheConnectionAndIsToldUntilForgotten) {
  serve(our_hello() + event(41));
  ASSERT_TRUE(is_connected());
  say(sse("gap", {{"after", 41}}) + event(50));
  ASSERT_TRUE(until([this] { return stream_->gap().code == reports::Undecided::kGap; }));
  EXPECT_FALSE(stream_->connected()) << "what comes now would begin anywhere";
  serve(our_hello());
  ASSERT_TRUE(is_connected());
  EXPECT_EQ(request_.find("Last-Event-ID"), std::string::npos) << request_;
  EXPECT_EQ(stream_->gap().code, reports::Undecided::kGap) << "connected again is not whole";
  stream_->forget();
  EXPECT_EQ(stream_->gap().code, reports::Undecided::kNone);
  EXPECT_TRUE(stream_->events().empty());
}

}  // namespace
}  // namespace levi::chaos
