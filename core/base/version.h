// The version that every binary prints and /health reports; set by CMake from the project's version
// and git.
#pragma once

namespace levi {

extern const char* const kVersion;  // "0.1.0"
extern const char* const kBuild;    // "0.1.0+1a2b3c4" or "0.1.0+unknown"

}  // namespace levi
