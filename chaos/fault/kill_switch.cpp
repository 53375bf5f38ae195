// kill.switch: presses the kill switch by one of its ways in. Not a fault of the target: what must
// work under all faults.
//
// Seals as holder `chaos`, actor `chaos:<run>`. Only a live levictl releases that again
// (Trial::release_seal); neither the guard nor an undo ever opens the latch: what they leave is a
// trace that names the command.
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "chaos/fault/kinds.h"
#include "chaos/fault/process_kill.h"
#include "core/base/json_fields.h"
#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/http.h"
#include "core/os/process.h"

namespace levi::chaos {
namespace {

constexpr const char* kKillSwitch = "kill.switch";
constexpr const char* kReason = "chaos: the kill switch is being tested";
constexpr Nanos kFenceAfter = 50ms;
constexpr const char* kByCommand = "command";
constexpr const char* kCommandWait = "3s";  // for open orders
constexpr Nanos kCommandDeadline =
    4500ms;  // the guard may begin it 5 s late, and has 10 s to answer

std::string actor_of(const std::string& tag) {
  return tag.substr(0, tag.rfind(':'));
}  // "chaos:<run>"

// The addresses stand in it, so that it works from any shell, whatever the stage is called.
std::string resume_as(const TargetSpec& spec, const std::string& whom, const std::string& reason) {
  const std::string control = spec.control.empty() ? "" : " --control " + spec.control;
  return "levictl resume --target " + spec.api + control + " --holder chaos" + whom +
         " --reason '" + reason + "'";
}

// Only the holder itself lets go: the command names the run as its actor.
std::string resume_command(const TargetSpec& spec, const std::string& holder) {
  if (holder.empty()) return resume_as(spec, "", "end of an unsigned chaos seal");
  return resume_as(spec, " --actor " + holder, "end of " + holder);
}

struct Press {
  std::string base;  // "127.0.0.1:8001" or "unix:/path"
  std::string target = "/live/kill";
  std::string body;
  os::HttpHeaders headers;
};

// The three spellings that clients are known to use (reference: the runbooks), and the three ways
// to the control thread.
Result<Press> press_for(const TargetSpec& spec, const std::string& variant,
                        const std::string& actor) {
  const std::string query = "/live/kill?holder=chaos&actor=" + os::percent_encode(actor) +
                            "&reason=" + os::percent_encode(kReason);
  const Json body{{"holder", "chaos"}, {"actor", actor}, {"reason", kReason}};
  if (variant == "api-query") return Press{spec.api, query + "&on=true", "", {}};
  if (variant == "api-json")
    return Press{spec.api, "/live/kill", body.dump(), {{"Content-Type", "application/json"}}};
  if (variant == "api-bare") return Press{spec.api, query, "", {}};
  if (variant == "control-port") return Press{spec.control, query, "", {}};
  if (variant == "control-socket") return Press{"unix:" + spec.control_socket, query, "", {}};
  return error(ErrorCode::kInvalid, "no way into the kill switch is called '" + variant + "'");
}

Result<Injection> press_by_http(const TargetSpec& spec, const std::string& variant,
                                const std::string& actor) {
  LEVI_TRY(press, press_for(spec, variant, actor));
  const bool socket = press.base.rfind("unix:", 0) == 0;
  const std::string url =
      socket ? press.base + ":" + press.target : "http://" + press.base + press.target;
  os::HttpTiming timing;
  const auto response =
      os::http_call("POST", url, press.body, kCallTimeout, press.headers, &timing);
  if (!response) return response.error();
  if (response.value().status != 200) {
    return error(ErrorCode::kIo,
                 "POST " + url + " answered " + std::to_string(response.value().status));
  }
  Injection injection;
  injection.before = timing.first_byte_sent;
  injection.after = timing.last_byte_received;
  injection.detail = Json::parse(response.value().body, nullptr, false);
  if (!boolean_at(injection.detail, "sealed")) {
    return error(ErrorCode::kIo, "POST " + url + " did not say that it sealed: " +
                                     response.value().body.substr(0, 200));
  }
  return injection;
}

Result<Injection> press_by_file(const TargetSpec& spec, const std::string& actor) {
  const MonoTime before = os::mono_now();
  LEVI_TRY(killed, latch::kill_by_file(latch::latch_path(spec.runtime), latch::Holder::kChaos,
                                       actor, kReason, os::wall_now(), kFenceAfter, false));
  Injection injection{before, os::mono_now(), Json::object()};
  injection.detail = {{"sealed", true},
                      {"epoch", killed.sealed.word.epoch()},
                      {"sequence", killed.sealed.sequence},
                      {"drained", killed.sealed.in_flight_zero}};
  return injection;
}

// What `levictl kill --target` calls it; empty: it is no stage, and nobody knows its keys.
std::string stage_of(const TargetSpec& spec) {
  constexpr std::string_view kPrefix = "stage-";
  return spec.name.starts_with(kPrefix) ? spec.name.substr(kPrefix.size()) : std::string();
}

// The press that sealed first, as the command tells it: one of its ways has that seal's epoch.
Status note_first_seal(Injection& press) {
  const std::int64_t first = integer_at(press.detail, "epoch", -1);
  for (const Json& way : list_at(press.detail, "ways")) {
    if (!boolean_at(way, "sealed") || integer_at(way, "epoch", -2) != first) continue;
    press.before = MonoTime{integer_at(way, "begun_mono_ns")};
    press.after = press.before + Nanos{integer_at(way, "took_ns")};
    return ok();
  }
  return error(ErrorCode::kIo,
               "levictl kill --venue sealed by no way: " + press.detail.dump().substr(0, 500));
}

// The operator's own command: every way in at once, and cancel-all at the venue past the core. S
// and the time of the press are its own answer's: those of the first of its seals, for it ends only
// when nothing is open any more. How it ended is told, not judged: the exchange knows what its exit
// code must be.
Result<Injection> press_by_command(const TargetSpec& spec, const std::string& actor) {
  LEVI_TRY(answer, os::make_memfd("levictl-kill", 0));
  os::SpawnOptions options;
  options.program = os::own_executable();
  options.arguments = {"kill",         "--venue",  "-o",     "json",      "--target",
                       stage_of(spec), "--holder", "chaos",  "--actor",   actor,
                       "--reason",     kReason,    "--wait", kCommandWait};
  options.stdout_path =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(answer.get());
  options.parent_death_signal = SIGKILL;
  const MonoTime before = os::mono_now();
  LEVI_TRY(child, os::Child::spawn(options));
  const auto ended = child.wait(kCommandDeadline);
  if (!ended) (void)child.kill(SIGKILL);
  if (!ended || !ended->exited) {
    return error(ErrorCode::kIo,
                 "levictl kill --venue " + (ended ? "was " + ended->text() : "hangs"));
  }
  Injection injection{before, os::mono_now(), Json::object()};
  LEVI_TRY(text, os::read_file(options.stdout_path));
  injection.detail = Json::parse(text, nullptr, false);
  if (!injection.detail.is_object()) {
    return error(ErrorCode::kIo, "levictl kill --venue ended with " + ended->text() +
                                     " and said: " + text.substr(0, 200));
  }
  injection.detail["exit"] = ended->code;
  LEVI_TRY_STATUS(note_first_seal(injection));
  return injection;
}

// What the latch shows of the holder `chaos`.
struct Seal {
  std::uint64_t epoch = 0;  // of the latch
  bool held = false;
  std::string actor;               // who signed last, maybe long ago
  std::uint64_t signed_epoch = 0;  // when that was

