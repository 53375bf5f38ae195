// docs/api.md as it stood when this was built (CMake writes the source).
#pragma once

namespace levi::api {

extern const char* const kApiPage;

}  // namespace levi::api
