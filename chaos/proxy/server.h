// Server: the whole of levi-proxy in one process: the runtime, the proxies, the API, the way down.
//
// `serve` is what levi-proxy and `levictl proxy serve` run; it blocks SIGINT and SIGTERM, returns
// the exit code, and leaves nothing behind: all state is in the process.
#pragma once

#include <memory>

#include "chaos/proxy/control_api.h"
#include "chaos/proxy/forward.h"
#include "chaos/proxy/options.h"
#include "chaos/proxy/proxies.h"
#include "chaos/proxy/runtime.h"
#include "core/os/loop.h"

namespace levi::proxy {

class Server {
 public:
  // Members in the order of their needs; tests use them directly.
  Server(os::Loop& loop_given, std::uint64_t seed, bool compat, ControlOptions control = {});

  Status populate_file(const std::string& path);  // kInvalid names file, field and fix
  // Takes no more connections; `done` once the last open one has ended, at the latest at
  // `deadline`.
  void drain(MonoTime deadline, os::Loop::Task done);

  os::Loop& loop;
  Runtime runtime;
  Proxies proxies;
  Forward forward;
  ControlApi api;
};

int serve(const Options& options);

}  // namespace levi::proxy
