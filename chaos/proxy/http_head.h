// The head of an HTTP/1.x message as the proxy needs it: where the body ends, what was asked,
// whether a WebSocket begins. Pure. Lenient: the proxy is no judge; what it can't frame passes as
// bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace levi::proxy {

struct HttpHead {
  std::string method;  // of a request
  std::string path;    // without the query
  int status = 0;      // of an answer
  std::optional<std::uint64_t> length;
  bool chunked = false;
  bool websocket = false;       // asks for or grants the upgrade
  bool deflate = false;         // permessage-deflate was agreed on ...
  bool client_takeover = true;  // ... and the client's compressor keeps its state
  bool server_takeover = true;
};

// `text` ends with the empty line. nullopt: no head of HTTP/1.x, or one whose body could end at two
// places.
std::optional<HttpHead> parse_request_head(std::string_view text);
std::optional<HttpHead> parse_answer_head(std::string_view text);

}  // namespace levi::proxy
