// A port for a server that is started a moment later.
#pragma once

#include <cstdint>

#include "core/base/result.h"

namespace levi::os {

// A TCP port of 127.0.0.1 that nobody listens on now. From below the range from which the kernel
// takes ports for outgoing connections: one of those could be gone before its server takes it.
Result<std::uint16_t> unused_port();

}  // namespace levi::os
