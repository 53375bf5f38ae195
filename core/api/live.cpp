// /live/*: what stops and starts trading. The kill itself is Api::kill, the code of both servers
// core/control/kill.h.
#include <array>
#include <optional>
#include <string>

#include "core/api/api.h"
#include "core/api/flatten_request.h"
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

struct FlattenRefusal {
  int status = 0;
  std::string why;
};

// Why these positions can't be closed now; else the command knows which ones are meant.
std::optional<FlattenRefusal> check_flatten(Api& api, const FlattenRequest& request,
                                            machine::Command& command) {
  if (!request.wrong.empty()) return FlattenRefusal{400, request.wrong};
  if (request.epoch == 0) {
    return FlattenRefusal{
        400, "flatten needs the epoch that the latch is sealed with: GET /live/kill shows it"};
  }
  if (request.reason.empty()) return FlattenRefusal{400, "say why: flatten needs a reason"};
  command.all_symbols = !request.symbol;
  bool known = command.all_symbols;
  for (const auto& instrument : api.state().instruments) {
    if (!instrument.defined || instrument.definition.name.view() != request.symbol) continue;
    command.symbol = instrument.definition.symbol;
    known = true;
  }
  if (!known) return FlattenRefusal{404, "there is no symbol " + *request.symbol + " here"};
  const latch::Word word = api.ports().latch.load();
  if (word.sealed() && word.epoch() == request.epoch) return std::nullopt;
  return FlattenRefusal{409, "flatten works only while the latch is sealed by epoch " +
                                 std::to_string(request.epoch) + "; it is now " +
                                 (word.sealed() ? "sealed by epoch " : "open at epoch ") +
                                 std::to_string(word.epoch())};
}

void finish_flatten(Api& api, Call& call, const CommandOutcome& outcome) {
  if (outcome.http_status() == 200) {
    call.answer(
        Json{{"ok", true}, {"granted", outcome.answer.granted}, {"message", outcome.text()}});
  } else {
    call.problem(outcome.http_status(), outcome.text());
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
                               api.options().health.round_age_max, os::mono_now());
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
  const FlattenRequest request = read_flatten_request(call->request.query(), call->request.body);
  call->actor = request.actor;
  call->reason = request.reason;
  machine::Command command;
  command.kind = machine::CommandKind::kFlatten;
  command.actor = request.actor;
  command.reason = request.reason;
  command.epoch = request.epoch;
  if (const auto refusal = check_flatten(api, request, command)) {
    call->problem(refusal->status, refusal->why);
    return api.audit(*call);
  }
  api.after_audit(call, [&api, call, command] {
    api.commands().submit(command, [&api, call](const CommandOutcome& outcome) {
      finish_flatten(api, *call, outcome);
    });
  });
}

}  // namespace levi::api::live
