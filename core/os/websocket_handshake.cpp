#include "core/os/websocket_handshake.h"

#include <array>
#include <bit>
#include <cstdint>

#include "core/os/http_text.h"
#include "core/os/websocket.h"

namespace levi::os {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // §1.3
constexpr std::size_t kKeyLength = 24;                                      // 16 bytes in base64

using Digest = std::array<std::uint32_t, 5>;

// SHA-1 (RFC 3174). Here because the handshake asks for it, not for security; a crypto library for
// it alone would be a dependency of every program that links core/os.
void sha1_block(Digest& digest, const char* block) {
  std::array<std::uint32_t, 80> w{};
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      w[i] = w[i] << 8 | static_cast<unsigned char>(block[4 * i + j]);
    }
  }
  for (std::size_t i = 16; i < 80; ++i) {
    w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  }
  auto [a, b, c, d, e] = digest;
  for (std::size_t i = 0; i < 80; ++i) {
    std::uint32_t f = b ^ c ^ d;
    std::uint32_t k = i < 40 ? 0x6ed9eba1u : 0xca62c1d6u;
    if (i < 20) {
      f = (b & c) | (~b & d);
      k = 0x5a827999u;
    } else if (i >= 40 && i < 60) {
      f = (b & c) | (b & d) | (c & d);
      k = 0x8f1bbcdcu;
    }
    const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const Digest added = {a, b, c, d, e};
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] += added[i];
}

std::string sha1(std::string text) {
  const std::uint64_t bits = std::uint64_t{text.size()} * 8;
  text += '\x80';
  while (text.size() % 64 != 56) text += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(bits >> shift & 0xff);
  Digest digest = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
  for (std::size_t at = 0; at < text.size(); at += 64) sha1_block(digest, text.data() + at);
  std::string bytes;
  for (const std::uint32_t word : digest) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift & 0xff);
  }
  return bytes;
}

bool is_key(std::string_view key) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == kKeyLength && key.ends_with("==") &&
         key.find_first_not_of(kAlphabet) == kKeyLength - 2;
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j <= bytes.size() ? kAlphabet[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

std::string websocket_accept_key(std::string_view client_key) {
  return base64(sha1(std::string(client_key) + std::string(kGuid)));
}

std::string websocket_upgrade_key(const HttpRequest& request, bool http_1_0) {
  const std::string_view key = request.header("sec-websocket-key");
  if (http_1_0 || request.method != "GET" || !is_key(key)) return {};
  if (!list_contains(request.header("upgrade"), "websocket")) return {};
  if (!list_contains(request.header("connection"), "upgrade")) return {};
  if (request.header("sec-websocket-version") != "13") return {};
  return std::string(key);
}

std::string websocket_accept_head(std::string_view client_key) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         websocket_accept_key(client_key) + "\r\n\r\n";
}

std::string websocket_request(const std::string& target, const std::string& host,
                              const std::string& key) {
  return "GET " + target + " HTTP/1.1\r\nHost: " + host +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: " +
         key + "\r\n\r\n";
}

Status check_websocket_response(const HttpResponse& response, const std::string& accept) {
  const auto refuse = [](const std::string& why) {
    return error(ErrorCode::kRefused, "the WebSocket upgrade was refused: " + why);
  };
  if (response.status != 101) return refuse("status " + std::to_string(response.status));
  if (!list_contains(response.header("upgrade"), "websocket") ||
      !list_contains(response.header("connection"), "upgrade")) {
    return refuse("the answer is no upgrade");
  }
  if (response.header("sec-websocket-accept") != accept) {
    return refuse("the answer belongs to another key");
  }
  if (!response.header("sec-websocket-extensions").empty()) {
    return refuse("the server wants an extension that was not offered");
  }
  return ok();
}

}  // namespace levi::os