  bool held_by(const std::string& whom) const { return held && actor == whom; }
};

// By the file where we can see it, else by the control port.
Result<Seal> look_at_latch(const Target& target) {
  const TargetSpec& spec = target.spec();
  Seal seal;
  if (!spec.runtime.empty()) {
    const auto file = latch::Latch::attach(latch::latch_path(spec.runtime));
    if (!file && file.error().code == ErrorCode::kNotFound)
      return seal;  // the stage is gone, its latch too
    if (!file) return file.error();
    const auto word = file.value().load();
    const auto slot = file.value().slot(latch::Holder::kChaos);
    return Seal{word.epoch(), word.held_by(latch::Holder::kChaos), slot.actor, slot.epoch};
  }
  LEVI_TRY(status, target.api("GET", "/live/kill"));
  seal.epoch = static_cast<std::uint64_t>(integer_at(status, "epoch"));
  for (const auto& holder : list_at(status, "holders")) {
    if (text_at(holder, "holder") != "chaos") continue;
    seal.held = true;
    seal.actor = text_at(holder, "actor");
    seal.signed_epoch = static_cast<std::uint64_t>(integer_at(holder, "epoch"));
  }
  return seal;
}

// A seal sets its bit before it signs. Whoever pressed after our plan and died in between was us:
// the run holds the target's lease.
bool is_unsigned(const Seal& seal, const Undo& undo) {
  const auto planned = static_cast<std::uint64_t>(integer_at(undo.parameters, "epoch"));
  return seal.held && seal.signed_epoch <= planned;
}

class KillSwitch : public Fault {
 public:
  Result<Undo> plan(const Target& target, const FaultOrder& order) override {
    LEVI_TRY(seal, look_at_latch(target));
    if (seal.held) {
      return error(ErrorCode::kConflict, "the latch is already sealed by " + seal.actor,
                   resume_command(target.spec(), seal.actor));
    }
    if (order.variant == kByCommand && stage_of(target.spec()).empty()) {
      return error(ErrorCode::kUnsupported,
                   "the variant 'command' (levictl kill --venue) knows the keys of a stage only",
                   "leave it out of 'variants', or run on a stage");
    }
    return Undo{
        kKillSwitch, tag_of(order),
        Json{{"way", order.variant.empty() ? "api-json" : order.variant}, {"epoch", seal.epoch}}};
  }

