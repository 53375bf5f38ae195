// levid's data folder, as its operator sees it: where the latch of the core that trades on it lies.
#pragma once

#include <string>

#include "core/base/result.h"

namespace levi::cli {

// The runtime folder that levid recorded there. kInvalid: no such folder, or one that is a copy, on
// which no levid has started yet: what it records is the original's.
Result<std::string> find_runtime(const std::string& data_folder);

// kInvalid where the latch in `runtime` is that of another data folder: to seal it would stop a
// stranger's core. Nothing is said of a latch that is not there, or can't be read.
Status check_latch_is_of(const std::string& data_folder, const std::string& runtime);

}  // namespace levi::cli
