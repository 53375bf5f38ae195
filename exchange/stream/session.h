// Session: one client's WebSocket as the hub sees it. The socket itself is behind PushSocket; a
// test has its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/venue/mexc/wire/channel.h"
#include "exchange/ledger/ledger.h"

namespace levi::exchange {

class PushSocket {
 public:
  virtual ~PushSocket() = default;
  virtual bool send(bool binary, std::string_view payload) = 0;
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  virtual void reset() = 0;  // RST
};

inline unsigned bit_of(mexc::ChannelKind kind) { return 1u << static_cast<unsigned>(kind); }

struct Session {
  ConnectionOrdinal connection;
  AccountId account = kNoAccount;  // of the listen key; without one the connection is public
  PushSocket* socket = nullptr;
  std::vector<std::string> subscriptions;
  unsigned private_channels = 0;     // bit_of each
  std::vector<std::string> pending;  // private pushes, until the end of the round
  MonoTime opened;
  MonoTime last_alive;       // a push sent, a ping received, or the opening
  MonoTime last_subscribed;  // the last moment at which a subscription stood
  MonoTime second_start;     // for the limit of frames per second
  int frames_this_second = 0;
  bool frozen = false;   // half-open: neither read nor written
  bool missed = false;   // something was not sent while frozen
  bool closing = false;  // the socket is gone; the session goes at the next sweep
};

}  // namespace levi::exchange
