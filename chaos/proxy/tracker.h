// Tracker: finds the messages in one direction's bytes as they go by: HTTP/1.x, then WebSocket
// frames where an upgrade is granted; anything else is opaque.
//
// Always on, so that a toxic that asks about messages may come at any time: it must be cheap, and
// copies nothing but heads. Part of a link, on the loop's thread. `next` says what the front of the
// bytes belongs to; the Assembler makes whole units of that.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "chaos/proxy/chain.h"
#include "chaos/proxy/exchange.h"
#include "chaos/proxy/http_head.h"
#include "chaos/proxy/toxic.h"

namespace levi::proxy {

struct Span {
  std::size_t size = 0;  // bytes from the front
  Unit unit = Unit::kBytes;
  bool begins = false;  // holds the unit's first byte
  bool ends = false;    // and its last
  bool part = true;     // may be judged now: a head is judged whole, a WebSocket message too
};

class Tracker {
 public:
  Tracker(Direction direction, Exchange& exchange) : direction_(direction), exchange_(exchange) {}

  Span next(std::string_view bytes);  // at least one byte in, at least one taken
  void follow(std::string_view bytes) {
    while (!bytes.empty() && !opaque()) {
      bytes.remove_prefix(follow_frames(bytes));
      if (!bytes.empty()) bytes.remove_prefix(next(bytes).size);
    }
  }
  bool opaque() const { return state_ == State::kOpaque; }
  // Nothing of a unit has gone by that is not over.
  bool at_boundary() const;
  // Of the HTTP message that the last span belonged to.
  const std::shared_ptr<const Message>& message() const { return message_; }

 private:
  enum class State {
    kHead,
    kLength,     // `left_` bytes of body
    kToEnd,      // the body ends with the connection
    kChunkSize,  // a line
    kChunkData,
    kChunkEnd,  // the line's end behind a chunk
    kTrailer,   // lines up to an empty one
    kFrameHead,
    kFramePayload,
    kOpaque,
  };

  Unit http_unit() const {
    return direction_ == Direction::kUpstream ? Unit::kRequest : Unit::kAnswer;
  }
  Span give_up(std::size_t size);
  Span next_of_head(std::string_view bytes);
  bool could_be_head() const;
  bool on_request_head();
  bool on_answer_head();
  void begin_body(const HttpHead& head, bool none);
  Span next_of_body(std::string_view bytes);
  Span next_of_line(std::string_view bytes);
  void end_message();
  std::size_t follow_frames(std::string_view bytes);
  Span next_of_frame(std::string_view bytes);
  // False: the head is not whole yet, or is none; `span` then says what the bytes are.
  bool take_frame_head(std::string_view bytes, Span& span);
  bool read_frame_head();

  const Direction direction_;
  Exchange& exchange_;
  State state_ = State::kHead;
  std::string head_;  // of HTTP so far, or a line of a chunked body
  std::shared_ptr<const Message> message_;
  std::uint64_t left_ = 0;
  bool interim_ = false;  // a 1xx answer: the request waits on
  std::array<unsigned char, 14> frame_head_{};
  std::size_t frame_head_size_ = 0;
  bool frame_control_ = false;
  bool frame_final_ = false;
  bool in_ws_message_ = false;
};

// Assembler: spans to items. Holds the beginning of a unit until it can be judged, at most
// kHeldMax: a longer WebSocket message goes on in parts.
class Assembler {
 public:
  static constexpr std::size_t kHeldMax = 256 * 1024;
  using Out = std::function<void(Item)>;

  void add(const Span& span, std::string_view bytes, const std::shared_ptr<const Message>& message,
           const Out& out);
  void flush(const Out& out);  // what is held goes on as bytes
  std::size_t held() const { return data_.size() + control_.size(); }

 private:
  std::string data_;
  std::string control_;
  Unit data_unit_ = Unit::kBytes;
  bool data_begins_ = false;
};

}  // namespace levi::proxy
