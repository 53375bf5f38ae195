#include "core/venue/mexc/start_up.h"

#include <algorithm>

#include "core/os/http.h"
#include "core/venue/mexc/answer.h"
#include "core/venue/mexc/records.h"
#include "core/venue/mexc/rest.h"

namespace levi::mexc {
namespace {

Result<Answer> ask(const venue::GatewayOptions& options, const std::string& target,
                   const os::HttpHeaders& headers) {
  const std::string venue = options.rest.text();
  const auto response =
      os::http_call("GET", "http://" + venue + target, "", options.answer_timeout, headers);
  if (response) return read_answer(response.value());
  return error(ErrorCode::kUnreachable,
               "the venue at " + venue + " does not answer: " + response.error().message,
               "is it running, and is venue.rest right?");
}

Error unusable(const venue::GatewayOptions& options, const std::string& what,
               const Answer& answer) {
  return error(ErrorCode::kUnreachable, "the venue at " + options.rest.text() + " answers " + what +
                                            " with " + answer.text());
}

std::string seconds(Nanos offset) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(offset).count();
  return format_decimal(ms < 0 ? -ms : ms, 3) + " s";
}

}  // namespace

Result<std::vector<Instrument>> StartUp::load(const std::vector<std::string>& symbols) {
  LEVI_TRY_STATUS(check_clock());
  LEVI_TRY_STATUS(check_key());
  return load_symbols(symbols);
}

Status StartUp::check_clock() {
  const Instant sent = clock_.wall_now();
  LEVI_TRY(answer, ask(options_, "/api/v3/time", {}));
  const Instant received = clock_.wall_now();
  if (answer.verdict != Verdict::kDone) return unusable(options_, "serverTime", answer);
  LEVI_TRY(server_ms, read_server_time(answer.body));
  clock_.sample(sent, received, server_ms);
  const Nanos offset = clock_.offset();
  if (offset <= kClockOffsetMax && offset >= -kClockOffsetMax) return ok();
  return error(ErrorCode::kRefused,
               "this machine's clock is " + seconds(offset) +
                   (offset > Nanos{0} ? " behind" : " ahead of") + " the venue's; at most " +
                   seconds(kClockOffsetMax) + " is allowed",
               "set the clock (timedatectl set-ntp true)");
}

Status StartUp::check_key() {
  const std::string target =
      signed_target(signer_, "/api/v3/account", "", options_.recv_window, clock_.now_ms());
  LEVI_TRY(answer, ask(options_, target, {{"X-MEXC-APIKEY", options_.credentials.key}}));
  if (answer.verdict == Verdict::kDone) return ok();
  if (answer.verdict == Verdict::kClock) {
    return error(ErrorCode::kRefused, "the venue refuses our timestamp: " + answer.text(),
                 "a slow line, or a recv_window that is too short for it");
  }
  if (answer.verdict != Verdict::kAuth) return unusable(options_, "a signed question", answer);
  const bool is_signature = answer.code == 602 || answer.code == 700002;
  return error(ErrorCode::kRefused,
               std::string("the venue refuses our ") +
                   (is_signature ? "signature: the secret is not this key's: " : "API key: ") +
                   answer.text(),
               "check the venue's key and secret, its permissions and its list of addresses");
}

Result<std::vector<Instrument>> StartUp::load_symbols(const std::vector<std::string>& symbols) {
  std::string names;
  for (const std::string& name : symbols) names += (names.empty() ? "" : ",") + name;
  LEVI_TRY(answer, ask(options_, "/api/v3/exchangeInfo?symbols=" + names, {}));
  const bool is_about_symbols =
      answer.verdict == Verdict::kRejected || answer.verdict == Verdict::kHalted;
  if (is_about_symbols) {
    return error(ErrorCode::kInvalid,
                 "the venue does not know all of " + names + ": " + answer.text(),
                 "check 'symbols' in the configuration");
  }
  if (answer.verdict != Verdict::kDone) return unusable(options_, "exchangeInfo", answer);
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
