// Log lines as Toxiproxy writes them: one JSON object a line on standard output.
// On the loop's thread; LOG_LEVEL chooses what is written.
#pragma once

#include <string>
#include <string_view>

namespace levi::proxy {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kFatal, kPanic };

LogLevel log_level_from(std::string_view name);  // kInfo where it is none
void set_log_level(LogLevel level);
// `fields` is the inside of an object, beginning with a comma, or empty.
void log_line(LogLevel level, std::string_view message, std::string_view fields = {});

}  // namespace levi::proxy
