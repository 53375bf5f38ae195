// What the bench programs share: samples, the limit programs' samples of the same run, one JSON
// line a figure.
//
//   {"figure","value_ns_p50","value_ns_p99","limit_ns_p50","limit_ns_p99","ratio_p50","target","met"}
//   {"figure","value","unit","target","met"}
#pragma once

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/os/file.h"
#include "core/os/process.h"
#include "tests/support/temp_folder.h"

namespace levi::bench {

class Samples {
 public:
  void add(Nanos duration) { ns_.push_back(duration.count()); }
  void add_all(const Samples& other) { ns_.insert(ns_.end(), other.ns_.begin(), other.ns_.end()); }
  bool empty() const { return ns_.empty(); }
  std::size_t count() const { return ns_.size(); }
  std::int64_t quantile(double q) const {
    LEVI_CHECK(!ns_.empty());
    std::vector<std::int64_t> sorted = ns_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
  }

 private:
  std::vector<std::int64_t> ns_;
};

// Samples of a limit program beside this one (bench/limits/limit.h). Called between blocks of our
// own trials, so that both see the same machine.
inline Samples run_limit(const std::string& name, int count,
                         const std::vector<std::string>& more = {}) {
  test::TempFolder folder;
  os::SpawnOptions options;
  options.program = os::own_executable_folder() + "/limit_" + name;
  options.arguments = {"--raw", std::to_string(count)};
  options.arguments.insert(options.arguments.end(), more.begin(), more.end());
  options.stdout_path = folder / "samples";
  auto child = os::Child::spawn(options);
  const auto status = child ? child.value().wait(120s) : std::nullopt;
  if (!status || !status->exited || status->code != 0) {
    std::fprintf(stderr, "cannot run %s\n", options.program.c_str());
    std::exit(1);
  }
  const auto text = os::read_file(folder / "samples");
  LEVI_CHECK(text);
  Samples samples;
  const char* at = text.value().c_str();
  for (char* end = nullptr;; at = end) {
    const long long ns = std::strtoll(at, &end, 10);
    if (end == at) break;
    samples.add(Nanos{ns});
  }
  LEVI_CHECK(samples.count() == static_cast<std::size_t>(count));
  return samples;
}

// A limit program that takes turns with us, as finely as we like (limit.h, `--ask`). Dies with us.
class Limit {
 public:
  explicit Limit(const std::string& name, bool spin = false) {
    auto asks = os::make_pipe();
    auto answers = os::make_pipe();
    LEVI_CHECK(asks && answers);
    os::SpawnOptions options;
    options.program = os::own_executable_folder() + "/limit_" + name;
    options.arguments = {"--ask", std::to_string(kIn), std::to_string(kOut)};
    options.descriptors = {{asks.value().first.get(), kIn}, {answers.value().second.get(), kOut}};
    if (spin) options.environment_add = {{"LEVI_LIMIT_SPIN", "1"}};
    options.parent_death_signal = SIGKILL;
    auto child = os::Child::spawn(options);
    LEVI_CHECK(child);
    child_.emplace(std::move(child).value());
    asks_ = std::move(asks.value().second);
    answers_ = std::move(answers.value().first);
  }
  ~Limit() {
    asks_.reset();
    (void)child_->kill(SIGKILL);
    child_->wait(10s);
  }

  void ask(std::int32_t count, Samples& samples) {
    LEVI_CHECK(::write(asks_.get(), &count, sizeof count) == sizeof count);
    for (; count > 0; --count) {
      std::int64_t ns = 0;
      LEVI_CHECK(::read(answers_.get(), &ns, sizeof ns) == sizeof ns);
      samples.add(Nanos{ns});
    }
  }

 private:
  static constexpr int kIn = 5;
  static constexpr int kOut = 6;
  std::optional<os::Child> child_;
  os::Fd asks_;
  os::Fd answers_;
};

// What is to be reached, in words, and whether it was. Without words: a figure that is only shown.
struct Goal {
  std::string text = {};
  std::optional<bool> met = {};
};
inline double ratio_p50(const Samples& value, const Samples& limit) {
  return static_cast<double>(value.quantile(0.5)) / static_cast<double>(limit.quantile(0.5));
}
inline Goal at_most(const Samples& value, double times, const Samples& limit, std::string text) {
  return {std::move(text), ratio_p50(value, limit) <= times};
}
inline Goal at_most(const Samples& value, Nanos most, std::string text) {
  return {std::move(text), value.quantile(0.5) <= most.count()};
}

inline void end_line(const Goal& goal) {
  if (!goal.text.empty()) std::printf(",\"target\":\"%s\"", goal.text.c_str());
  if (goal.met) std::printf(",\"met\":%s", *goal.met ? "true" : "false");
  std::printf("}\n");
  std::fflush(stdout);
}

inline void print_figure(const std::string& figure, const Samples& value, const Samples& limit,
                         const Goal& goal = {}) {
  std::printf("{\"figure\":\"%s\",\"value_ns_p50\":%lld,\"value_ns_p99\":%lld", figure.c_str(),
              static_cast<long long>(value.quantile(0.5)),
              static_cast<long long>(value.quantile(0.99)));
  if (!limit.empty()) {
    std::printf(",\"limit_ns_p50\":%lld,\"limit_ns_p99\":%lld,\"ratio_p50\":%.3f",
                static_cast<long long>(limit.quantile(0.5)),
                static_cast<long long>(limit.quantile(0.99)), ratio_p50(value, limit));
  }
  end_line(goal);
}

inline void print_value(const std::string& figure, double value, const char* unit,
                        const Goal& goal = {}) {
  std::printf("{\"figure\":\"%s\",\"value\":%.*f,\"unit\":\"%s\"", figure.c_str(),
              value < 1000 ? 2 : 0, value, unit);
  end_line(goal);
}

inline void print_skipped(const std::string& figure, const std::string& why) {
  std::printf("{\"figure\":\"%s\",\"skipped\":\"%s\"}\n", figure.c_str(), why.c_str());
  std::fflush(stdout);
}

}  // namespace levi::bench
