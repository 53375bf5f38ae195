// What GET /metrics says, in the Prometheus text format. The byte counters move while a connection
// is open.
#pragma once

#include <string>

#include "chaos/proxy/proxies.h"

namespace levi::proxy {

void append_proxy_metrics(std::string& text, const Proxies& proxies);
void append_runtime_metrics(std::string& text, const Proxies& proxies);

}  // namespace levi::proxy
