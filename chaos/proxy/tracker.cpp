#include "chaos/proxy/tracker.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace levi::proxy {
namespace {

constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kLineBytesMax = 4096;
constexpr std::size_t kMethodBytesMax = 20;

// Behind the empty line, whichever way the lines end: who waits for "\r\n" alone holds back what
// most servers answer. npos: it is not there yet.
std::size_t end_of_head(std::string_view head, std::size_t from) {
  for (std::size_t at = head.find('\n', from); at != std::string_view::npos;
       at = head.find('\n', at + 1)) {
    const std::string_view next = head.substr(at + 1, 2);
    if (next.starts_with('\n')) return at + 2;
    if (next == "\r\n") return at + 3;
  }
  return std::string_view::npos;
}

}  // namespace

bool Tracker::at_boundary() const {
  switch (state_) {
    case State::kHead:
      return head_.empty();
    case State::kFrameHead:
      return frame_head_size_ == 0 && !in_ws_message_;
    case State::kOpaque:
      return true;
    default:
      return false;
  }
}

Span Tracker::give_up(std::size_t size) {
  state_ = State::kOpaque;
  exchange_.give_up();
  head_.clear();
  head_.shrink_to_fit();
  return {.size = size, .unit = Unit::kBytes};
}

Span Tracker::next(std::string_view bytes) {
  if (exchange_.opaque() && !exchange_.websocket()) return give_up(bytes.size());
  if (exchange_.websocket() && state_ == State::kHead && head_.empty()) {
    state_ = State::kFrameHead;
  }
  switch (state_) {
    case State::kHead:
      return next_of_head(bytes);
    case State::kFrameHead:
    case State::kFramePayload:
      return next_of_frame(bytes);
    case State::kOpaque:
      return {.size = bytes.size(), .unit = Unit::kBytes};
    case State::kChunkSize:
    case State::kChunkEnd:
    case State::kTrailer:
      return next_of_line(bytes);
    default:
      return next_of_body(bytes);
  }
}

// Soon enough, so that a protocol that is not HTTP is not collected as a head.
bool Tracker::could_be_head() const {
  if (direction_ == Direction::kDownstream) {
    constexpr std::string_view kStart = "HTTP/1.";
    const std::size_t size = std::min(head_.size(), kStart.size());
    return exchange_.awaited() != nullptr && head_.compare(0, size, kStart, 0, size) == 0;
  }
  const std::size_t end = std::min(head_.find(' '), head_.size());
  if (end == 0 || end > kMethodBytesMax) return false;
  const std::size_t line = head_.find('\n');
  if (line != std::string::npos && head_.substr(0, line).find(" HTTP/1.") == std::string::npos) {
    return false;
  }
  return std::all_of(head_.begin(), head_.begin() + static_cast<std::ptrdiff_t>(end),
                     [](char c) { return c >= 'A' && c <= 'Z'; });
}

Span Tracker::next_of_head(std::string_view bytes) {
  const bool begins = head_.empty();
  const std::size_t before = head_.size();
  head_ += bytes.substr(0, std::min(bytes.size(), kHeadBytesMax + 1 - before));
  if (!could_be_head()) return give_up(bytes.size());
  const std::size_t from = before < 3 ? 0 : before - 3;
  const std::size_t end = end_of_head(head_, from);
  if (end == std::string::npos) {
    if (head_.size() > kHeadBytesMax) return give_up(bytes.size());
    return {.size = bytes.size(), .unit = http_unit(), .begins = begins, .part = false};
  }
  head_.resize(end);
  Span span{.size = head_.size() - before, .unit = http_unit(), .begins = begins};
  const bool known = direction_ == Direction::kUpstream ? on_request_head() : on_answer_head();
  if (!known) return give_up(span.size);
  head_.clear();
  span.ends = state_ == State::kHead || state_ == State::kFrameHead;
  return span;
}

bool Tracker::on_request_head() {
  const auto head = parse_request_head(head_);
  if (!head || head->method == "CONNECT") return false;
  auto message = std::make_shared<Message>();
  message->method = head->method;
  message->path = head->path;
  message->upgrade = head->websocket;
  message_ = message;
  exchange_.on_request(std::move(message));
  begin_body(*head, !head->length && !head->chunked);
  return true;
}

