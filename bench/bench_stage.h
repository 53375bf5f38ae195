// A stage of a bench program's own: practice exchange, levid and engines as `levictl up` starts
// them, in a state folder of its own. It ends with this process, whatever way that ends (the
// stage's supervisor watches its owner).
#pragma once

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bench/report.h"
#include "core/base/json_fields.h"
#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "levictl/stage.h"

namespace levi::bench {

using Json = nlohmann::json;

[[noreturn]] inline void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

inline void pause_for(Nanos time) {
  os::Loop loop;
  loop.run_until(os::mono_now() + time);
}

class BenchStage {
 public:
  // `config`: the text of a levid.yaml template as StageOptions takes it; empty: the stage's own.
  explicit BenchStage(cli::StageOptions options = {}, const std::string& config = {}) {
    ::setenv("XDG_STATE_HOME", state_.path().c_str(), 1);
    options.venue_latency = Nanos{0};
    options.name = "bench-" + std::to_string(::getpid());
    options.end_with_owner = true;
    if (!config.empty()) {
      options.config = state_ / "levid.yaml";
      LEVI_CHECK(os::write_file_atomic(options.config, config));
    }
    auto started = cli::start_stage(options);
    if (!started) give_up("the stage does not start: " + started.error().text());
    stage = std::move(started.value());
    for (auto* session : {&core_, &control_, &exchange_}) {
      const std::string& at = session == &core_      ? stage.api
                              : session == &control_ ? stage.control
                                                     : stage.exchange_admin;
      session->emplace(os::parse_endpoint(at).value(), limits());
    }
  }
  BenchStage(const BenchStage&) = delete;
  BenchStage& operator=(const BenchStage&) = delete;
  ~BenchStage() {
    if (const Status ended = cli::stop_stage(stage); !ended)
      std::fprintf(stderr, "the stage does not end: %s\n", ended.error().text().c_str());
  }

  Json core(const std::string& path) { return get(*core_, path); }
  Json exchange(const std::string& path) { return get(*exchange_, path); }
  // The status; 0: no answer.
  int control_post(const std::string& path, const Json& body) {
    const auto answer = control_->call(
        {"POST", path, {{"Content-Type", "application/json"}}, body.dump()}, kAnswerMax);
    return answer ? answer.value().status : 0;
  }

  cli::Stage stage;

 private:
  static constexpr Nanos kAnswerMax{10s};

  // A page of the exchange's ledger has some megabytes.
  static os::HttpLimits limits() {
    os::HttpLimits limits;
    limits.body_bytes_max = 32u << 20;
    return limits;
  }
  static Json get(os::HttpSession& session, const std::string& path) {
    const auto answer = session.call({"GET", path, {}, ""}, kAnswerMax);
    if (!answer) give_up("GET " + path + ": " + answer.error().text());
    return Json::parse(answer.value().body, nullptr, false);
  }

  test::TempFolder state_;
  std::optional<os::HttpSession> core_;
  std::optional<os::HttpSession> control_;
  std::optional<os::HttpSession> exchange_;
};

}  // namespace levi::bench
