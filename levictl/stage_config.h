// The files of a stage: levid's configuration and the practice keys.
#pragma once

#include "levictl/stage.h"

namespace levi::cli {

// Makes the scratch folder and writes levid.yaml and keys.yaml (mode 0600) into it.
Status write_stage_files(const Stage& stage, const StageOptions& options);

struct StageKeys {
  std::string key;
  std::string secret;
};
Result<StageKeys> read_stage_keys(const Stage& stage);

}  // namespace levi::cli
