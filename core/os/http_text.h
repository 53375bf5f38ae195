// How HTTP messages are written down. Internal to core/os; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "core/os/http.h"

namespace levi::os {

bool equals_ignoring_case(std::string_view a, std::string_view b);
bool list_contains(std::string_view list, std::string_view token);  // "keep-alive, Upgrade"
std::string_view find_header(const HttpHeaders& headers, std::string_view name);

struct ResponseFraming {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool head_only = false;  // the answer to HEAD: lengths, but no body
};

void append_response(std::string& out, const HttpResponse& response, ResponseFraming framing);
// The head of an answer whose body comes in chunks (HTTP/1.0: until the connection closes).
void append_stream_head(std::string& out, const std::string& content_type, ResponseFraming framing);
void append_chunk(std::string& out, std::string_view chunk);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// kInvalid where the method, the target or a header would break the framing.
Status append_request(std::string& out, const HttpRequest& request, std::string_view host);

}  // namespace levi::os
