#include "core/venue/mexc/socket.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/sabotage.h"

namespace levi::mexc {
namespace {

constexpr Nanos kLookEvery{250ms};
constexpr unsigned kAskedMax = 2;

machine::FeedDownWhy why_of(os::WsEnd end) {
  switch (end) {
    case os::WsEnd::kRefused:
    case os::WsEnd::kTimeout:
      return machine::FeedDownWhy::kRefused;
    case os::WsEnd::kReset:
      return machine::FeedDownWhy::kReset;
    case os::WsEnd::kClosed:
      return machine::FeedDownWhy::kClosed;
    case os::WsEnd::kProtocol:
    case os::WsEnd::kLimit:
      return machine::FeedDownWhy::kProtocol;
  }
  LEVI_UNREACHABLE();
}

}  // namespace

MexcSocket::MexcSocket(os::Loop& loop, SocketOptions options,
                       const std::vector<std::string>& channels, std::uint64_t ordinal,
                       SocketHandlers handlers)
    : loop_(loop), options_(std::move(options)), ordinal_(ordinal), handlers_(std::move(handlers)) {
  LEVI_CHECK(!channels.empty() && channels.size() <= kSubscriptionsMax);
  // First: the venue is at work while the rest is made.
  client_ = std::make_unique<os::WebSocketClient>(
      loop_, options_.endpoint, options_.target, options_.connect_timeout,
      os::WebSocketHandlers{
          [this] { on_open(); },
          [this](bool binary, std::string_view payload) { on_message(binary, payload); },
          [this](const os::WsClosed& closed) { on_end(closed); }},
      os::WebSocketLimits{.message_bytes_max = kFrameBytesMax}, options_.host);
  for (const std::string& name : channels) {
    channel_by_name_.emplace(name, channels_.size());
    channels_.emplace_back().name = name;
  }
}

MexcSocket::~MexcSocket() { stop(); }

void MexcSocket::stop() {
  over_ = true;
  loop_.cancel(look_timer_);
  client_.reset();
}

bool MexcSocket::all_confirmed() const {
  return std::all_of(channels_.begin(), channels_.end(),
                     [](const Channel& c) { return c.confirmed; });
}

bool MexcSocket::send_request(const char* method, const std::string& channel) {
  std::string text = std::string("{\"method\":\"") + method + "\"";
  if (!channel.empty()) text += ",\"params\":[\"" + channel + "\"]";
  return client_ && client_->send(false, text + "}");
}

void MexcSocket::on_open() {
  open_ = true;
  pinged_at_ = loop_.now();
  for (std::size_t i = 0; i < channels_.size(); ++i) subscribe(i);
  look_timer_ = loop_.after(kLookEvery, [this] { look(); });
}

void MexcSocket::subscribe(std::size_t channel) {
  Channel& one = channels_[channel];
  one.confirmed = false;
  one.asked_at = loop_.now();
  ++one.asked;
  send_request("SUBSCRIPTION", one.name);
}

void MexcSocket::resubscribe(std::size_t channel) {
  if (!open_ || over_) return;
  channels_[channel].asked = 0;
  ++channels_[channel].farewells;
  send_request("UNSUBSCRIPTION", channels_[channel].name);
  subscribe(channel);
}

void MexcSocket::on_message(bool binary, std::string_view payload) {
  if (over_) return;
  if (binary) {
    on_binary(payload);
  } else {
    on_text(payload);
  }
}

void MexcSocket::on_binary(std::string_view bytes) {
  const auto known = read_push(bytes, push_)
                         ? channel_by_name_.find(std::string_view(push_.channel()))
                         : channel_by_name_.end();
  if (known == channel_by_name_.end()) {
    ++decode_errors_;
    return;
  }
  ++frames_;
  channels_[known->second].last_frame = loop_.now();
  handlers_.on_push(known->second, push_);
}

void MexcSocket::on_text(std::string_view text) {
  const auto control = read_control(text);
  if (!control) {
    ++decode_errors_;
    return;
  }
  switch (control.value().kind) {
    case ControlKind::kPong:
      pong_awaited_ = false;
      return;
    case ControlKind::kInvalidListenKey:
      if (handlers_.on_invalid_listen_key) handlers_.on_invalid_listen_key();
      return;
    case ControlKind::kRefused:
      refused_ = control.value().message.substr(0, 200);
      return;
    case ControlKind::kChannel:
      break;
  }
  const auto known = channel_by_name_.find(control.value().message);
  if (known == channel_by_name_.end()) return;
  Channel& channel = channels_[known->second];
  if (channel.farewells > 0) {  // The answer to an UNSUBSCRIPTION names the channel too.
    --channel.farewells;
    return;
  }
  if (std::exchange(channel.confirmed, true)) return;
  handlers_.on_confirmed(known->second);
}

void MexcSocket::look() {
  look_timer_ = loop_.after(kLookEvery, [this] { look(); });
  const MonoTime now = loop_.now();
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].confirmed || now - channels_[i].asked_at < options_.confirm_max) continue;
    if (channels_[i].asked >= kAskedMax) {
      return fail(machine::FeedDownWhy::kRefused,
                  "the venue does not confirm " + channels_[i].name + ": " + refused_);
    }
    subscribe(i);
  }
  if (now - pinged_at_ < options_.ping_every) return;
  if (pong_awaited_ && !sabotaged(Defence::kWatchdog)) {
    return fail(machine::FeedDownWhy::kSilent, "no answer to a ping");
  }
  pinged_at_ = now;
  pong_awaited_ = true;
  send_request("PING", "");
}

void MexcSocket::on_end(const os::WsClosed& closed) {
  if (!over_) fail(why_of(closed.end), closed.text);
}

void MexcSocket::fail(machine::FeedDownWhy why, const std::string& text) {
  stop();
  handlers_.on_closed(why, text);
}

}  // namespace levi::mexc
