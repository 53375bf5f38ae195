// levi-exchange: the practice exchange. See docs/exchange.md.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "core/os/file.h"
#include "core/os/thread.h"
#include "exchange/json/json_writer.h"
#include "exchange/server/exchange_server.h"

namespace levi::exchange {
namespace {

constexpr int kFailed = 1;

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Status say_ready(const ExchangeServer& server, const ExchangeOptions& options) {
  std::string line;
  JsonWriter(line)
      .open('{')
      .field("rest_port", server.port())
      .field("admin_port", server.admin_port())
      .close('}');
  line += '\n';
  LEVI_TRY_STATUS(os::write_all(STDOUT_FILENO, line, "standard output"));
  if (!options.ready_descriptor) return ok();
  const std::string name = "descriptor " + std::to_string(*options.ready_descriptor);
  LEVI_TRY_STATUS(os::write_all(*options.ready_descriptor, line, name));
  ::close(*options.ready_descriptor);  // Its reader sees the end.
  return ok();
}

Status run(const ExchangeOptions& options) {
  const int signals = os::signal_descriptor();
  std::signal(SIGPIPE, SIG_IGN);
  os::Loop loop;
  ExchangeServer server(loop, options);
  LEVI_TRY_STATUS(server.start());
  loop.watch(signals, os::kReadable, [&loop](std::uint32_t) { loop.stop(); });
  LEVI_TRY_STATUS(say_ready(server, options));
  loop.run();
  loop.unwatch(signals);
  return ok();
}

}  // namespace
}  // namespace levi::exchange

int main(int argc, char** argv) {
  using namespace levi::exchange;
  const PracticeKey practice{from_environment("LEVI_PRACTICE_KEY"),
                             from_environment("LEVI_PRACTICE_SECRET")};
  const ParsedOptions parsed = parse_options(argc, argv, practice);
  if (!parsed.options) return parsed.exit_code;
  const levi::Status done = run(*parsed.options);
  if (done) return 0;
  std::cerr << "levi-exchange: " << done.error().text() << '\n';
  return kFailed;
}
