// `levictl resume` and `levictl flatten`: what a sealed core lets an operator do.
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/base/json_fields.h"
#include "core/os/clock.h"
#include "core/os/loop.h"
#include "levictl/client.h"
#include "levictl/exit_code.h"
#include "levictl/kill.h"
#include "levictl/operator_name.h"
#include "levictl/text.h"

namespace levi::cli {
namespace {

using nlohmann::json;

constexpr Nanos kResumeCallMax{3s};
constexpr Nanos kAskAgain{100ms};

std::string holder_list(const json& holders) {
  std::string text;
  for (const auto& holder : holders) {
    text += (text.empty() ? "" : ", ") +
            (holder.is_string() ? holder.get<std::string>() : text_at(holder, "holder"));
  }
  return printable(text);
}

// How many positions of this symbol (all: "") are open. kInvalid: there is no such symbol.
Result<std::size_t> count_positions(const Target& target, const std::string& symbol) {
  LEVI_TRY(answer, call_json("GET", target.api + "/paper/positions?all=true", "", kResumeCallMax));
  std::size_t open = 0;
  bool known = symbol.empty();
  for (const auto& position : list_at(answer, "positions")) {
    if (!symbol.empty() && text_at(position, "symbol") != symbol) continue;
    known = true;
    open += text_at(position, "quantity").find_first_of("123456789") != std::string::npos ? 1 : 0;
  }
  if (known) return open;
  return error(ErrorCode::kInvalid, "there is no symbol " + symbol + " here");
}

int wait_until_flat(const Target& target, const FlattenOptions& options) {
  const MonoTime deadline = os::mono_now() + options.wait;
  os::Loop pause;
  while (true) {
    const auto left = count_positions(target, options.symbol);
    if (!left) return fail(left.error());
    if (left.value() == 0) {
      std::printf("%s: flat\n", target.name.c_str());
      return kDone;
    }
    if (os::mono_now() > deadline) {
      std::printf("%s: %zu positions are still open: curl %s/paper/positions\n",
                  target.name.c_str(), left.value(), target.api.c_str());
      return kFailed;
    }
    pause.run_until(os::mono_now() + kAskAgain);
  }
}

}  // namespace

std::string operator_name() {
  constexpr std::size_t kBytesMax = 31;
  std::string name;
  if (const char* given = std::getenv("LEVICTL_ACTOR")) name = given;
  const passwd* user = getpwuid(getuid());
  if (name.empty()) name = user != nullptr ? user->pw_name : std::to_string(getuid());
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  std::size_t size = std::min(name.size(), kBytesMax);
  while (size > 0 && size < name.size() && continues(name[size])) --size;
  return name.substr(0, size);
}

int resume_command(const ResumeOptions& options) {
  if (options.reason.empty()) {
    return fail(error(ErrorCode::kInvalid, "resume needs a reason",
                      "levictl resume --reason 'feed fixed, INC-17'"));
  }
  const auto target = resolve_target(options.target);
  if (!target) return fail(target.error());
  json body = {{"reason", options.reason},
               {"holder", options.holder},
               {"actor", options.actor.empty() ? operator_name() : options.actor}};
  if (options.epoch != 0) body["epoch"] = options.epoch;
  auto answer =
      call_json("POST", target.value().control + "/live/restore", json_text(body), kResumeCallMax);
  if (!answer && answer.error().code == ErrorCode::kUnreachable) {
    answer =
        call_json("POST", target.value().api + "/live/restore", json_text(body), kResumeCallMax);
  }
  if (!answer) return fail(answer.error());
  const json& state = answer.value();
  const std::string holders = holder_list(list_at(state, "holders"));
  if (!boolean_at(state, "sealed", true)) {
    std::printf("%s: open, epoch %llu\n", target.value().name.c_str(),
                static_cast<unsigned long long>(integer_at(state, "epoch", 0)));
    return kDone;
  }
  std::printf("%s: holder '%s' has let go; still held by: %s\n", target.value().name.c_str(),
              options.holder.c_str(), holders.c_str());
  std::printf("when each cause is known:  %s\n",
              with_flags("levictl resume --holder <holder> --reason '…'", options.target).c_str());
  return kFailed;
}

int flatten_command(const FlattenOptions& options) {
  const auto target = resolve_target(options.target);
  if (!target) return fail(target.error());
  const auto latch = call_json("GET", target.value().control + "/live/kill", "", kResumeCallMax);
  if (!latch) return fail(latch.error());
  if (!boolean_at(latch.value(), "sealed", false)) {
    return fail(error(ErrorCode::kConflict,
                      "the latch is open: engines would trade against the closing",
                      with_flags("levictl kill", options.target) + " first"));
  }
  const std::string what =
      options.symbol.empty() ? "every open position" : "the position in " + options.symbol;
  if (!options.yes) {
    return fail(
        error(ErrorCode::kRefused, "flatten would close " + what + " at market", "add --yes"));
  }
  const auto open = count_positions(target.value(), options.symbol);
  if (!open) return fail(open.error());
  if (open.value() == 0) {
    std::printf("%s: flat already\n", target.value().name.c_str());
    return kDone;
  }
  json body = {{"epoch", integer_at(latch.value(), "epoch", 0)},
               {"reason", options.reason},
               {"actor", operator_name()},
               {"symbol", options.symbol.empty() ? json(nullptr) : json(options.symbol)}};
  const auto granted =
      call_json("POST", target.value().api + "/live/flatten", json_text(body), kResumeCallMax);
  if (!granted) return fail(granted.error());
  return wait_until_flat(target.value(), options);
}

}  // namespace levi::cli
