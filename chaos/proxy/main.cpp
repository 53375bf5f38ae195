// levi-proxy: see kUsageText.
#include <cstdio>
#include <string>
#include <vector>

#include "chaos/proxy/control_api.h"
#include "chaos/proxy/options.h"
#include "chaos/proxy/server.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto options = levi::proxy::read_options(arguments);
  if (!options) {
    std::fprintf(stderr, "levi-proxy: %s\n", options.error().text().c_str());
    return 2;
  }
  if (options.value().help) {
    std::fputs(levi::proxy::kUsageText, stdout);
    return 0;
  }
  if (options.value().version) {
    std::printf("toxiproxy-server version %s\n", levi::proxy::kToxiproxyVersion);
    return 0;
  }
  return levi::proxy::serve(options.value());
}
