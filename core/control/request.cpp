#include "core/control/request.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "core/control/pairs.h"

namespace levi::control {
namespace {

// What a byte may be part of: one look-up each, because every byte of a kill passes here.
constexpr std::uint8_t kToken = 1;    // RFC 9110 section 5.6.2
constexpr std::uint8_t kVisible = 2;  // of a target
constexpr std::uint8_t kField = 4;    // of a header's value

constexpr std::array<std::uint8_t, 256> kByteKinds = [] {
  std::array<std::uint8_t, 256> kinds{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::uint8_t kind = 0;
    const bool separator = std::string_view("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(byte)) !=
                           std::string_view::npos;
    if (byte > 0x20 && byte < 0x7f && !separator) kind |= kToken;
    if (byte > 0x20 && byte != 0x7f) kind |= kVisible;
    if ((byte >= 0x20 && byte != 0x7f) || byte == '\t') kind |= kField;
    kinds[byte] = kind;
  }
  return kinds;
}();

bool all_of(std::string_view text, std::uint8_t kind) {
  for (const char c : text) {
    if ((kByteKinds[static_cast<unsigned char>(c)] & kind) == 0) return false;
  }
  return !text.empty();
}

constexpr std::size_t kNone = std::string_view::npos;

// Framing of the body, as the headers say it.
struct Framing {
  bool has_length = false;
  std::size_t length = 0;
  bool chunked = false;
};

ParseResult refused(int status, const char* why) {
  ParseResult result;
  result.parsed = Parsed::kRefused;
  result.status = status;
  result.why = why;
  return result;
}

// One line without its end; false where it is not there yet. Lines end in CRLF, or LF alone (RFC
// 9112 section 2.2).
bool take_line(std::string_view& rest, std::string_view& line) {
  const std::size_t end = rest.find('\n');
  if (end == kNone) return false;
  line = rest.substr(0, end);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  rest.remove_prefix(end + 1);
  return true;
}

void split_target(Request& request) {
  std::string_view path = request.target;
  if (const std::size_t scheme = path.find("://"); scheme != kNone && path.front() != '/') {
    const std::size_t slash = path.find('/', scheme + 3);
    path = slash == kNone ? std::string_view("/") : path.substr(slash);
  }
  const std::size_t mark = path.find('?');
  request.path = path.substr(0, mark);
  request.query = mark == kNone ? std::string_view{} : path.substr(mark + 1);
}

// "POST /live/kill HTTP/1.1"; 0, or the status to refuse with.
int read_request_line(std::string_view line, ParseResult& result) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == kNone || last == first) return 400;
  Request& request = result.request;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!all_of(request.method, kToken) || !all_of(request.target, kVisible)) return 400;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return version.substr(0, 5) == "HTTP/" ? 505 : 400;
  }
  request.keep_alive = version == "HTTP/1.1";
  split_target(request);
  return 0;
}

int read_length(std::string_view value, Framing& framing) {
  std::size_t length = 0;
  if (value.empty() || value.size() > 18) return 400;
  for (const char c : value) {
    if (c < '0' || c > '9') return 400;
    length = length * 10 + static_cast<std::size_t>(c - '0');
  }
  if (framing.has_length && framing.length != length) return 400;
  framing.has_length = true;
  framing.length = length;
  return 0;
}

void read_connection(std::string_view value, Request& request) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view option = trimmed(value.substr(0, comma));
    if (equal_ignoring_case(option, "close")) request.keep_alive = false;
    if (equal_ignoring_case(option, "keep-alive")) request.keep_alive = true;
    value = comma == kNone ? std::string_view{} : value.substr(comma + 1);
  }
}

int read_header(std::string_view line, Request& request, Framing& framing) {
  const std::size_t colon = line.find(':');
  if (colon == kNone || !all_of(line.substr(0, colon), kToken)) return 400;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!value.empty() && !all_of(value, kField)) return 400;
  if (equal_ignoring_case(name, "content-length")) return read_length(value, framing);
  if (equal_ignoring_case(name, "connection")) read_connection(value, request);
  if (equal_ignoring_case(name, "host")) request.host = value;
  if (equal_ignoring_case(name, "origin")) request.origin = value;
  if (equal_ignoring_case(name, "transfer-encoding")) {
    if (framing.chunked || !equal_ignoring_case(value, "chunked")) return 501;
    framing.chunked = true;
  }
  if (equal_ignoring_case(name, "expect")) {
    request.expects_continue = equal_ignoring_case(value, "100-continue");
  }
  return 0;
}

// Chunk sizes are hexadecimal; extensions behind ';' are ignored. kNone where the line is nonsense.
std::size_t chunk_size(std::string_view line) {
  const std::string_view digits = trimmed(line.substr(0, line.find(';')));
  if (digits.empty() || digits.size() > 8) return kNone;
  std::size_t size = 0;
  for (const char c : digits) {
    const char quoted[3] = {'%', '0', c};
    const int value = percent_byte({quoted, 3});
    if (value < 0) return kNone;
    size = size * 16 + static_cast<std::size_t>(value);
  }
  return size;
}

// Behind the last chunk: trailer lines up to an empty one. They are not read.
Parsed skip_trailers(std::string_view& rest) {
  std::string_view line;
  while (take_line(rest, line)) {
    if (line.empty()) return Parsed::kWhole;
  }
  return Parsed::kMore;
}

