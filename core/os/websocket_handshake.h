// The upgrade handshake of RFC 6455 §4, both sides. Internal to core/os; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "core/os/http.h"

namespace levi::os {

std::string base64(std::string_view bytes);

// The client's key where the request is a valid upgrade, else empty.
std::string websocket_upgrade_key(const HttpRequest& request, bool http_1_0);
std::string websocket_accept_head(std::string_view client_key);  // the server's 101

std::string websocket_request(const std::string& target, const std::string& host,
                              const std::string& key);
// kRefused with the reason where the server's answer is no upgrade, or not the one whose
// Sec-WebSocket-Accept is `accept`.
Status check_websocket_response(const HttpResponse& response, const std::string& accept);

}  // namespace levi::os
