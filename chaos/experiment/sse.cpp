#include "chaos/experiment/sse.h"

namespace levi::chaos {

bool SseParser::feed(std::string_view bytes, std::vector<SseEvent>& events) {
  for (const char c : bytes) {
    if (skip_newline_ && c == '\n') {
      skip_newline_ = false;
      continue;
    }
    skip_newline_ = c == '\r';
    if (c == '\n' || c == '\r') {
      line(buffer_, events);
      buffer_.clear();
    } else {
      buffer_ += c;
    }
    if (buffer_.size() + data_.size() > kEventBytesMax) return false;
  }
  return true;
}

void SseParser::line(std::string_view text, std::vector<SseEvent>& events) {
  if (text.empty()) {  // the end of an event
    if (has_data_) events.push_back({id_, type_.empty() ? "message" : type_, data_});
    type_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  const std::size_t colon = text.find(':');
  if (colon == 0) return;  // a comment: keep-alive
  const std::string_view field = text.substr(0, colon);
  std::string_view value =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (field == "id") id_ = value;
  if (field == "event") type_ = value;
  if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }
}

}  // namespace levi::chaos
