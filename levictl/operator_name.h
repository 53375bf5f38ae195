// Who is asking: $LEVICTL_ACTOR, else the login name. Written into latch slots and audit lines.
#pragma once

#include <string>

namespace levi::cli {

std::string operator_name();

}  // namespace levi::cli
