#include "chaos/proxy/http_head.h"

#include <charconv>

#include "core/os/http_text.h"

namespace levi::proxy {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

bool read_length(std::string_view value, HttpHead& head) {
  std::uint64_t length = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), length);
  if (parsed.ec != std::errc{} || parsed.ptr != value.data() + value.size()) return false;
  if (head.length && *head.length != length) return false;
  head.length = length;
  return true;
}

bool read_fields(std::string_view text, HttpHead& head) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (os::equals_ignoring_case(name, "content-length")) {
      if (!read_length(value, head)) return false;
    } else if (os::equals_ignoring_case(name, "transfer-encoding")) {
      if (!os::list_contains(value, "chunked")) return false;
      head.chunked = true;
    } else if (os::equals_ignoring_case(name, "upgrade")) {
      head.websocket = os::list_contains(value, "websocket");
    } else if (os::equals_ignoring_case(name, "sec-websocket-extensions") &&
               value.find("permessage-deflate") != std::string_view::npos) {
      head.deflate = true;
      head.client_takeover = value.find("client_no_context_takeover") == std::string_view::npos;
      head.server_takeover = value.find("server_no_context_takeover") == std::string_view::npos;
    }
  }
  return !(head.chunked && head.length);
}

}  // namespace

std::optional<HttpHead> parse_request_head(std::string_view text) {
  HttpHead head;
  const std::string_view line = take_line(text);
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end <= method_end) return std::nullopt;
  if (!line.substr(target_end + 1).starts_with("HTTP/1.")) return std::nullopt;
  head.method = line.substr(0, method_end);
  std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  head.path = target.substr(0, target.find('?'));
  if (!read_fields(text, head)) return std::nullopt;
  return head;
}

std::optional<HttpHead> parse_answer_head(std::string_view text) {
  HttpHead head;
  const std::string_view line = take_line(text);
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return std::nullopt;
  const auto parsed = std::from_chars(line.data() + 9, line.data() + 12, head.status);
  if (parsed.ec != std::errc{} || parsed.ptr != line.data() + 12 || head.status < 100) {
    return std::nullopt;
  }
  if (!read_fields(text, head)) return std::nullopt;
  return head;
}

}  // namespace levi::proxy