bool Tracker::on_answer_head() {
  const auto head = parse_answer_head(head_);
  const Message* const request = exchange_.awaited();
  if (!head || request == nullptr) return false;
  auto message = std::make_shared<Message>(*request);
  message->status = head->status;
  message->upgrade = head->status == 101 && head->websocket && request->upgrade;
  const bool no_body =
      request->method == "HEAD" || head->status < 200 || head->status == 204 || head->status == 304;
  message_ = message;
  interim_ = head->status < 200 && head->status != 101;
  if (head->status == 101) {
    if (!message->upgrade) return false;
    exchange_.begin_websocket(head->deflate && head->client_takeover,
                              head->deflate && head->server_takeover);
    exchange_.on_answered();
    state_ = State::kFrameHead;
    return true;
  }
  begin_body(*head, no_body);
  return true;
}

void Tracker::begin_body(const HttpHead& head, bool none) {
  if (none || (head.length && *head.length == 0)) {
    end_message();
  } else if (head.chunked) {
    state_ = State::kChunkSize;
  } else if (head.length) {
    state_ = State::kLength;
    left_ = *head.length;
  } else {
    state_ = State::kToEnd;
  }
}

void Tracker::end_message() {
  state_ = State::kHead;
  if (direction_ == Direction::kDownstream && !interim_) exchange_.on_answered();
}

Span Tracker::next_of_body(std::string_view bytes) {
  Span span{.size = bytes.size(), .unit = http_unit()};
  if (state_ == State::kToEnd) return span;
  span.size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  left_ -= span.size;
  if (left_ > 0) return span;
  if (state_ == State::kChunkData) {
    state_ = State::kChunkEnd;
  } else {
    end_message();
    span.ends = true;
  }
  return span;
}

// Lines of a chunked body: sizes, the ends of chunks, trailers.
Span Tracker::next_of_line(std::string_view bytes) {
  const std::size_t newline = bytes.find('\n');
  Span span{.size = newline == std::string_view::npos ? bytes.size() : newline + 1,
            .unit = http_unit()};
  head_ += bytes.substr(0, span.size);
  if (head_.size() > kLineBytesMax) return give_up(span.size);
  if (newline == std::string_view::npos) return span;
  const std::string line = std::exchange(head_, {});
  const bool empty = line == "\r\n" || line == "\n";
  if (state_ == State::kTrailer) {
    if (empty) end_message();
    span.ends = empty;
  } else if (state_ == State::kChunkEnd) {
    if (!empty) return give_up(span.size);
    state_ = State::kChunkSize;
  } else {
    std::uint64_t size = 0;
    const auto parsed = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (parsed.ec != std::errc{}) return give_up(span.size);
    left_ = size;
    state_ = size == 0 ? State::kTrailer : State::kChunkData;
  }
  return span;
}

// The head is whole in `frame_head_`: what follows?
bool Tracker::read_frame_head() {
  const unsigned opcode = frame_head_[0] & 0x0fu;
  frame_final_ = (frame_head_[0] & 0x80u) != 0;
  frame_control_ = opcode >= 8;
  left_ = frame_head_[1] & 0x7fu;
  const std::size_t extra = left_ == 126 ? 2 : left_ == 127 ? 8 : 0;
  if (extra > 0) {
    left_ = 0;
    for (std::size_t i = 0; i < extra; ++i) left_ = left_ << 8 | frame_head_[2 + i];
  }
  const bool masked = (frame_head_[1] & 0x80u) != 0;
  if (masked != (direction_ == Direction::kUpstream) || left_ >> 63 != 0) return false;
  if (frame_control_) return opcode <= 10 && frame_final_ && left_ <= 125;
  return opcode <= 2 && (opcode == 0) == in_ws_message_;
}