// Walks over the chunks and, with `into`, moves their bytes there; `rest` is then what follows the
// body.
Parsed walk_chunks(std::string_view& rest, char* into, std::size_t& length) {
  length = 0;
  while (true) {
    std::string_view line;
    if (!take_line(rest, line)) return rest.size() > 64 ? Parsed::kRefused : Parsed::kMore;
    const std::size_t size = chunk_size(line);
    if (size == kNone || size > kRequestBytesMax) return Parsed::kRefused;
    if (size == 0) return skip_trailers(rest);
    if (rest.size() < size) return Parsed::kMore;
    if (into != nullptr) std::memmove(into + length, rest.data(), size);
    length += size;
    rest.remove_prefix(size);
    std::string_view end;
    if (rest.empty() || (rest.size() == 1 && rest.front() == '\r')) return Parsed::kMore;
    if (!take_line(rest, end) || !end.empty()) return Parsed::kRefused;
  }
}

ParseResult read_chunked(char* buffer, std::string_view rest, std::size_t size,
                         ParseResult result) {
  const auto start = static_cast<std::size_t>(rest.data() - buffer);
  std::string_view walked = rest;
  std::size_t length = 0;
  const Parsed parsed = walk_chunks(walked, nullptr, length);
  if (parsed == Parsed::kRefused) return refused(400, "the chunked body is malformed");
  if (parsed == Parsed::kMore) {
    if (size >= kRequestBytesMax) return refused(413, "the body is larger than this port reads");
    return result;
  }
  walked = rest;
  walk_chunks(walked, buffer + start, length);  // whole: now unpack it over itself
  result.request.body = {buffer + start, length};
  result.consumed = static_cast<std::size_t>(walked.data() - buffer);
  result.parsed = Parsed::kWhole;
  return result;
}

ParseResult read_body(char* buffer, std::string_view rest, std::size_t size, const Framing& framing,
                      ParseResult result) {
  result.head_whole = true;
  result.request.body = rest;  // as far as it is there
  if (framing.chunked && framing.has_length) {
    return refused(400, "both Content-Length and Transfer-Encoding are given");
  }
  if (framing.chunked) return read_chunked(buffer, rest, size, result);
  const auto head = static_cast<std::size_t>(rest.data() - buffer);
  if (framing.length > kRequestBytesMax - head) {
    ParseResult too_large = refused(413, "the body is larger than this port reads");
    too_large.request.body = rest;
    return too_large;
  }
  if (rest.size() < framing.length) return result;
  result.request.body = rest.substr(0, framing.length);
  result.consumed = head + framing.length;
  result.parsed = Parsed::kWhole;
  return result;
}

const char* sentence(int status) {
  switch (status) {
    case 501:
      return "of the transfer encodings only chunked is understood";
    case 505:
      return "only HTTP/1.0 and HTTP/1.1 are spoken here";
    default:
      return "this is not an HTTP request: expected METHOD PATH HTTP/1.1 and header lines";
  }
}

// The path's next character with escapes decoded, in lower case; removed from the path.
char take_path_char(std::string_view& path) {
  const int escaped = path.front() == '%' ? percent_byte(path) : -1;
  const char c = escaped >= 0 ? static_cast<char>(escaped) : path.front();
  path.remove_prefix(escaped >= 0 ? 3 : 1);
  return lower(c);
}

// Whether the path goes on with this name; a run of slashes counts as one.
bool goes_on_with(std::string_view path, std::string_view name) {
  for (std::size_t i = 0; i < name.size();) {
    if (path.empty()) return false;
    const char c = take_path_char(path);
    if (c == name[i]) {
      ++i;
    } else if (c != '/' || i == 0 || name[i - 1] != '/') {
      return false;
    }
  }
  return true;
}

bool path_names_kill(std::string_view path) {
  while (!path.empty()) {
    const std::string_view here = path;
    if (take_path_char(path) != '/') continue;
    if (goes_on_with(here, "/live/kill") || goes_on_with(here, "/admin/kill")) return true;
  }
  return false;
}

}  // namespace

ParseResult parse_request(char* buffer, std::size_t size) {
  std::string_view rest(buffer, size);
  // Empty lines before a request are skipped (RFC 9112 section 2.2).
  while (!rest.empty() && (rest.front() == '\r' || rest.front() == '\n')) rest.remove_prefix(1);
  const bool full = size >= kRequestBytesMax;
  ParseResult result;
  std::string_view line;
  if (!take_line(rest, line)) return full ? refused(414, "the request line is too long") : result;
  if (const int status = read_request_line(line, result)) return refused(status, sentence(status));
  Framing framing;
  for (std::size_t count = 0;; ++count) {
    if (!take_line(rest, line)) {
      return full ? refused(431, "the header lines are longer than this port reads") : result;
    }
    if (line.empty()) break;
    if (count == kHeaderCountMax) return refused(431, "there are too many header lines");
    if (const int status = read_header(line, result.request, framing)) {
      return refused(status, sentence(status));
    }
  }
  return read_body(buffer, rest, size, framing, result);
}

bool wants_kill(std::string_view bytes, std::string_view* query) {
  std::size_t start = 0;
  while (start < bytes.size() && static_cast<unsigned char>(bytes[start]) <= 0x20) ++start;
  bytes.remove_prefix(start);
  if (!equal_ignoring_case(bytes.substr(0, 4), "post")) return false;
  bytes.remove_prefix(4);
  if (bytes.empty() || (bytes.front() != ' ' && bytes.front() != '\t')) return false;
  std::string_view line = bytes.substr(0, bytes.find('\n'));
  const std::size_t mark = line.find('?');
  if (!path_names_kill(line.substr(0, mark))) return false;
  if (query != nullptr) {
    std::string_view said = mark == kNone ? std::string_view{} : line.substr(mark + 1);
    *query = said.substr(0, said.find_first_of(" \t\r"));
  }
  return true;
}

}  // namespace levi::control
