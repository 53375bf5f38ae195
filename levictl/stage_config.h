// The files of a stage: levid's configuration and the practice keys.
#pragma once

#include "levictl/stage.h"

namespace levi::cli {

// Makes the scratch folder and writes levid.yaml, key and secret (mode 0600) into it. kInvalid: an
// own configuration (--config) that can't be read, or that would not run on the stage's addresses
// and folders.
Status write_stage_files(const Stage& stage, const StageOptions& options);
// What levid itself finds wrong with an own configuration: kInvalid, in terms of that file.
Status check_own_config(const Stage& stage, const StageOptions& options);

struct StageKeys {
  std::string key;
  std::string secret;
};
Result<StageKeys> read_stage_keys(const Stage& stage);

}  // namespace levi::cli