  Result<Injection> inject(const Target& target, const Undo& undo) override {
    const std::string way = text_at(undo.parameters, "way");
    if (way == kByCommand) return press_by_command(target.spec(), actor_of(undo.tag));
    if (way == "file") return press_by_file(target.spec(), actor_of(undo.tag));
    return press_by_http(target.spec(), way, actor_of(undo.tag));
  }

  // The latch itself shows our seal: not the answer of the call that pressed it.
  Result<Proof> prove(const Target& target, const Undo& undo, const Injection&,
                      MonoTime deadline) override {
    do {
      LEVI_TRY(seal, look_at_latch(target));
      if (seal.held_by(actor_of(undo.tag)))
        return Proof{os::mono_now(), "the latch is held by " + seal.actor};
    } while (os::mono_now() < deadline);
    return error(ErrorCode::kTimeout, "the latch was not sealed");
  }

  Status revert(const Target&, const Undo&) override { return ok(); }

  Result<std::vector<Trace>> traces(const Target& target, const Undo& undo) override {
    LEVI_TRY(seal, look_at_latch(target));
    const std::string ours = actor_of(undo.tag);
    if (seal.held_by(ours))
      return std::vector<Trace>{
          {"the kill latch is sealed by " + ours, resume_command(target.spec(), ours)}};
    if (!is_unsigned(seal, undo)) return std::vector<Trace>{};
    return std::vector<Trace>{
        {"the kill latch is sealed as chaos, but unsigned: a press of " + ours + " was cut short",
         resume_as(target.spec(), "", "the cut-short press of " + ours)}};
  }
};

}  // namespace

FaultKind kill_switch() {
  FaultKind kind;
  kind.name = kKillSwitch;
  kind.title = "the kill switch is pressed at full order flow";
  kind.variants = {"api-query",      "api-json", "api-bare", "control-port",
                   "control-socket", "file",     kByCommand};
  kind.needs = {"exchange-admin"};
  kind.seals = true;
  kind.down_events = {"latch-seen"};
  kind.up_events = {"latch-seen"};
  kind.make = [] { return std::make_unique<KillSwitch>(); };
  return kind;
}

}  // namespace levi::chaos
