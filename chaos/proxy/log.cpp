#include "chaos/proxy/log.h"

#include <array>
#include <cstdio>

#include "chaos/proxy/json_value.h"
#include "core/os/clock.h"

namespace levi::proxy {
namespace {

constexpr std::array<std::string_view, 7> kNames = {"trace", "debug", "info", "warn",
                                                    "error", "fatal", "panic"};
LogLevel level_written = LogLevel::kInfo;  // set once, before the first line

}  // namespace

LogLevel log_level_from(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<LogLevel>(i);
  }
  return LogLevel::kInfo;
}

void set_log_level(LogLevel level) { level_written = level; }

void log_line(LogLevel level, std::string_view message, std::string_view fields) {
  if (level < level_written) return;
  std::string line = "{\"level\":";
  append_json_string(line, kNames[static_cast<std::size_t>(level)]);
  line += fields;
  line += ",\"time\":";
  append_json_string(line, os::format_utc(os::wall_now()));
  line += ",\"message\":";
  append_json_string(line, message);
  line += "}\n";
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace levi::proxy
