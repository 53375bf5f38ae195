#include "chaos/proxy/server.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "chaos/proxy/json_value.h"
#include "chaos/proxy/listen_address.h"
#include "chaos/proxy/log.h"
#include "core/base/version.h"
#include "core/os/clock.h"
#include "core/os/courtesy_priority.h"
#include "core/os/file.h"
#include "core/os/thread.h"

namespace levi::proxy {
namespace {

constexpr Nanos kDrainLook = 10ms;

int fail_usage(const std::string& message) {
  std::fprintf(stderr, "levi-proxy: %s\n", message.c_str());
  return 2;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

// Thousands of connections take two descriptors each: what is permitted is taken.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<os::Endpoint> api_endpoint(const Options& options) {
  const bool v6 = options.host.find(':') != std::string::npos;
  const std::string host = v6 ? '[' + options.host + ']' : options.host;
  LEVI_TRY(endpoint, parse_listen(host + ':' + options.port));
  if (!endpoint.is_loopback() && !options.compat && environment("LEVI_PROXY_TOKEN").empty()) {
    return error(ErrorCode::kRefused,
                 "-host " + options.host + " lets others in, and no token is set",
                 "set LEVI_PROXY_TOKEN, or give -compat to let anybody in as Toxiproxy does");
  }
  return endpoint;
}

void announce(const Options& options, const os::Endpoint& endpoint, std::uint16_t port,
              std::uint64_t seed) {
  os::Endpoint bound = endpoint;
  bound.port = port;
  log_line(LogLevel::kInfo, "Starting Toxiproxy",
           std::string(",\"version\":\"") + kToxiproxyVersion + "\",\"build\":\"" + kBuild +
               "\",\"seed\":" + std::to_string(static_cast<std::int64_t>(seed)));
  std::string fields = ",\"address\":";
  append_json_string(fields, bound.text());
  fields += ",\"port\":" + std::to_string(port);
  if (options.compat) fields += ",\"compat\":true";
  log_line(LogLevel::kInfo, "Starting Toxiproxy HTTP server", fields);
}

// What Toxiproxy has not: the scratch CA and the CONNECT listener.
Status open_extras(Server& server, const Options& options) {
  if (!options.tls_ca.empty()) {
    LEVI_TRY_ASSIGN(server.runtime.authority, ScratchAuthority::create(options.tls_ca));
  }
  if (options.connect.empty()) return ok();
  LEVI_TRY(endpoint, parse_listen(options.connect));
  if (!endpoint.is_loopback() && !options.compat) {
    return error(ErrorCode::kRefused, "-connect " + options.connect + " would be open to others",
                 "listen on localhost, or give -compat");
  }
  LEVI_TRY_STATUS(server.forward.listen(endpoint));
  log_line(LogLevel::kInfo, "Starting CONNECT proxy",
           ",\"port\":" + std::to_string(server.forward.port()));
  return ok();
}

}  // namespace

Server::Server(os::Loop& loop_given, std::uint64_t seed, bool compat, ControlOptions control)
    : loop(loop_given),
      runtime(loop_given, seed, compat),
      proxies(runtime),
      forward(runtime, proxies),
      api(loop_given, proxies, std::move(control)) {}

Status Server::populate_file(const std::string& path) {
  LEVI_TRY(text, os::read_file(path));
  const auto json = read_json(text);
  const std::string fix =
      "the file holds what POST /populate takes: "
      "[{\"name\":\"feed\",\"listen\":\"localhost:9001\","
      "\"upstream\":\"localhost:8734\"}]";
  if (!json) return error(ErrorCode::kInvalid, path + ": " + json.error().message, fix);
  const auto populated = proxies.populate(json.value());
  if (!populated.status) {
    return error(ErrorCode::kInvalid, path + ": " + populated.status.error().message, fix);
  }
  return ok();
}

void Server::drain(MonoTime deadline, os::Loop::Task done) {
  api.stop();
  proxies.stop_accepting();
  forward.stop_accepting();
  const std::size_t open = proxies.connection_count() + forward.connection_count();
  if (open == 0 || os::mono_now() >= deadline) {
    done();
    return;
  }
  loop.after(kDrainLook, [this, deadline, done = std::move(done)] { drain(deadline, done); });
}

int serve(const Options& options) {
  set_log_level(log_level_from(environment("LOG_LEVEL")));
  const int signals = os::signal_descriptor();
  raise_descriptor_limit();
  const auto endpoint = api_endpoint(options);
  if (!endpoint) return fail_usage(endpoint.error().text());

  os::Loop loop;
  const std::uint64_t seed = options.seed ? *options.seed : os::random_seed() >> 1;
  Server server(loop, seed, options.compat,
                {.proxy_metrics = options.proxy_metrics,
                 .runtime_metrics = options.runtime_metrics,
                 .token = environment("LEVI_PROXY_TOKEN")});
  const Status opened = open_extras(server, options);
  if (!opened) return fail_usage(opened.error().text());
  if (!options.config.empty()) {
    const Status populated = server.populate_file(options.config);
    if (!populated) return fail_usage(populated.error().text());
  }
  const Status listening = server.api.listen(endpoint.value());
  if (!listening) return fail_usage(listening.error().text());
  announce(options, endpoint.value(), server.api.port(), seed);

  // A delay that is kept only where nobody else wants the CPU is no measure. Who was started with a
  // policy of its own keeps it.
  os::CourtesyPriority priority;
  if (::sched_getscheduler(0) == SCHED_OTHER) {
    loop.each_round([&] { priority.round(loop.now()); });
  }
  bool stopping = false;
  loop.watch(signals, os::kReadable, [&](std::uint32_t) {
    char bytes[512];
    (void)!::read(signals, bytes, sizeof bytes);
    log_line(LogLevel::kInfo, stopping ? "Shutdown now" : "Shutdown started");
    const Nanos patience = std::exchange(stopping, true) ? Nanos{0} : options.drain;
    server.drain(os::mono_now() + patience, [&] { loop.stop(); });
  });
  loop.run();
  loop.unwatch(signals);
  return 0;
}

}  // namespace levi::proxy
