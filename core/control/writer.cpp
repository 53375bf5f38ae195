#include "core/control/writer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "core/control/utf8.h"

namespace levi::control {
namespace {

// `width` decimal digits with leading zeros.
void digits(char* out, std::int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

}  // namespace

Writer& Writer::number(std::int64_t value) {
  std::array<char, 24> out;
  const auto end = std::to_chars(out.data(), out.data() + out.size(), value).ptr;
  return text({out.data(), static_cast<std::size_t>(end - out.data())});
}

Writer& Writer::number(std::uint64_t value) {
  std::array<char, 24> out;
  const auto end = std::to_chars(out.data(), out.data() + out.size(), value).ptr;
  return text({out.data(), static_cast<std::size_t>(end - out.data())});
}

Writer& Writer::real(double value, int digits_after) {
  if (!std::isfinite(value)) return text("null");
  std::array<char, 64> out;
  const auto [end, problem] = std::to_chars(out.data(), out.data() + out.size(), value,
                                            std::chars_format::fixed, digits_after);
  if (problem != std::errc{}) return text("null");  // more than 60 digits before the dot
  return text({out.data(), static_cast<std::size_t>(end - out.data())});
}

Writer& Writer::utc(Instant t) {
  using namespace std::chrono;
  const sys_time<nanoseconds> point{nanoseconds(t.ns)};
  const auto day = floor<days>(point);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<microseconds>(point - day));
  std::array<char, 27> out;
  std::memcpy(out.data(), "0000-00-00T00:00:00.000000Z", out.size());
  digits(&out[0], std::clamp(static_cast<int>(date.year()), 0, 9999), 4);
  digits(&out[5], static_cast<unsigned>(date.month()), 2);
  digits(&out[8], static_cast<unsigned>(date.day()), 2);
  digits(&out[11], clock.hours().count(), 2);
  digits(&out[14], clock.minutes().count(), 2);
  digits(&out[17], clock.seconds().count(), 2);
  digits(&out[20], clock.subseconds().count(), 6);
  return text({out.data(), out.size()});
}

Writer& Writer::escaped(std::string_view piece) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  while (!piece.empty()) {
    const auto byte = static_cast<unsigned char>(piece.front());
    std::size_t length = 1;
    if (byte == '"' || byte == '\\') {
      const char out[2] = {'\\', piece.front()};
      text({out, 2});
    } else if (byte < 0x20 || byte == 0x7f) {
      const char out[6] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
      text({out, 6});
    } else if (byte < 0x80) {
      while (length < piece.size() && is_plain_ascii(piece[length])) ++length;
      text(piece.substr(0, length));
    } else {
      length = utf8_length(piece);
      text(length == 0 ? "\\ufffd" : piece.substr(0, length));
      length = std::max<std::size_t>(length, 1);
    }
    piece.remove_prefix(length);
  }
  return *this;
}

}  // namespace levi::control
