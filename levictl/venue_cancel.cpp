#include "levictl/venue_cancel.h"

#include <nlohmann/json.hpp>

#include "core/base/json_fields.h"
#include "core/os/clock.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/os/thread.h"
#include "core/venue/mexc/wire/sign.h"

namespace levi::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kSymbolsPerCancel = 5;  // the venue's limit of one DELETE /openOrders
constexpr Nanos kVenueCallMax{2s};
constexpr Nanos kAskAgain{100ms};
constexpr std::size_t kSymbolsMax =
    50;  // asked one by one: more would take longer than an operator waits

Result<json> signed_call(const VenueAccess& access, const std::string& method,
                         const std::string& path, const std::string& parameters) {
  const std::string timestamp = std::to_string(os::wall_now().ns / 1'000'000);
  const std::string query =
      parameters + (parameters.empty() ? "" : "&") + "recvWindow=5000&timestamp=" + timestamp;
  const std::string url = "http://" + access.address + path + "?" + query +
                          "&signature=" + mexc::mexc_sign(access.secret, query);
  LEVI_TRY(answer,
           os::http_call(method, url, "", kVenueCallMax,
                         {{"X-MEXC-APIKEY", access.key}, {"Content-Type", "application/json"}}));
  json value = json::parse(answer.body, nullptr, false);
  if (value.is_discarded())
    return error(ErrorCode::kCorrupt, "the venue answered " + path + " without JSON");
  if (answer.status >= 400) {
    return error(ErrorCode::kRefused, "the venue refused " + path + ": " + text_at(value, "msg"));
  }
  return value;
}

// The symbols given, or all that the venue lists where those are few.
Result<std::vector<std::string>> symbols_of(const VenueAccess& access) {
  if (!access.symbols.empty()) return access.symbols;
  LEVI_TRY(answer, os::http_call("GET", "http://" + access.address + "/api/v3/exchangeInfo", "",
                                 kVenueCallMax));
  const json value = json::parse(answer.body, nullptr, false);
  std::vector<std::string> symbols;
  if (value.is_object() && value.contains("symbols")) {
    for (const auto& symbol : list_at(value, "symbols"))
      symbols.push_back(text_at(symbol, "symbol"));
  }
  if (symbols.empty() || symbols.size() > kSymbolsMax) {
    return error(ErrorCode::kInvalid,
                 "the venue lists " + std::to_string(symbols.size()) + " symbols",
                 "name yours: --symbols BTCUSDT,ETHUSDT");
  }
  return symbols;
}

Status find_symbols(VenueAccess& access) {
  LEVI_TRY_ASSIGN(access.symbols, symbols_of(access));
  return ok();
}

// A refused list does not keep the others from being cancelled.
Status cancel_once(const VenueAccess& access, VenueOutcome& outcome) {
  Status all = ok();
  for (std::size_t first = 0; first < access.symbols.size(); first += kSymbolsPerCancel) {
    std::string list;
    for (std::size_t i = first; i < std::min(first + kSymbolsPerCancel, access.symbols.size());
         ++i) {
      list += (list.empty() ? "" : ",") + access.symbols[i];
    }
    const auto cancelled =
        signed_call(access, "DELETE", "/api/v3/openOrders", "symbol=" + os::percent_encode(list));
    outcome.answered |= cancelled.has_value();
    if (cancelled) outcome.cancelled += cancelled.value().size();
    if (!cancelled && all) all = cancelled.error();
  }
  const auto open = count_open_orders(access);
  if (open) outcome.open = open.value();
  if (!open && all) all = open.error();
  return all;
}

}  // namespace

Result<std::uint64_t> count_open_orders(const VenueAccess& access) {
  LEVI_TRY(symbols, symbols_of(access));
  std::uint64_t open = 0;
  for (const std::string& symbol : symbols) {
    LEVI_TRY(orders, signed_call(access, "GET", "/api/v3/openOrders", "symbol=" + symbol));
    open += orders.size();
  }
  return open;
}

VenueOutcome cancel_everything(const VenueAccess& given, Nanos timeout) {
  VenueAccess access = given;
  VenueOutcome outcome;
  const MonoTime deadline = os::mono_now() + timeout;
  os::Loop pause;
  Status done = find_symbols(access);
  while (done) {
    outcome.open.reset();
    done = cancel_once(access, outcome);
    if (!done || outcome.open == 0u || os::mono_now() > deadline || os::interrupted()) break;
    pause.run_until(os::mono_now() + kAskAgain);
  }
  if (!done) outcome.error = done.error().text();
  return outcome;
}

}  // namespace levi::cli
