#include "core/venue/mexc/gateway.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/venue/mexc/events.h"

namespace levi::mexc {
namespace {

constexpr const char* kOrderPath = "/api/v3/order";
constexpr const char* kOpenOrdersPath = "/api/v3/openOrders";
constexpr Nanos kFlattenWait{1s};
constexpr std::size_t kFlattenWaitingMax = 256;

venue::OrderPoolOptions pool_options(const venue::GatewayOptions& options, std::uint64_t seed) {
  venue::OrderPoolOptions pool;
  pool.endpoint = options.rest;
  pool.connections = options.order_connections;
  pool.connect_timeout = options.connect_timeout;
  pool.answer_timeout = options.answer_timeout;
  pool.keep_warm = options.keep_warm;
  pool.ping_request = "GET /api/v3/ping HTTP/1.1\r\nHost: " + venue::host_of(options) + "\r\n\r\n";
  pool.jitter_seed = seed;
  pool.send_call = options.send_call;
  return pool;
}

machine::QueryOrder query_of(const machine::CancelOrder& order) {
  return {order.sequence, order.symbol, order.incarnation, order.kind};
}

}  // namespace

MexcGateway::MexcGateway(Parts parts, const venue::GatewayOptions& options, OrderEncoder encoder,
                         std::uint64_t jitter_seed, Emit emit)
    : loop_(parts.loop),
      rest_(parts.rest),
      clock_(parts.clock),
      instruments_(parts.instruments),
      queries_(parts.queries),
      trades_(parts.trades),
      on_trade_(parts.on_trade),
      options_(options),
      ids_(options.instance, options.ancestors),
      encoder_(std::move(encoder)),
      emit_(std::move(emit)),
      pool_(
          parts.loop, parts.latch, pool_options(options, jitter_seed),
          {[this](const auto& ticket, const auto& response) { on_order_answer(ticket, response); },
           [this](const auto& ticket, auto why) { on_order_unknown(ticket, why); },
           [this] { send_waiting(); }}) {
  clock_timer_ = loop_.after(options_.clock_check, [this] { check_clock(); });
}

MexcGateway::~MexcGateway() {
  for (const auto timer : {later_timer_, clock_timer_, flatten_timer_}) loop_.cancel(timer);
}

// --- orders ---

void MexcGateway::send(const machine::SendOrder& order, std::uint64_t flatten_epoch) {
  if (flatten_epoch == 0) return send_one(order, flatten_epoch);
  flatten_last_ = loop_.now();
  if (pool_.has_free()) return send_one(order, flatten_epoch);
  if (waiting_.size() == kFlattenWaitingMax) return later(machine::OrderUnsent{order.sequence});
  waiting_.push_back({order, flatten_epoch, loop_.now() + kFlattenWait});
  if (!pool_.is_open()) {
    opened_for_flatten_ = true;
    pool_.open();
  }
  watch_flatten();
}

bool MexcGateway::may_send(const machine::SendOrder& order) const {
  return pool_.has_free() && order.sequence > last_written_ &&
         instruments_.find_traded(order.symbol) != nullptr && rest_.trouble().empty() &&
         rest_.blocked_for("POST", kOrderPath) <= Nanos{0};
}

void MexcGateway::send_one(const machine::SendOrder& order, std::uint64_t flatten_epoch) {
  if (!may_send(order)) return later(machine::OrderUnsent{order.sequence});
  const venue::OrderTicket ticket{order.sequence, order.kind, order.symbol, clock_.now_ms()};
  const auto bytes =
      encoder_.encode(order, *instruments_.find_traded(order.symbol), ticket.signed_ms);
  switch (pool_.send(ticket, flatten_epoch, bytes)) {
    case venue::OrderPool::Sent::kWhole:
      last_written_ = order.sequence;
      ++orders_sent_;
      return;
    case venue::OrderPool::Sent::kPartly:
      last_written_ = order.sequence;
      ++short_sends_;
      queries_.remember(order.sequence, ticket.signed_ms);
      return later(machine::VenueUnknown{order.sequence, machine::UnknownWhy::kShortSend});
    case venue::OrderPool::Sent::kNothing:
      return later(machine::OrderUnsent{order.sequence});
    case venue::OrderPool::Sent::kSealed:
      return later(machine::OrderUnsent{order.sequence, true});
  }
  LEVI_UNREACHABLE();
}

void MexcGateway::on_order_answer(const venue::OrderTicket& ticket,
                                  const os::HttpResponse& response) {
  const Answer answer = read_answer(response);
  rest_.note(answer, "POST", kOrderPath, true);
  if (answer.verdict == Verdict::kClock) rest_.server_time([](const Result<std::int64_t>&) {});
  if (answer.verdict == Verdict::kUnknown) {
    return on_order_unknown(ticket, machine::UnknownWhy::kServerError);
  }
  if (answer.verdict != Verdict::kDone) return reject(ticket.sequence, answer);
  const std::string id = text_field(answer.body, "orderId");
  if (id.empty() || !VenueOrderId::fits(id)) {
    return on_order_unknown(ticket, machine::UnknownWhy::kServerError);
  }
  if (accepted_) {
    accepted_({ticket.kind, options_.instance, options_.incarnation, ticket.sequence},
              std::string_view(id));
  }
  emit_(machine::VenueAck{ticket.sequence, std::string_view(id)});
}

void MexcGateway::on_order_unknown(const venue::OrderTicket& ticket, machine::UnknownWhy why) {
  queries_.remember(ticket.sequence, ticket.signed_ms);
  emit_(machine::VenueUnknown{ticket.sequence, why});
}

void MexcGateway::reject(OrderSequence sequence, const Answer& answer) {
  machine::VenueRejected rejected;
  rejected.sequence = sequence;
  rejected.code = answer.code;
  rejected.reason = std::string_view(answer.message);
  emit_(rejected);
}

// --- flatten orders: a seal has closed every connection, so these wait for one ---

void MexcGateway::send_waiting() {
  while (!waiting_.empty() && pool_.has_free()) {
    const Waiting next = waiting_.front();
    waiting_.pop_front();
    send_one(next.order, next.flatten_epoch);
  }
}

void MexcGateway::give_up_waiting(bool all, bool sealed) {
  while (!waiting_.empty() && (all || waiting_.front().deadline <= loop_.now())) {
    later(machine::OrderUnsent{waiting_.front().order.sequence, sealed});
    waiting_.pop_front();
  }
}

void MexcGateway::watch_flatten() {
  if (flatten_timer_ != 0) return;
  flatten_timer_ = loop_.after(kFlattenWait, [this] {
    flatten_timer_ = 0;
    give_up_waiting(false, false);
    const bool is_over = waiting_.empty() && loop_.now() - flatten_last_ >= kFlattenWait;
    if (!is_over) return watch_flatten();
    if (!std::exchange(opened_for_flatten_, false)) return;
    pool_.close();  // The latch is sealed: no order connection stays open.
  });
}

void MexcGateway::close_order_connections() {
  opened_for_flatten_ = false;
  give_up_waiting(true, true);
  pool_.close();
}

void MexcGateway::open_order_connections() {
  opened_for_flatten_ = false;
  pool_.open();
}

// --- cancels ---

void MexcGateway::cancel(const machine::CancelOrder& order) {
  const Instrument* instrument = instruments_.find(order.symbol);
  if (instrument == nullptr) return later(machine::CancelFailed{order.sequence, 0});
  std::string query = "symbol=" + instrument->name + "&origClientOrderId=";
  query += client_order_id(ids_, query_of(order)).view();
  rest_.signed_call("DELETE", kOrderPath, std::move(query),
                    [this, order](const Answer& answer) { on_canceled(order, answer); });
}

void MexcGateway::on_canceled(const machine::CancelOrder& order, const Answer& answer) {
  if (answer.verdict != Verdict::kDone) {
    emit_(machine::CancelFailed{order.sequence, answer.code});
    // "Unknown order" on a cancel is terminal somehow; only a question tells how.
    if (answer.verdict == Verdict::kUnknownOrder) queries_.query(query_of(order));
    return;
  }
  const Instrument* instrument = instruments_.find(order.symbol);
  const auto record = read_order(answer.body, *instrument);
  const auto parts = record ? ids_.own_order(record.value().client_id) : std::nullopt;
  if (parts && parts->sequence == order.sequence && is_terminal(record.value().status)) {
    emit_canceled(record.value(), *parts);
  } else {
    queries_.query(query_of(order));  // Taken, but not done yet: the answer shows the order open.
  }
}

void MexcGateway::emit_canceled(const OrderRecord& record, const ClientOrderIdParts& parts) {
  if (record.status == machine::VenueStatus::kFilled) {
    emit_(to_order_state(record, parts));
  } else {
    emit_(machine::VenueCanceled{parts.sequence, record.executed});
  }
}

void MexcGateway::cancel_all(const std::vector<SymbolId>& symbols) {
  std::vector<std::string> names;
  for (const SymbolId symbol : symbols) {
    const Instrument* instrument = instruments_.find(symbol);
    if (instrument == nullptr) continue;
    names.push_back(instrument->name);
    if (names.size() == kCancelAllSymbolsMax) cancel_open(std::exchange(names, {}));
  }
  if (!names.empty()) cancel_open(std::move(names));
}

void MexcGateway::cancel_open(std::vector<std::string> symbols) {
  std::string query = "symbol=";
  for (const std::string& name : symbols) query += (query.back() == '=' ? "" : ",") + name;
  rest_.signed_call("DELETE", kOpenOrdersPath, std::move(query),
                    [this, symbols = std::move(symbols)](const Answer& answer) {
                      on_all_canceled(symbols, answer);
                    });
}

void MexcGateway::on_all_canceled(const std::vector<std::string>& symbols, const Answer& answer) {
  // One that the venue does not have any more spoils the call for the others: each alone, then.
  const bool is_refused =
      answer.verdict == Verdict::kRejected || answer.verdict == Verdict::kHalted;
  if (is_refused && symbols.size() > 1) {
    for (const std::string& name : symbols) cancel_open({name});
    return;
  }
  // A failure is not an event: the machine repeats the call until nothing is open.
  if (answer.verdict != Verdict::kDone || !answer.body.is_array()) return;
  for (const auto& line : answer.body) {
    const Instrument* instrument = instruments_.find(text_field(line, "symbol"));
    if (instrument == nullptr) continue;
    const auto record = read_order(line, *instrument);
    if (!record || !is_terminal(record.value().status)) continue;
    const auto parts = ids_.own_order(record.value().client_id);
    if (parts) emit_canceled(record.value(), *parts);
  }
}

// --- questions ---

void MexcGateway::query_trades(const machine::QueryTrades& order) {
  const Instrument* instrument = instruments_.find(order.symbol);
  if (instrument == nullptr || !trades_asked_.insert(order.sequence.value).second) return;
  if (!order.venue_order.empty()) return trades_of(order, order.venue_order.str());
  const machine::QueryOrder by_name{order.sequence, order.symbol, order.incarnation, order.kind};
  std::string query = "symbol=" + instrument->name + "&origClientOrderId=";
  query += client_order_id(ids_, by_name).view();
  rest_.signed_call("GET", kOrderPath, std::move(query), [this, order](const Answer& answer) {
    const std::string id = text_field(answer.body, "orderId");
    if (answer.verdict == Verdict::kDone && !id.empty()) return trades_of(order, id);
    trades_asked_.erase(order.sequence.value);  // The machine asks again.
  });
}

void MexcGateway::trades_of(const machine::QueryTrades& order, std::string venue_order) {
  constexpr unsigned kAttemptsMax = 3;
  const std::int64_t now_ms = clock_.now_ms();
  TradePages::Request request{order.symbol,
                              std::move(venue_order),
                              {now_ms - kTradesKept_ms, now_ms + 60'000},
                              kAttemptsMax};
  trades_.fetch(
      std::move(request),
      [this, order](const TradeRecord& trade) {
        const auto parts = ids_.own_order(trade.client_id);
        if (!parts || parts->sequence != order.sequence) return;
        if (on_trade_) on_trade_(trade);
        emit_(to_fill(trade, *parts));
      },
      [this, order](const Status&) { trades_asked_.erase(order.sequence.value); });
}

void MexcGateway::fetch_open_orders(SymbolId symbol, std::function<void(Status)> done) {
  const Instrument* instrument = instruments_.find(symbol);
  LEVI_CHECK(instrument != nullptr);
  rest_.signed_call(
      "GET", kOpenOrdersPath, "symbol=" + instrument->name,
      [this, symbol, done = std::move(done)](const Answer& answer) {
        if (answer.verdict != Verdict::kDone || !answer.body.is_array()) {
          return done(error(ErrorCode::kUnreachable, "cannot ask what is open: " + answer.text()));
        }
        Status outcome = ok();
        for (const auto& line : answer.body) {
          const auto record = read_order(line, *instruments_.find(symbol));
          if (!record) {
            outcome = record.error();
            continue;
          }
          const auto parts = ids_.own_order(record.value().client_id);
          if (parts) {
            emit_(to_order_state(record.value(), *parts));
          } else {
            emit_(to_foreign(record.value()));
          }
        }
        done(std::move(outcome));
      });
}

// --- the rest ---

void MexcGateway::check_clock() {
  clock_timer_ = loop_.after(options_.clock_check, [this] { check_clock(); });
  rest_.server_time([](const Result<std::int64_t>&) {});
  // A refused key stops every order: ask from time to time whether it was mended.
  if (!rest_.trouble().empty())
    rest_.signed_call("GET", "/api/v3/account", "", [](const Answer&) {});
}

void MexcGateway::later(const machine::Event& event) {
  later_.push_back(event);
  if (later_timer_ != 0) return;
  later_timer_ = loop_.after(Nanos{0}, [this] {
    later_timer_ = 0;
    const auto events = std::exchange(later_, {});
    for (const auto& one : events) emit_(one);
  });
}

venue::GatewayStatus MexcGateway::status() const {
  venue::GatewayStatus status;
  status.order_connections = pool_.open_count();
  status.orders_sent = orders_sent_;
  status.short_sends = short_sends_;
  status.questions_open = queries_.open();
  status.blocked_for = rest_.blocked_for("POST", kOrderPath);
  status.trouble = rest_.trouble();
  return status;
}

}  // namespace levi::mexc
