// Who is asking: $LEVICTL_ACTOR, else the login name. Written into latch slots, audit lines and the
// chaos lease, which keep 31 bytes: cut to that, at the beginning of a UTF-8 character.
#pragma once

#include <string>

namespace levi::cli {

std::string operator_name();

}  // namespace levi::cli
