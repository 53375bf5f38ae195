// `levictl up` and `levictl down`: the practice stage.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/instant.h"

namespace levi::cli {

struct UpOptions {
  std::string name = "default";
  std::string config;    // levid.yaml template; the stage's own where empty
  std::string sabotage;  // levid-sabotage with these defences off: to see a check fail
  std::uint64_t seed = 1;
  Nanos venue_latency{500us};  // of the exchange's answers
  bool sealed = false;         // leave the latch sealed
  bool foreground = false;     // stay, and end the stage on Ctrl-C
};
int up_command(const UpOptions& options);

struct DownOptions {
  std::string name = "default";
  bool all = false;
};
int down_command(const DownOptions& options);

}  // namespace levi::cli
