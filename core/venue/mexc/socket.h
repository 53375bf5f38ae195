// MexcSocket: one WebSocket connection to the venue, from connect to end: subscribes, has each
// subscription confirmed, pings, and hands on decoded pushes.
//
// Owned by a feed, on the trading thread; one use. A subscription counts only when the venue's
// answer names exactly the channel asked for. A missing pong proves a connection dead; a pong
// proves nothing (the feed's watchdog counts application frames). Frames that make no sense are
// counted and dropped. `stop` may be called from any handler; after it, none is called.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/instant.h"
#include "core/machine/event.h"
#include "core/os/loop.h"
#include "core/os/socket.h"
#include "core/os/websocket.h"
#include "core/venue/mexc/frames.h"

namespace levi::mexc {

inline constexpr std::size_t kSubscriptionsMax = 30;  // of one connection; further ones are void

struct SocketOptions {
  os::Endpoint endpoint;
  std::string host;  // of the Host header; empty: the endpoint's own text
  std::string target = "/ws";
  Nanos connect_timeout{2s};
  Nanos ping_every{8s};
  Nanos confirm_max{3s};  // a subscription that is not confirmed is asked for again, then given up
};

struct SocketHandlers {
  std::function<void(std::size_t channel)> on_confirmed;
  std::function<void(std::size_t channel, const pb::PushDataV3ApiWrapper& push)> on_push;
  std::function<void()> on_invalid_listen_key;
  std::function<void(machine::FeedDownWhy why, const std::string& text)> on_closed;  // once
};

class MexcSocket {
 public:
  MexcSocket(os::Loop& loop, SocketOptions options, const std::vector<std::string>& channels,
             std::uint64_t ordinal, SocketHandlers handlers);
  ~MexcSocket();
  MexcSocket(const MexcSocket&) = delete;
  MexcSocket& operator=(const MexcSocket&) = delete;

  void stop();
  // The same subscription anew: its confirmation proves that it still exists.
  void resubscribe(std::size_t channel);

  std::uint64_t ordinal() const { return ordinal_; }
  bool is_confirmed(std::size_t channel) const { return channels_[channel].confirmed; }
  bool all_confirmed() const;
  MonoTime last_frame(std::size_t channel) const { return channels_[channel].last_frame; }
  std::uint64_t frames() const { return frames_; }
  std::uint64_t decode_errors() const { return decode_errors_; }

 private:
  struct Channel {
    std::string name;
    bool confirmed = false;
    unsigned asked = 0;
    unsigned farewells = 0;  // answers to our own UNSUBSCRIPTION that are still to come
    MonoTime asked_at;
    MonoTime last_frame;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  void on_open();
  void on_message(bool binary, std::string_view payload);
  void on_text(std::string_view text);
  void on_binary(std::string_view bytes);
  void on_end(const os::WsClosed& closed);
  void subscribe(std::size_t channel);
  void look();
  void fail(machine::FeedDownWhy why, const std::string& text);
  bool send_request(const char* method, const std::string& channel);

  os::Loop& loop_;
  const SocketOptions options_;
  const std::uint64_t ordinal_;
  const SocketHandlers handlers_;
  std::vector<Channel> channels_;
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> channel_by_name_;
  bool open_ = false;
  bool over_ = false;
  std::uint64_t frames_ = 0;
  std::uint64_t decode_errors_ = 0;
  std::string refused_;  // what the venue last said instead of a confirmation
  MonoTime pinged_at_;
  bool pong_awaited_ = false;
  os::Loop::TimerId look_timer_ = 0;
  pb::PushDataV3ApiWrapper push_;  // reused
  std::unique_ptr<os::WebSocketClient> client_;
};

}  // namespace levi::mexc
