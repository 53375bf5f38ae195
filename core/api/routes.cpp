// The surface in one table: canonical paths first, then the other systems' names for them.
#include "core/api/api.h"

namespace levi::api {

const std::vector<Route>& routes() {
  static const std::vector<Route> kRoutes = {
      {"GET", "/healthz", health::healthz},
      {"GET", "/readyz", health::readyz},
      {"GET", "/health", health::health},
      // POST to /live/kill is found before this table (Api::route): nothing may hide it.
      {"GET", "/live/kill", live::kill_state},
      {"POST", "/live/restore", live::restore, true},
      {"GET", "/live/status", live::status},
      {"POST", "/live/flatten", live::flatten, true},
      {"GET", "/engines", engines::list},
      {"POST", "/engines/start", engines::start, true},
      {"POST", "/engines/stop", engines::stop},
      {"POST", "/engines/restart", engines::restart, true},
      {"GET", "/engines/status", engines::list},  // an alias: before the one that would take it
      {"GET", "/engines/{}", engines::one},
      {"POST", "/engines/{}/start", engines::start, true},
      {"POST", "/engines/{}/stop", engines::stop},
      {"POST", "/engines/{}/restart", engines::restart, true},
      {"GET", "/orders", books::orders},
      {"GET", "/fills", books::fills},
      {"GET", "/paper/positions", books::positions},
      {"GET", "/paper/trades", books::trades},
      {"GET", "/ops/signal_log", books::signals},
      {"GET", "/state", books::state},
      {"GET", "/events", events},
      {"POST", "/chaos/lease", chaos_lease::take, true},
      {"DELETE", "/chaos/lease", chaos_lease::end, true},
      {"GET", "/chaos/lease", chaos_lease::show},
      {"GET", "/metrics", metrics},
      {"GET", "/docs", docs::page},
      {"GET", "/", docs::index},
      // Aliases.
      {"GET", "/admin/kill", live::kill_state},
      {"POST", "/admin/unkill", live::restore, true},
      {"GET", "/api/health", health::health},
      {"GET", "/api/trades", books::trades},
  };
  return kRoutes;
}

}  // namespace levi::api
