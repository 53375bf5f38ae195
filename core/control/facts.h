// What never changes while levid lives: who this is. Both servers show it in /health; chaos pins it
// before it injects.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "core/base/instant.h"

namespace levi::control {

struct Facts {
  std::string name;             // "levid-stage-7"
  std::string environment;      // "stage", "paper", "production"
  std::string mode = "DRY";     // DRY or LIVE
  std::string venue;            // "http://127.0.0.1:8734"
  std::string key_fingerprint;  // first 8 hex digits of SHA-256 of the API key; empty without one
  std::string boot_id;
  std::string instance;
  std::uint32_t incarnation = 0;
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;     // /proc/self/stat field 22
  std::uint64_t time_namespace = 0;  // inode of /proc/self/ns/time
  MonoTime started;
};

// Fills pid, start_ticks, boot_id, time_namespace and started from this process.
void fill_own_identity(Facts& facts);

}  // namespace levi::control
