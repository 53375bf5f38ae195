// The command line of levi-proxy: Toxiproxy's flags, with one dash or two, and ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::proxy {

struct Options {
  std::string host = "localhost";
  std::string port = "8474";
  std::string config;                 // JSON file, the array that POST /populate takes
  std::optional<std::uint64_t> seed;  // none: one is drawn, and printed
  bool proxy_metrics = false;
  bool runtime_metrics = false;
  bool compat = false;
  std::string connect;  // HTTP CONNECT listener (forward.h); empty: none
  std::string tls_ca;   // where the scratch CA is written; empty: no CA
  Nanos drain = 5s;     // SIGTERM: how long open connections may still go on
  bool version = false;
  bool help = false;
};

// kInvalid names the flag. `arguments` are without the program's name.
Result<Options> read_options(const std::vector<std::string>& arguments);
extern const char* const kUsageText;

}  // namespace levi::proxy
