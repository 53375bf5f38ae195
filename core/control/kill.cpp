#include "core/control/kill.h"

#include <algorithm>
#include <array>
#include <bit>

namespace levi::control {
namespace {

using latch::Holder;

template <class Visit>
void for_each_holder(latch::Word word, Visit visit) {
  for (unsigned i = 0; i < static_cast<unsigned>(Holder::kCount); ++i) {
    if (word.held_by(static_cast<Holder>(i))) visit(static_cast<Holder>(i));
  }
}

void write_holder_names(Writer& out, latch::Word word) {
  out.key("holders").text("[");
  for_each_holder(
      word, [&](Holder holder) { out.comma_unless_first().quoted(latch::to_string(holder)); });
  out.text("]");
}

bool is_chaos_actor(std::string_view actor) { return actor.substr(0, 6) == "chaos:"; }

// The reason of the newest seal that still holds.
FixedString<127> newest_reason(const latch::Latch& latch, latch::Word word) {
  FixedString<127> reason;
  std::uint64_t epoch = 0;
  for_each_holder(word, [&](Holder holder) {
    const latch::SlotText slot = latch.slot_text(holder);
    if (slot.epoch < epoch) return;
    epoch = slot.epoch;
    reason = slot.reason;
  });
  return reason;
}

// Milliseconds since then, null where it has not been yet.
void write_age(Writer& out, std::string_view name, std::int64_t then_ns, MonoTime now) {
  out.key(name);
  if (then_ns == 0) {
    out.text("null");
    return;
  }
  // It may have been again since `now` was read.
  const std::int64_t age = std::max<std::int64_t>(0, (now - MonoTime{then_ns}).count());
  out.real(static_cast<double>(age) / 1e6);
}

void write_ws_status(Writer& out, const SharedStatus& status, MonoTime now) {
  const char* market = "down";
  if (status.market_up.load()) market = status.market_polling.load() ? "polling" : "up";
  out.key("ws_status").text("{").field("market", market);
  out.field("private", status.private_up.load() ? "up" : "down");
  write_age(out, "last_frame_age_ms", status.last_market_data_ns.load(), now);
  out.field("reconnects", status.market_reconnects.load()).text("}");
}

void write_chaos(Writer& out, const SharedStatus& status, MonoTime now) {
  const auto lease = status.chaos.load();
  out.key("chaos");
  if (!lease || !lease->active || lease->expires <= now) {
    out.text("null");
    return;
  }
  out.text("{").field("run", lease->run.view()).field("scenario", lease->scenario.view());
  out.field("owner", lease->owner.view());
  out.field("expires_in_s", static_cast<double>((lease->expires - now).count()) / 1e9).text("}");
}

ReleaseRefusal refuse_stray(std::string_view key) {
  ReleaseRefusal refusal{400, {}};
  std::array<char, 191> text;
  Writer out(text);
  out.text("'").text(key);
  out.text(
      "' is not understood: a release takes on, reason, actor, holder and epoch, each as text");
  refusal.why = FixedString<191>(out.view());
  return refusal;
}

const char* name_of(machine::TradingState state) {
  switch (state) {
    case machine::TradingState::kActive:
      return "ACTIVE";
    case machine::TradingState::kReducing:
      return "REDUCING";
    case machine::TradingState::kHalted:
      return "HALTED";
  }
  return "HALTED";
}

}  // namespace

KillOutcome kill_now(latch::Latch& latch, const StopRequest& request, Instant wall, Nanos drain_max,
                     const std::function<void()>& abort_order_sockets) {
  KillOutcome outcome;
  outcome.sealed =
      latch.seal(request.holder, request.actor.view(), request.reason.view(), wall, drain_max);
  if (!outcome.sealed.in_flight_zero && abort_order_sockets) {
    abort_order_sockets();
    outcome.aborted = true;
  }
  return outcome;
}

std::optional<ReleaseRefusal> check_release(const latch::Latch& latch, const StopRequest& request) {
  if (!request.body_readable) {
    return ReleaseRefusal{400,
                          "the body is not whole and well-formed JSON: nothing is released by it"};
  }
  if (!request.stray.empty()) return refuse_stray(request.stray.view());
  if (request.reason.empty()) {
    return ReleaseRefusal{
        400, "say why: releasing needs a reason (query ?reason= or JSON {\"reason\":...})"};
  }
  if (!request.holder_known) {
    return ReleaseRefusal{400, "unknown holder: GET /live/kill shows who holds the latch"};
  }
  if (!request.epoch_readable) {
    return ReleaseRefusal{400, "epoch is not a number: use the epoch that GET /live/kill shows"};
  }
  const latch::Word word = latch.load();
  if (request.epoch != 0 && request.epoch != word.epoch()) {
    return ReleaseRefusal{
        409, "the epoch moved on: somebody sealed again; look at GET /live/kill first"};
  }
  if (!is_chaos_actor(request.actor.view())) return std::nullopt;
  if (request.holder != Holder::kChaos) {
    return ReleaseRefusal{409, "a chaos run may release only holder=chaos"};
  }
  if (word.held_by(Holder::kChaos) &&
      std::string_view(latch.slot_text(Holder::kChaos).actor.view()) != request.actor.view()) {
    return ReleaseRefusal{409, "another chaos run sealed this"};
  }
  return std::nullopt;
}

machine::Command release_command(const latch::Latch& latch, const StopRequest& request,
                                 std::uint64_t number) {
  machine::Command command;
  command.request = number;
  command.kind = machine::CommandKind::kResume;
  command.holder = static_cast<std::uint32_t>(request.holder);
  command.epoch = request.epoch != 0 ? request.epoch : latch.load().epoch();
  command.actor = request.actor;
  command.reason = request.reason;
  return command;
}

void write_kill(Writer& out, const KillOutcome& outcome, const StopRequest& request) {
  const latch::Sealed& sealed = outcome.sealed;
  out.text("{").field("ok", true).field("kill_switch", true).field("killed", true);
  out.field("sealed", true).field("drained", sealed.in_flight_zero);
  out.field("aborted", outcome.aborted).field("epoch", sealed.word.epoch());
  out.field("sequence", sealed.sequence);
  write_holder_names(out, sealed.word);
  out.field("reason", request.reason.view());
  out.key("message").text("\"sealed: no order above sequence ").number(sealed.sequence);
  out.text(" leaves");
  if (outcome.aborted) {
    out.text("; one send did not end in time, the order connections were reset");
  }
  if (!request.holder_known) out.text("; the holder is unknown, sealed as operator");
  if (!request.body_readable) out.text("; the body could not be read");
  out.text("\"}");
}

void write_release(Writer& out, latch::Word word, std::string_view message) {
  out.text("{").field("ok", true).field("kill_switch", word.sealed());
  out.field("killed", word.sealed()).field("sealed", word.sealed()).field("epoch", word.epoch());
  write_holder_names(out, word);
  out.field("message", message).text("}");
}

void write_latch_state(Writer& out, const latch::Latch& latch, const SharedStatus& status,
                       MonoTime now) {
  const latch::Word word = latch.load();
  out.text("{").field("kill_switch", word.sealed()).field("sealed", word.sealed());
  out.field("epoch", word.epoch()).field("sequence", latch.last_sequence());
  out.field("in_flight", latch.in_flight()).key("holders").text("[");
  for_each_holder(word, [&](Holder holder) {
    const latch::SlotText slot = latch.slot_text(holder);
    out.comma_unless_first().text("{").field("holder", latch::to_string(holder));
    out.field("reason", slot.reason.view()).field("actor", slot.actor.view());
    out.key("ts").text("\"").utc(slot.wall).text("\"").field("epoch", slot.epoch).text("}");
  });
  out.text("]").field("order_connections", status.order_connections.load());
  out.field("open_orders", status.open_orders.load());
  write_age(out, "open_orders_age_ms", status.trading_round_ns.load(), now);
  out.text("}");
}

void write_live_status(Writer& out, const latch::Latch& latch, const SharedStatus& status,
                       const Facts& facts, Nanos round_age_max, MonoTime now) {
  const latch::Word word = latch.load();
  const machine::TradingState trading = status.trading_state.load();
  const std::int64_t round = status.trading_round_ns.load();
  const bool comes_round = round != 0 && now - MonoTime{round} <= round_age_max;
  const bool active = comes_round && !word.sealed() && trading == machine::TradingState::kActive;
  out.text("{").field("kill_switch_active", word.sealed()).field("sealed", word.sealed());
  out.field("epoch", word.epoch());
  write_holder_names(out, word);
  out.field("reason", newest_reason(latch, word).view())
      .field("mode", std::string_view(facts.mode));
  out.field("active", active).field("trading_state", name_of(trading));
  out.field("phase", to_string(status.phase.load()));
  write_age(out, "trading_round_age_ms", round, now);
  write_ws_status(out, status, now);
  out.field("open_orders", status.open_orders.load());
  out.field("positions", status.positions_open.load());
  out.key("engines").text("{").field("running", status.engines_running.load());
  out.field("defined", status.engines_defined.load());
  out.field("failed", status.engines_failed.load()).text("}");
  write_chaos(out, status, now);
  out.text("}");
}

void write_problem(Writer& out, int status, std::string_view detail) {
  out.text("{").field("type", "about:blank").field("title", http_title(status));
  out.field("status", status).field("detail", detail).text("}");
}

const char* http_title(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

int http_status(machine::AnswerCode code) {
  switch (code) {
    case machine::AnswerCode::kDone:
      return 200;
    case machine::AnswerCode::kNotFound:
      return 404;
    case machine::AnswerCode::kConflict:
    case machine::AnswerCode::kRefused:
      return 409;
  }
  return 500;
}

const char* to_string(Phase phase) {
  switch (phase) {
    case Phase::kStarting:
      return "starting";
    case Phase::kRecovering:
      return "recovering";
    case Phase::kConnecting:
      return "connecting";
    case Phase::kReconciling:
      return "reconciling";
    case Phase::kRunning:
      return "running";
    case Phase::kStopping:
      return "stopping";
  }
  return "unknown";
}

}  // namespace levi::control
