// Where does a request come from: a program, or a web page in the operator's browser?
//
// Both ports listen on loopback only, and a browser on the same host reaches loopback too: any page
// may send a simple POST there without asking anybody, and one whose name is made to resolve to
// 127.0.0.1 (DNS rebinding) is even let read the answer. So what opens or starts something is
// refused to pages of elsewhere. A kill never is. Pure, without allocation.
#pragma once

#include <string_view>

namespace levi::control {

// True where an `Origin` is given that is not this server's own (`http://` and the request's Host),
// or where a `Host` is given that names neither loopback nor localhost, on whatever port: a tunnel
// may end elsewhere. Programs send no Origin; HTTP/1.0 has no Host.
bool is_from_elsewhere(std::string_view host, std::string_view origin);

inline constexpr std::string_view kFromElsewhere =
    "this request comes from a web page of elsewhere (its Origin), or calls this host by a name "
    "that is not its own (its Host): it may open and start nothing. Call 127.0.0.1 or localhost, "
    "without an Origin";

}  // namespace levi::control
