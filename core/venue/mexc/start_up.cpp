#include "core/venue/mexc/start_up.h"

#include <algorithm>
#include <utility>

#include "core/venue/mexc/records.h"

namespace levi::mexc {
namespace {

std::string seconds(Nanos offset) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(offset).count();
  return format_decimal(ms < 0 ? -ms : ms, 3) + " s";
}

std::string joined(const std::vector<std::string>& symbols) {
  std::string names;
  for (const std::string& name : symbols) names += (names.empty() ? "" : ",") + name;
  return names;
}

}  // namespace

void StartUp::load(std::vector<std::string> symbols, Done done) {
  current_ = std::make_shared<Load>(Load{std::move(symbols), std::move(done)});
  ask_time(current_);
}

void StartUp::ask_time(const LoadHandle& load) {
  const Instant sent = clock_.wall_now();
  rest_.call("GET", "/api/v3/time", "", [this, load, sent](const Answer& answer) {
    if (load != current_) return;
    const Status usable = judge_time(sent, answer);
    if (!usable) return load->done(usable.error());
    ask_key(load);
  });
}

void StartUp::ask_key(const LoadHandle& load) {
  rest_.signed_call("GET", "/api/v3/account", "", [this, load](const Answer& answer) {
    if (load != current_) return;
    const Status usable = judge_key(answer);
    if (!usable) return load->done(usable.error());
    ask_symbols(load);
  });
}

void StartUp::ask_symbols(const LoadHandle& load) {
  rest_.call("GET", "/api/v3/exchangeInfo", "symbols=" + joined(load->symbols),
             [this, load](const Answer& answer) {
               if (load == current_) load->done(judge_symbols(load->symbols, answer));
             });
}

Error StartUp::unusable(const std::string& what, const Answer& answer) const {
  const std::string venue = "the venue at " + venue::host_of(options_);
  if (answer.verdict == Verdict::kUnknown && answer.status == 0) {
    return error(ErrorCode::kUnreachable, venue + " does not answer: " + answer.message,
                 "is it running, and is venue.rest right?");
  }
  return error(ErrorCode::kUnreachable, venue + " answers " + what + " with " + answer.text());
}

Status StartUp::judge_time(Instant sent, const Answer& answer) {
  if (answer.verdict != Verdict::kDone) return unusable("serverTime", answer);
  LEVI_TRY(server_ms, read_server_time(answer.body));
  clock_.sample(sent, clock_.wall_now(), server_ms);
  const Nanos offset = clock_.offset();
  if (offset <= kClockOffsetMax && offset >= -kClockOffsetMax) return ok();
  return error(ErrorCode::kRefused,
               "this machine's clock is " + seconds(offset) +
                   (offset > Nanos{0} ? " behind" : " ahead of") + " the venue's; at most " +
                   seconds(kClockOffsetMax) + " is allowed",
               "set the clock (timedatectl set-ntp true)");
}

Status StartUp::judge_key(const Answer& answer) const {
  if (answer.verdict == Verdict::kDone) return ok();
  if (answer.verdict == Verdict::kClock) {
    return error(ErrorCode::kRefused, "the venue refuses our timestamp: " + answer.text(),
                 "a slow line, or a recv_window that is too short for it");
  }
  if (answer.verdict != Verdict::kAuth) return unusable("a signed question", answer);
  const bool is_signature = answer.code == 602 || answer.code == 700002;
  return error(ErrorCode::kRefused,
               std::string("the venue refuses our ") +
                   (is_signature ? "signature: the secret is not this key's: " : "API key: ") +
                   answer.text(),
               "check the venue's key and secret, its permissions and its list of addresses");
}

Result<std::vector<Instrument>> StartUp::judge_symbols(const std::vector<std::string>& symbols,
                                                       const Answer& answer) const {
  const bool is_about_symbols =
      answer.verdict == Verdict::kRejected || answer.verdict == Verdict::kHalted;
  if (is_about_symbols) {
    return error(ErrorCode::kInvalid,
                 "the venue does not know all of " + joined(symbols) + ": " + answer.text(),
                 "check 'symbols' in the configuration");
  }
  if (answer.verdict != Verdict::kDone) return unusable("exchangeInfo", answer);
  const auto list = answer.body.find("symbols");
  if (list == answer.body.end() || !list->is_array()) {
    return error(ErrorCode::kCorrupt, "the venue's exchangeInfo has no symbols");
  }
  std::vector<Instrument> instruments;
  for (const std::string& name : symbols) {
    const auto found = std::find_if(list->begin(), list->end(), [&](const auto& symbol) {
      return text_field(symbol, "symbol") == name;
    });
    if (found == list->end()) {
      return error(ErrorCode::kInvalid, "the venue does not trade " + name,
                   "check 'symbols' in the configuration");
    }
    LEVI_TRY(instrument, read_symbol(*found));
    instrument.definition.symbol = SymbolId{static_cast<std::uint16_t>(instruments.size())};
    instruments.push_back(std::move(instrument));
  }
  return instruments;
}

}  // namespace levi::mexc
