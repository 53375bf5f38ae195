#include "core/os/http_text.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace levi::os {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

std::string_view reason_phrase(int status) {
  const auto found = std::find_if(std::begin(kPhrases), std::end(kPhrases),
                                  [&](const Phrase& phrase) { return phrase.status == status; });
  return found == std::end(kPhrases) ? "Status" : found->text;
}

void append_number(std::string& out, std::size_t value, int base = 10) {
  char digits[24];
  const auto result = std::to_chars(digits, digits + sizeof digits, value, base);
  out.append(digits, result.ptr);
}

// A line break in a value would end the header: what came from outside must not be able to write
// one.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  const std::size_t start = out.size();
  out += name;
  out += ": ";
  out += value;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
      [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  out += "\r\n";
}

void append_status_line(std::string& out, int status) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(status));
  out += ' ';
  out += reason_phrase(status);
  out += "\r\n";
}

void append_connection(std::string& out, ResponseFraming framing) {
  if (!framing.keep_alive) {
    out += "Connection: close\r\n";
  } else if (framing.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_target(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

void append_response(std::string& out, const HttpResponse& response, ResponseFraming framing) {
  append_status_line(out, response.status);
  const bool may_have_body =
      response.status >= 200 && response.status != 204 && response.status != 304;
  if (may_have_body && !response.content_type.empty()) {
    append_header(out, "Content-Type", response.content_type);
  }
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  append_connection(out, framing);
  if (may_have_body) {
    out += "Content-Length: ";
    append_number(out, response.body.size());
    out += "\r\n";
  }
  out += "\r\n";
  if (may_have_body && !framing.head_only) out += response.body;
}

void append_stream_head(std::string& out, const std::string& content_type,
                        ResponseFraming framing) {
  append_status_line(out, 200);
  append_header(out, "Content-Type", content_type);
  out += "Cache-Control: no-cache\r\n";
  if (framing.http_1_0) {
    out += "Connection: close\r\n";
  } else {
    append_connection(out, framing);
    out += "Transfer-Encoding: chunked\r\n";
  }
  out += "\r\n";
}

void append_chunk(std::string& out, std::string_view chunk) {
  append_number(out, chunk.size(), 16);
  out += "\r\n";
  out += chunk;
  out += "\r\n";
}

Status append_request(std::string& out, const HttpRequest& request, std::string_view host) {
  if (!is_token(request.method) || !is_target(request.target)) {
    return error(ErrorCode::kInvalid,
                 "'" + request.method + ' ' + request.target + "' is no HTTP request",
                 "percent-encode blanks and other characters of the path");
  }
  for (const auto& header : request.headers) {
    if (!is_token(header.first)) {
      return error(ErrorCode::kInvalid, "'" + header.first + "' is no HTTP header name");
    }
  }
  out += request.method;
  out += ' ';
  out += request.target;
  out += " HTTP/1.1\r\n";
  if (request.header("host").empty()) append_header(out, "Host", host);
  for (const auto& [name, value] : request.headers) append_header(out, name, value);
  const bool expects_body = request.method != "GET" && request.method != "HEAD";
  if (expects_body || !request.body.empty()) {
    out += "Content-Length: ";
    append_number(out, request.body.size());
    out += "\r\n";
  }
  out += "\r\n";
  out += request.body;
  return ok();
}

}  // namespace levi::os
