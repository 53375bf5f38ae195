// /live/*: what stops and starts trading. The kill itself is Api::kill, the code of both servers
// core/control/kill.h.
#include <array>

#include "core/api/api.h"
#include "core/api/event_json.h"
#include "core/control/kill.h"
#include "core/os/clock.h"

namespace levi::api::live {
namespace {

constexpr std::size_t kBodyBytes = 16 * 1024;

template <class Write>
void answer_written(Call& call, int status, Write write) {
  std::array<char, kBodyBytes> buffer;
  control::Writer out(buffer);
  write(out);
  LEVI_CHECK(!out.overflowed());
  call.answer(status, std::string(out.view()));
}

void finish_release(Api& api, Call& call, const CommandOutcome& outcome) {
  const int status = outcome.http_status();
  if (status == 200) {
    answer_written(call, 200, [&](control::Writer& out) {
      const std::string text = outcome.text();
      control::write_release(out, latch::Word{outcome.answer.latch_word},
                             text.empty() ? std::string_view("released") : std::string_view(text));
    });
  } else {
    call.problem(status, outcome.text());
  }
  api.audit(call);
}

}  // namespace

void kill_state(Api& api, const CallPtr& call) {
  answer_written(*call, 200, [&](control::Writer& out) {
    control::write_latch_state(out, api.ports().latch, api.ports().status, os::mono_now());
  });
}

void status(Api& api, const CallPtr& call) {
  answer_written(*call, 200, [&](control::Writer& out) {
    control::write_live_status(out, api.ports().latch, api.ports().status, api.options().facts,
                               os::mono_now());
  });
}

void restore(Api& api, const CallPtr& call) {
  auto request = control::read_stop_request(call->request.query(), call->request.body, true);
  call->actor = request.actor;
  call->reason = request.reason;
  if (const auto refusal = control::check_release(api.ports().latch, request)) {
    call->problem(refusal->status, refusal->why.view());
    return api.audit(*call);
  }
  // Pinned to what the asker could have seen: a kill that comes while the audit line is written
  // wins.
  if (request.epoch == 0) request.epoch = api.ports().latch.load().epoch();
  api.after_audit(call, [&api, call, request] {
    api.commands().submit(
        control::release_command(api.ports().latch, request, 0),
        [&api, call](const CommandOutcome& outcome) { finish_release(api, *call, outcome); });
  });
}

void flatten(Api& api, const CallPtr& call) {
  api.catch_up();
  const Fields fields = read_fields(call->request);
  call->actor = fields.stop.actor;
  call->reason = fields.stop.reason;
  machine::Command command;
  command.kind = machine::CommandKind::kFlatten;
  command.actor = call->actor;
  command.reason = call->reason;
  command.epoch = fields.stop.epoch;
  const std::string symbol = call->parameter("symbol").value_or(
      fields.json.contains("symbol") && fields.json["symbol"].is_string()
          ? fields.json["symbol"].get<std::string>()
          : std::string());
  command.all_symbols = symbol.empty();
  const auto& instruments = api.state().instruments;
  for (const auto& instrument : instruments) {
    if (instrument.defined && instrument.definition.name.view() == symbol)
      command.symbol = instrument.definition.symbol;
  }
  const auto refuse = [&](int refusal, const std::string& why) {
    call->problem(refusal, why);
    api.audit(*call);
  };
  if (!fields.stop.body_readable) return refuse(400, "the body is not well-formed JSON");
  if (!fields.stop.epoch_readable || command.epoch == 0) {
    return refuse(400,
                  "flatten needs the epoch that the latch is sealed with: GET /live/kill shows it");
  }
  if (call->reason.empty()) return refuse(400, "say why: flatten needs a reason");
  if (!command.all_symbols && symbol_text(api.state(), command.symbol) != symbol) {
    return refuse(404, "there is no symbol " + symbol + " here");
  }
  const latch::Word word = api.ports().latch.load();
  if (!word.sealed() || word.epoch() != command.epoch) {
    return refuse(409, "flatten works only while the latch is sealed by epoch " +
                           std::to_string(command.epoch) + "; it is now " +
                           (word.sealed() ? "sealed by epoch " : "open at epoch ") +
                           std::to_string(word.epoch()));
  }
  api.after_audit(call, [&api, call, command] {
    api.commands().submit(command, [&api, call](const CommandOutcome& outcome) {
      if (outcome.http_status() == 200) {
        call->answer(
            Json{{"ok", true}, {"granted", outcome.answer.granted}, {"message", outcome.text()}});
      } else {
        call->problem(outcome.http_status(), outcome.text());
      }
      api.audit(*call);
    });
  });
}

}  // namespace levi::api::live