// Whole frames at the front of the bytes, without a span for each: most of a feed is that.
std::size_t Tracker::follow_frames(std::string_view bytes) {
  constexpr std::size_t kHeadMax = 14;
  if (state_ != State::kFrameHead || frame_head_size_ != 0) return 0;
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  const bool masked = direction_ == Direction::kUpstream;
  bool in_message = in_ws_message_;
  std::size_t at = 0;
  while (at + kHeadMax <= bytes.size()) {
    const unsigned opcode = data[at] & 0x0fu;
    const bool final = (data[at] & 0x80u) != 0;
    const bool control = opcode >= 8;
    std::size_t length = data[at + 1] & 0x7fu;
    std::size_t head = masked ? 6 : 2;
    // Anything that is not plain is left to the careful reader.
    if (((data[at + 1] & 0x80u) != 0) != masked || length == 127) break;
    if (control ? opcode > 10 || !final || length > 125 : opcode > 2) break;
    if (!control && (opcode == 0) != in_message) break;
    if (length == 126) {
      length = static_cast<std::size_t>(data[at + 2]) << 8 | data[at + 3];
      head += 2;
    }
    if (bytes.size() - at < head + length) break;
    at += head + length;
    if (!control) in_message = !final;
  }
  in_ws_message_ = in_message;
  return at;
}

bool Tracker::take_frame_head(std::string_view bytes, Span& span) {
  const bool fresh = frame_head_size_ == 0;
  const auto take = [&](std::size_t size) {
    while (frame_head_size_ < size && span.size < bytes.size()) {
      frame_head_[frame_head_size_++] = static_cast<unsigned char>(bytes[span.size++]);
    }
    return frame_head_size_ >= size;
  };
  std::size_t size = 2;
  if (take(size)) {
    const unsigned length = frame_head_[1] & 0x7fu;
    size += length == 126 ? 2u : length == 127 ? 8u : 0u;
    size += (frame_head_[1] & 0x80u) != 0 ? 4u : 0u;
  }
  frame_control_ = (frame_head_[0] & 0x0fu) >= 8;
  span.unit = frame_control_ ? Unit::kWsControl : Unit::kWsMessage;
  span.begins = fresh && (frame_control_ || !in_ws_message_);
  if (frame_head_size_ < 2 || !take(size)) return false;
  if (!read_frame_head()) {
    state_ = State::kOpaque;
    span = {.size = span.size, .unit = Unit::kBytes};
    return false;
  }
  frame_head_size_ = 0;
  if (!frame_control_) in_ws_message_ = true;
  state_ = State::kFramePayload;
  return true;
}

Span Tracker::next_of_frame(std::string_view bytes) {
  Span span{.part = false};
  if (state_ == State::kFrameHead && !take_frame_head(bytes, span)) return span;
  span.unit = frame_control_ ? Unit::kWsControl : Unit::kWsMessage;
  const auto payload =
      static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - span.size));
  span.size += payload;
  left_ -= payload;
  if (left_ == 0) {
    state_ = State::kFrameHead;
    span.ends = frame_control_ || frame_final_;
    if (!frame_control_ && frame_final_) in_ws_message_ = false;
  }
  return span;
}

void Assembler::add(const Span& span, std::string_view bytes,
                    const std::shared_ptr<const Message>& message, const Out& out) {
  if (span.unit == Unit::kBytes) {
    flush(out);
    out({.bytes = std::string(bytes)});
    return;
  }
  if (span.unit == Unit::kWsControl) {
    control_ += bytes;
    if (!span.ends) return;
    // Part of a long message has gone, perhaps up to the middle of a frame: the frame's rest goes
    // first.
    if (!data_.empty() && !data_begins_) {
      out({.bytes = std::exchange(data_, {}),
           .unit = Unit::kWsMessage,
           .begins = false,
           .ends = false});
    }
    out({.bytes = std::exchange(control_, {}), .unit = span.unit});
    return;
  }
  if (data_.empty()) data_begins_ = span.begins;
  data_unit_ = span.unit;
  data_ += bytes;
  if (!span.part && !span.ends && data_.size() < kHeldMax) return;
  const bool http = span.unit != Unit::kWsMessage;
  out({.bytes = std::exchange(data_, {}),
       .unit = span.unit,
       .begins = std::exchange(data_begins_, false),
       .ends = span.ends,
       .message = http ? message : nullptr});
}

void Assembler::flush(const Out& out) {
  // The end of a unit whose beginning has gone shares its fate.
  if (!data_.empty()) {
    out({.bytes = std::exchange(data_, {}),
         .unit = data_begins_ ? Unit::kBytes : data_unit_,
         .begins = data_begins_,
         .ends = data_begins_});
  }
  if (!control_.empty()) out({.bytes = std::exchange(control_, {})});
}

}  // namespace levi::proxy
