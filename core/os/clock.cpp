#include "core/os/clock.h"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "core/base/check.h"
#include "core/os/file.h"

namespace levi::os {
namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec time{};
  LEVI_CHECK(::clock_gettime(clock, &time) == 0);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void fill_random(void* data, std::size_t size) {
  auto* bytes = static_cast<unsigned char*>(data);
  while (size > 0) {
    const ssize_t got = ::getrandom(bytes, size, 0);
    if (got < 0) {
      LEVI_CHECK(errno == EINTR);
      continue;
    }
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace

MonoTime mono_now() { return {read_clock(CLOCK_MONOTONIC)}; }

Instant wall_now() { return {read_clock(CLOCK_REALTIME)}; }

namespace {

std::string read_boot_id() {
  const Result<std::string> text = read_file("/proc/sys/kernel/random/boot_id");
  LEVI_CHECK(text);  // Without /proc no process identity can be told from a reused pid.
  std::string id;
  for (const char c : text.value()) {
    if (c != '-' && c != '\n') id += c;
  }
  return id;
}

}  // namespace

// Read once: later there may be no descriptor left to open it with.
std::string boot_id() {
  static const std::string id = read_boot_id();
  return id;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  fill_random(&seed, sizeof seed);
  return seed;
}

std::string random_text(std::size_t length) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr unsigned kLetters = sizeof kAlphabet - 1;
  constexpr unsigned kFair =
      256 / kLetters * kLetters;  // bytes above would favour the first letters
  std::string text;
  while (text.size() < length) {
    unsigned char bytes[32];
    fill_random(bytes, sizeof bytes);
    for (const unsigned char byte : bytes) {
      if (byte < kFair && text.size() < length) text += kAlphabet[byte % kLetters];
    }
  }
  return text;
}

JournalClock::JournalClock(Instant last_recorded)
    : mono_base_(mono_now()), base_(std::max(last_recorded, wall_now())) {}

std::string format_utc(Instant t) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t seconds = t.ns / kSecond;
  std::int64_t rest = t.ns % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  const time_t time = seconds;
  tm parts{};
  LEVI_CHECK(::gmtime_r(&time, &parts) != nullptr);
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(rest / 1000));
  return text;
}

}  // namespace levi::os
