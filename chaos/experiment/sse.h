// Server-sent events, as the WHATWG standard frames them. Pure: bytes in, events out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace levi::chaos {

struct SseEvent {
  std::string id;
  std::string type;  // "message" where none was named
  std::string data;
};

class SseParser {
 public:
  static constexpr std::size_t kEventBytesMax = 1 << 20;

  // False once an event exceeds the limit: the stream is of no use any more.
  bool feed(std::string_view bytes, std::vector<SseEvent>& events);

 private:
  void line(std::string_view text, std::vector<SseEvent>& events);

  std::string buffer_;
  bool skip_newline_ = false;  // the last line ended with '\r': a '\n' that follows belongs to it
  std::string id_;
  std::string type_;
  std::string data_;
  bool has_data_ = false;
};

}  // namespace levi::chaos
