// VenueClock: what time the venue's clock shows, from serverTime answers. Pure; owned by the
// venue's thread.
//
// An answer proves only an interval: the venue read its clock between our sending and our
// receiving, and cut it to milliseconds. The offset is moved just enough to lie in that interval,
// so that a slow answer (a busy machine, a far venue) cannot throw a good offset away; with
// recvWindow at 200 ms that matters.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>

#include "core/base/instant.h"

namespace levi::mexc {

inline constexpr Nanos kMillisecond{1'000'000};

class VenueClock {
 public:
  explicit VenueClock(std::function<Instant()> wall_now) : wall_now_(std::move(wall_now)) {}

  void sample(Instant sent, Instant received, std::int64_t server_ms) {
    const Instant server{server_ms * kMillisecond.count()};
    const Nanos least = server - received;
    const Nanos most = server + kMillisecond - sent;
    if (least > most) return;  // The wall clock was set back meanwhile: this answer proves nothing.
    offset_ = std::clamp(offset_, least, most);
    last_server_ms_ = std::max(last_server_ms_, server_ms);
  }

  Nanos offset() const { return offset_; }  // venue minus wall
  Instant wall_now() const { return wall_now_(); }
  std::int64_t now_ms() const { return ms(wall_now_()); }
  std::int64_t ms(Instant wall) const { return (wall + offset_).ns / kMillisecond.count(); }
  // How far the venue's clock has gone past a time that it wrote on something. Below zero where a
  // clock moved meanwhile; nullopt before the venue was ever asked.
  std::optional<Nanos> age(std::int64_t venue_ms) const {
    if (last_server_ms_ == 0) return std::nullopt;
    return wall_now_() + offset_ - Instant{venue_ms * kMillisecond.count()};
  }
  std::int64_t last_server_ms() const { return last_server_ms_; }  // 0: never asked

 private:
  std::function<Instant()> wall_now_;
  Nanos offset_{0};
  std::int64_t last_server_ms_ = 0;
};

}  // namespace levi::mexc
