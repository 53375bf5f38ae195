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

void add_missing(std::string& missing, const std::string& symbol, const std::string& why) {
  missing += (missing.empty() ? "" : "; ") + symbol + ": the venue does not trade it (" + why + ")";
}

}  // namespace

void StartUp::load(std::vector<std::string> symbols, Done done) {
  current_ = std::make_shared<Load>(Load{std::move(symbols), std::move(done)});
  current_->groups.push_back(current_->symbols);
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
  if (load->groups.empty()) return finish(load);
  const std::vector<std::string> group = std::move(load->groups.back());
  load->groups.pop_back();
  rest_.call("GET", "/api/v3/exchangeInfo", "symbols=" + joined(group),
             [this, load, group](const Answer& answer) {
               if (load == current_) on_symbols(load, group, answer);
             });
}

// One that the venue does not have may spoil the call for the others: by halves, until it is alone.
void StartUp::on_symbols(const LoadHandle& load, const std::vector<std::string>& group,
                         const Answer& answer) {
  if (!is_refusal(answer.verdict)) {
    const Status taken = take_symbols(*load, group, answer);
    if (!taken) return load->done(taken.error());
  } else if (group.size() == 1) {
    add_missing(load->missing, group[0], answer.text());
  } else {
    const auto middle = group.begin() + static_cast<std::ptrdiff_t>(group.size() / 2);
    load->groups.emplace_back(middle, group.end());
    load->groups.emplace_back(group.begin(), middle);
  }
  ask_symbols(load);
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

Status StartUp::take_symbols(Load& load, const std::vector<std::string>& group,
                             const Answer& answer) const {
  if (answer.verdict != Verdict::kDone) return unusable("exchangeInfo", answer);
  const auto list = answer.body.find("symbols");
  if (list == answer.body.end() || !list->is_array()) {
    return error(ErrorCode::kCorrupt, "the venue's exchangeInfo has no symbols");
  }
  for (const std::string& name : group) {
    const auto found = std::find_if(list->begin(), list->end(), [&](const auto& symbol) {
      return text_field(symbol, "symbol") == name;
    });
    if (found == list->end()) {
      add_missing(load.missing, name, "not in exchangeInfo");
      continue;
    }
    auto instrument = read_symbol(*found);
    if (instrument) {
      load.found.push_back(std::move(instrument).value());
    } else {
      add_missing(load.missing, name, instrument.error().message);
    }
  }
  return ok();
}

void StartUp::finish(const LoadHandle& load) {
  missing_ = load->missing;
  if (load->found.empty()) {
    return load->done(error(ErrorCode::kInvalid,
                            "the venue trades none of " + joined(load->symbols) + ": " + missing_,
                            "check 'symbols' in the configuration"));
  }
  const auto place = [&](const Instrument& one) {
    return std::find(load->symbols.begin(), load->symbols.end(), one.name);
  };
  std::sort(load->found.begin(), load->found.end(),
            [&](const Instrument& a, const Instrument& b) { return place(a) < place(b); });
  for (std::size_t i = 0; i < load->found.size(); ++i)
    load->found[i].definition.symbol = SymbolId{static_cast<std::uint16_t>(i)};
  load->done(std::move(load->found));
}

}  // namespace levi::mexc
