#include "core/venue/mexc/trade_pages.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace levi::mexc {
namespace {

constexpr Nanos kDelayMin{50ms};
constexpr Nanos kDelayMax{2s};

}  // namespace

struct TradePages::Fetch {
  Request request;
  OnTrade on_trade;
  Done done;
  std::vector<TradeWindow> windows;  // still to be asked; the last is next
  unsigned attempts = 0;
  unsigned refusals = 0;
  Nanos delay{0};
  std::string incomplete;  // why trades are missing
};

TradePages::TradePages(os::Loop& loop, Rest& rest, const Instruments& instruments)
    : loop_(loop),
      rest_(rest),
      instruments_(instruments),
      alive_(std::make_shared<TradePages*>(this)) {}

TradePages::~TradePages() = default;

void TradePages::fetch(Request request, OnTrade on_trade, Done done) {
  LEVI_CHECK(instruments_.find(request.symbol) != nullptr);
  auto fetch = std::make_shared<Fetch>();
  fetch->windows.push_back(request.window);
  fetch->request = std::move(request);
  fetch->on_trade = std::move(on_trade);
  fetch->done = std::move(done);
  ask(fetch);
}

void TradePages::ask(const std::shared_ptr<Fetch>& fetch) {
  const TradeWindow window = fetch->windows.back();
  std::string query = "symbol=" + instruments_.find(fetch->request.symbol)->name;
  if (!fetch->request.venue_order.empty()) query += "&orderId=" + fetch->request.venue_order;
  query += "&startTime=" + std::to_string(window.from_ms) +
           "&endTime=" + std::to_string(window.to_ms) + "&limit=" + std::to_string(kTradesPerPage);
  rest_.signed_call("GET", "/api/v3/myTrades", std::move(query),
                    [this, fetch](const Answer& answer) { on_page(fetch, answer); });
}

void TradePages::on_page(const std::shared_ptr<Fetch>& fetch, const Answer& answer) {
  if (answer.verdict != Verdict::kDone || !answer.body.is_array()) {
    on_failure(fetch, answer);
    return;
  }
  const TradeWindow window = fetch->windows.back();
  fetch->windows.pop_back();
  fetch->attempts = fetch->refusals = 0;
  fetch->delay = Nanos{0};
  const bool is_full = answer.body.size() >= kTradesPerPage;
  if (is_full && window.from_ms < window.to_ms) {
    const std::int64_t middle = window.from_ms + (window.to_ms - window.from_ms) / 2;
    fetch->windows.push_back({middle + 1, window.to_ms});
    fetch->windows.push_back({window.from_ms, middle});  // the older half first
    next(fetch);
    return;
  }
  if (is_full) fetch->incomplete = "one millisecond holds more trades than a page";
  const Instrument& instrument = *instruments_.find(fetch->request.symbol);
  const auto& is_ours = fetch->request.is_ours;
  for (const auto& line : answer.body) {
    if (is_ours && !is_ours(text_field(line, "clientOrderId"), text_field(line, "orderId")))
      continue;
    const auto trade = read_trade(line, instrument);
    if (trade) {
      fetch->on_trade(trade.value());
    } else {
      fetch->incomplete = trade.error().message;
    }
  }
  next(fetch);
}

void TradePages::next(const std::shared_ptr<Fetch>& fetch) {
  if (!fetch->windows.empty()) {
    ask(fetch);
  } else if (fetch->incomplete.empty()) {
    fetch->done(ok());
  } else {
    fetch->done(error(ErrorCode::kCorrupt, "trades are missing: " + fetch->incomplete));
  }
}

void TradePages::on_failure(const std::shared_ptr<Fetch>& fetch, const Answer& answer) {
  fetch->refusals += is_refusal(answer.verdict) ? 1 : 0;
  if (++fetch->attempts == fetch->request.attempts_max || fetch->refusals == kRefusalsMax) {
    fetch->done(error(ErrorCode::kUnreachable, "cannot ask for trades: " + answer.text()));
    return;
  }
  fetch->delay = std::clamp(fetch->delay * 2, kDelayMin, kDelayMax);
  const std::weak_ptr<TradePages*> alive = alive_;
  loop_.after(std::max(fetch->delay, answer.retry_after), [alive, fetch] {
    if (const auto self = alive.lock()) (*self)->ask(fetch);
  });
}

}  // namespace levi::mexc
