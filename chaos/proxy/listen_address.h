// Where a proxy listens, read and written as Toxiproxy does: "" and ":0" are every interface and a
// free port, a name becomes its number once it listens, and errors read like Go's net package.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/os/fd.h"
#include "core/os/socket.h"

namespace levi::proxy {

struct Listening {
  os::Fd fd;
  std::string address;  // "127.0.0.1:40123", "[::]:40123", "unix:/path"
};

Result<os::Endpoint> parse_listen(const std::string& text);
Result<Listening> listen_at(const std::string& text);
// True where both mean the same address, whether or not it is in use.
bool same_listen(const std::string& a, const std::string& b);

}  // namespace levi::proxy
