#include "levictl/status.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/base/json_fields.h"
#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/process.h"
#include "core/os/thread.h"
#include "levictl/client.h"
#include "levictl/exit_code.h"
#include "levictl/text.h"
#include "recover/diagnosis.h"

namespace levi::cli {
namespace {

using nlohmann::json;

constexpr Nanos kStatusCallMax{2s};

bool colours() { return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

std::string paint(const std::string& text, bool good) {
  if (!colours()) return text;
  return (good ? "\033[32m" : "\033[31m") + text + "\033[0m";
}

double number_at(const json& object, const char* key) {
  const json& value = value_at(object, key);
  return value.is_number() ? value.get<double>() : 0.0;
}

// Reasons, names and errors are other people's words.
std::string shown(const json& object, const char* key) { return printable(text_at(object, key)); }

json or_null(const Result<json>& answer) { return answer ? answer.value() : json(nullptr); }

// By the holder itself: no other can let its seal go.
std::string resume_hint(const std::string& holder, const std::string& actor) {
  return recover::resume_command(holder, actor) + "   when the cause is known";
}

// What is true without any core: the latch file says it, on this host.
void print_latch_file(const Target& target) {
  if (!target.local()) return;
  const auto latch = latch::Latch::attach(latch::latch_path(target.runtime));
  if (!latch) {
    // Damaged, it stops orders whoever reads it. A file that we do not find or may not read says
    // nothing: the core may use another folder.
    const bool damaged = latch.error().code == ErrorCode::kCorrupt;
    std::printf("latch      %s (%s)\n", paint(damaged ? "sealed" : "unknown", false).c_str(),
                latch.error().message.c_str());
    return;
  }
  const latch::Word word = latch.value().load();
  std::printf("latch      %s at epoch %llu (from its file)\n",
              word.sealed() ? paint("sealed", false).c_str() : paint("open", true).c_str(),
              static_cast<unsigned long long>(word.epoch()));
}

void print_latch(const json& latch) {
  const bool sealed = boolean_at(latch, "sealed", true);
  std::printf("latch      %s, epoch %llu, %llu orders open\n",
              paint(sealed ? "SEALED" : "open", !sealed).c_str(),
              static_cast<unsigned long long>(integer_at(latch, "epoch", 0)),
              static_cast<unsigned long long>(integer_at(latch, "open_orders", 0)));
  for (const auto& holder : list_at(latch, "holders")) {
    std::printf("           held by %s: %s (%s, %s)\n", shown(holder, "holder").c_str(),
                shown(holder, "reason").c_str(), shown(holder, "actor").c_str(),
                shown(holder, "ts").c_str());
  }
}

void print_live(const json& live) {
  if (!live.is_object()) return;
  const json ws = object_at(live, "ws_status");
  std::printf("trading    %s, %s, phase %s\n", shown(live, "trading_state").c_str(),
              shown(live, "mode").c_str(), shown(live, "phase").c_str());
  std::printf("feed       market %s, private %s, last frame %.0f ms ago, %llu reconnects\n",
              shown(ws, "market").c_str(), shown(ws, "private").c_str(),
              number_at(ws, "last_frame_age_ms"),
              static_cast<unsigned long long>(integer_at(ws, "reconnects", 0)));
  if (value_at(live, "chaos").is_object()) {
    std::printf("chaos      %s: run %s, scenario %s, by %s\n", paint("ACTIVE", false).c_str(),
                shown(live["chaos"], "run").c_str(), shown(live["chaos"], "scenario").c_str(),
                shown(live["chaos"], "owner").c_str());
  } else {
    std::printf("chaos      none\n");
  }
}

void print_engines(const json& engines) {
  if (!engines.is_object()) return;
  for (const auto& engine : list_at(engines, "engines")) {
    const std::string status = text_at(engine, "status");
    std::printf("engine     %-14s %s  pid %d, restarts %llu, budget left %lld%s%s\n",
                shown(engine, "name").c_str(), paint(status, status == "running").c_str(),
                static_cast<int>(integer_at(engine, "pid")),
                static_cast<unsigned long long>(integer_at(engine, "restarts", 0)),
                static_cast<long long>(integer_at(engine, "restart_budget_left", 0)),
                text_at(engine, "last_error").empty() ? "" : ", last: ",
                shown(engine, "last_error").c_str());
  }
}

void print_positions(const json& positions) {
  if (!positions.is_object()) return;
  for (const auto& position : list_at(positions, "positions")) {
    std::printf("position   %-10s %s at %s, unrealised %s\n", shown(position, "symbol").c_str(),
                shown(position, "quantity").c_str(), shown(position, "average_price").c_str(),
                shown(position, "unrealised").c_str());
  }
}

void print_health(const json& health) {
  const std::string answered = text_at(health, "status");
  const std::string status = answered.empty() ? "unhealthy" : answered;
  std::printf("health     %s  (version %s, pid %d, up %.0f s)\n",
              paint(status, status == "healthy").c_str(), shown(health, "version").c_str(),
              static_cast<int>(integer_at(health, "pid")), number_at(health, "uptime_s"));
  for (const auto& [name, component] : object_at(health, "components").items()) {
    if (text_at(component, "status") == "healthy") continue;
    std::printf("           %s %s: %s\n", name.c_str(), shown(component, "status").c_str(),
                shown(component, "detail").c_str());
  }
}

void print_next(const std::string& hint, const TargetFlags& flags) {
  std::printf("next       %s\n", with_flags(hint, flags).c_str());
}

// `latch`: null where nobody knows.
void print_hints(const json& latch, bool healthy, const json& live, const TargetFlags& flags) {
  if (value_at(live, "chaos").is_object()) {
    print_next("levictl chaos stop     (a chaos run is at work: is this us?)", flags);
  } else if (latch.is_object() && boolean_at(latch, "sealed", true)) {
    const json holders = list_at(latch, "holders");
    if (holders.empty()) print_next(resume_hint("operator", ""), flags);
    for (const auto& holder : holders)
      print_next(resume_hint(shown(holder, "holder"), shown(holder, "actor")), flags);
  } else if (!healthy || !latch.is_object()) {
    print_next("levictl recover --plan", flags);
  } else {
    print_next("levictl kill stops everything;  levictl chaos run breaks it on purpose", flags);
  }
}

// What both ports said, asked at once: a core that hangs costs one wait, not two.
struct Answers {
  Result<json> health = error(ErrorCode::kUnreachable, "not asked");
  Result<json> latch = error(ErrorCode::kUnreachable, "not asked");
  Error control = error(ErrorCode::kUnreachable, "");  // why the control port said nothing
};

Answers ask_both(const Target& target) {
  Answers answers;
  auto other = os::start_thread("status", [&] {
    answers.latch = call_json("GET", target.control + "/live/kill", "", kStatusCallMax);
  });
  answers.health = call_json("GET", target.api + "/health", "", kStatusCallMax);
  other.join();
  if (answers.latch) return answers;
  answers.control = answers.latch.error();
  // The API has the same call. Without it nobody knows whether the latch is sealed.
  if (answers.health)
    answers.latch = call_json("GET", target.api + "/live/kill", "", kStatusCallMax);
  return answers;
}

// A core that answers nothing, but is there: its process by the latch file where that is on this
// host, else by a port that took the connection and was silent.
struct Silent {
  bool hung = false;
  pid_t pid = 0;  // 0: not known
};

Silent look_at_silent(const Target& target, const Answers& answers) {
  Silent silent;
  silent.hung = answers.health.error().code == ErrorCode::kTimeout ||
                answers.control.code == ErrorCode::kTimeout;
  if (!target.local()) return silent;
  const auto latch = latch::Latch::attach(latch::latch_path(target.runtime));
  if (!latch) return silent;
  const auto gateway = latch.value().gateway();
  if (gateway.pid == 0) return silent;
  const bool alive = os::is_alive({gateway.pid, gateway.start_ticks, os::boot_id()});
  silent.hung = silent.hung || alive;
  silent.pid = alive ? gateway.pid : 0;
  return silent;
}

void print_silent_json(const Silent& silent, const Error& why) {
  json answer = {{"running", silent.hung}, {"detail", why.message}};
  if (silent.hung) {
    answer["answers"] = false;
    answer["pid"] = silent.pid == 0 ? json(nullptr) : json(silent.pid);
  }
  std::printf("%s\n", json_text(answer, 2).c_str());
}

int not_answering(const Target& target, const Answers& answers, const StatusOptions& options) {
  const Error& why = answers.health.error();
  const Silent silent = look_at_silent(target, answers);
  if (options.json) {
    print_silent_json(silent, why);
    return kUndecided;
  }
  const std::string hung =
      silent.pid == 0 ? "HUNG: it takes connections and answers nothing"
                      : "HUNG: pid " + std::to_string(silent.pid) + " lives and answers nothing";
  std::printf("%s: %s\n", target.name.c_str(),
              paint(silent.hung ? hung : "not running", false).c_str());
  std::printf("           %s\n", why.message.c_str());
  print_latch_file(target);
  print_next(silent.hung
                 ? "levictl kill --reason '…' stops it now; levictl recover --yes repairs it"
                 : "levictl recover --plan, or levictl up for a practice stage",
             options.target);
  return kUndecided;
}

void print_screen(const Target& target, const Answers& answers, const json& latch,
                  const json& live) {
  std::printf("%s\n", target.name.c_str());
  if (answers.health) {
    print_health(answers.health.value());
  } else {
    std::printf("health     %s: %s\n", paint("API does not answer", false).c_str(),
                answers.health.error().message.c_str());
  }
  if (latch.is_object()) {
    print_latch(latch);
  } else {
    std::printf("latch      %s: control does not answer: %s\n", paint("unknown", false).c_str(),
                answers.control.message.c_str());
    print_latch_file(target);
  }
  print_live(live);
}

}  // namespace

int status_command(const StatusOptions& options) {
  const auto resolved = resolve_target(options.target);
  if (!resolved) return fail(resolved.error());
  const Target& target = resolved.value();
  const Answers answers = ask_both(target);
  if (!answers.health && !answers.latch) return not_answering(target, answers, options);
  const json health = or_null(answers.health);
  const json latch = or_null(answers.latch);
  const json live = or_null(call_json("GET", target.control + "/live/status", "", kStatusCallMax));
  const json engines = or_null(call_json("GET", target.api + "/engines", "", kStatusCallMax));
  const json positions =
      or_null(call_json("GET", target.api + "/paper/positions", "", kStatusCallMax));
  const bool healthy = text_at(health, "status") == "healthy";
  const bool open = latch.is_object() && !boolean_at(latch, "sealed", true);
  const int code = healthy && open ? kDone : kFailed;
  if (options.json) {
    const json all{{"running", true},       {"target", target.name}, {"health", health},
                   {"latch", latch},        {"live", live},          {"engines", engines},
                   {"positions", positions}};
    std::printf("%s\n", json_text(all, 2).c_str());
    return code;
  }
  print_screen(target, answers, latch, live);
  print_engines(engines);
  print_positions(positions);
  print_hints(latch, healthy, live, options.target);
  return code;
}

}  // namespace levi::cli
