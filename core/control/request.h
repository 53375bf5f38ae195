// The control port's HTTP/1.1 request parser: strict, over a caller's fixed buffer, without
// allocation or state.
//
// `parse_request` is called again with all bytes received so far; it answers "more", "whole" or
// "refused". A chunked body is unpacked in place when it is whole. Views point into the buffer.
// Beside it stands the question that matters more than syntax: do these bytes want to kill?
// (`wants_kill`, docs/api.md "Malformed kills")
#pragma once

#include <cstddef>
#include <string_view>

namespace levi::control {

inline constexpr std::size_t kRequestBytesMax = 8192;  // head and body together
inline constexpr std::size_t kHeaderCountMax = 64;

struct Request {
  std::string_view method;
  std::string_view target;  // as received
  std::string_view path;    // without query; of an absolute target only the path
  std::string_view query;
  std::string_view body;
  std::string_view host;    // of the headers; empty: none
  std::string_view origin;  // empty: none
  bool keep_alive = true;
  bool expects_continue = false;  // known before the body is there
};

enum class Parsed { kMore, kWhole, kRefused };

struct ParseResult {
  Parsed parsed = Parsed::kMore;
  // kWhole: all of it. kMore: what the head said once it is whole (`head_whole`), and the body as
  // far as it is there; of a body that is too large (413) only that.
  Request request;
  bool head_whole = false;
  std::size_t consumed = 0;  // kWhole: bytes of this request
  int status = 0;            // kRefused: 400, 413, 414, 431, 501, 505
  const char* why = "";      // kRefused: one sentence for the problem document
};

ParseResult parse_request(char* buffer, std::size_t size);

// True where the bytes begin with POST (any case) and a path that contains /live/kill or
// /admin/kill, percent escapes decoded, case and repeated slashes ignored: whatever follows,
// however odd. `query` gets what of the query is there.
bool wants_kill(std::string_view bytes, std::string_view* query);

}  // namespace levi::control
