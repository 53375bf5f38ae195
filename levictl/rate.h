// A share between 0 and 1 on the command line. CLI::Range takes nan, which is below and above
// nothing: with it every gate would be passed.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <string>

namespace levi::cli {

inline CLI::Validator is_rate() {
  return CLI::Validator(
      [](const std::string& text) {
        double rate = -1;
        const bool read = CLI::detail::lexical_cast(text, rate) && std::isfinite(rate);
        return read && rate >= 0 && rate <= 1 ? std::string()
                                              : "'" + text + "' is not between 0 and 1";
      },
      "0 to 1");
}

}  // namespace levi::cli
