#include "core/venue/mexc/order_queries.h"

#include <algorithm>
#include <utility>

#include "core/venue/mexc/events.h"

namespace levi::mexc {
namespace {

constexpr std::size_t kRememberedMax = 10'000;

}  // namespace

OrderQueries::OrderQueries(os::Loop& loop, Rest& rest, VenueClock& clock,
                           const Instruments& instruments, QueryOptions options, Emit emit)
    : loop_(loop),
      rest_(rest),
      clock_(clock),
      instruments_(instruments),
      options_(std::move(options)),
      emit_(std::move(emit)) {}

OrderQueries::~OrderQueries() {
  for (const auto& [sequence, question] : questions_) loop_.cancel(question.timer);
}

void OrderQueries::remember(OrderSequence sequence, std::int64_t signed_ms) {
  signed_ms_[sequence.value] = signed_ms;
  // Forgetting is safe: the bound is then the time of the question, which is later.
  if (signed_ms_.size() > kRememberedMax) signed_ms_.erase(signed_ms_.begin());
}

void OrderQueries::query(const machine::QueryOrder& order, Settled settled) {
  // A symbol that is no longer configured: nothing can be asked, and the caller was told (`knows`).
  if (!knows(order.symbol)) return;
  const std::uint64_t sequence = order.sequence.value;
  const auto [entry, is_new] = questions_.try_emplace(sequence);
  Question& question = entry->second;
  if (settled) question.settled.push_back(std::move(settled));
  if (!is_new) return;
  question.order = order;
  const auto known = signed_ms_.find(sequence);
  // Whenever it was signed, it was before now; but before the venue was ever asked for its time,
  // our "now" may be any.
  if (known != signed_ms_.end()) {
    question.refused_after_ms = refused_after_ms(known->second);
  } else if (clock_.last_server_ms() != 0) {
    question.refused_after_ms = refused_after_ms(clock_.now_ms());
  }
  ask(sequence);
}

std::int64_t OrderQueries::refused_after_ms(std::int64_t signed_ms) const {
  return signed_ms + (options_.recv_window + kNotFoundMargin) / kMillisecond;
}

void OrderQueries::ask(std::uint64_t sequence) {
  const auto found = questions_.find(sequence);
  if (found == questions_.end()) return;
  Question& question = found->second;
  question.timer = 0;
  if (question.refused_after_ms == 0 || (question.not_found > 0 && !question.late)) {
    ask_time(sequence);
  } else {
    ask_order(sequence);
  }
}

void OrderQueries::ask_time(std::uint64_t sequence) {
  rest_.server_time([this, sequence](const Result<std::int64_t>& server_ms) {
    const auto found = questions_.find(sequence);
    if (found == questions_.end()) return;
    if (!server_ms) {
      again(sequence, Nanos{0});
    } else if (found->second.refused_after_ms == 0) {
      found->second.refused_after_ms = refused_after_ms(server_ms.value());
      ask_order(sequence);
    } else if (server_ms.value() <= found->second.refused_after_ms) {
      again(sequence, (found->second.refused_after_ms - server_ms.value() + 1) * kMillisecond);
    } else {
      found->second.late = true;
      ask_order(sequence);
    }
  });
}

void OrderQueries::ask_order(std::uint64_t sequence) {
  const Question& question = questions_.at(sequence);
  const Instrument* instrument = instruments_.find(question.order.symbol);
  std::string query = "symbol=" + instrument->name + "&origClientOrderId=";
  query += client_order_id(options_.ids, question.order).view();
  rest_.signed_call("GET", "/api/v3/order", std::move(query),
                    [this, sequence](const Answer& answer) { on_answer(sequence, answer); });
}

void OrderQueries::on_answer(std::uint64_t sequence, const Answer& answer) {
  if (questions_.count(sequence) == 0) return;
  switch (answer.verdict) {
    case Verdict::kDone:
      return on_found(sequence, answer);
    case Verdict::kUnknownOrder:
      return on_not_found(sequence);
    case Verdict::kUnknown:
      return again(sequence, Nanos{0});
    case Verdict::kLimited:
      return again(sequence, answer.retry_after);
    case Verdict::kClock:
    case Verdict::kAuth:
      return again(sequence, options_.delay_max);  // Someone must mend it.
    default:
      return on_refusal(sequence);
  }
}

void OrderQueries::on_refusal(std::uint64_t sequence) {
  if (++questions_.at(sequence).refusals < kRefusalsMax) return again(sequence, options_.delay_max);
  settle(sequence, false, nullptr);
}

void OrderQueries::on_found(std::uint64_t sequence, const Answer& answer) {
  Question& question = questions_.at(sequence);
  const Instrument* instrument = instruments_.find(question.order.symbol);
  const auto record = read_order(answer.body, *instrument);
  const auto parts = record ? options_.ids.own_order(record.value().client_id) : std::nullopt;
  if (!parts || parts->sequence.value != sequence) {
    if (++question.nonsense < kNonsenseMax) return again(sequence, Nanos{0});
    return settle(sequence, false, nullptr);
  }
  const machine::VenueOrderState state = to_order_state(record.value(), *parts);
  settle(sequence, true, &state);
}

void OrderQueries::on_not_found(std::uint64_t sequence) {
  Question& question = questions_.at(sequence);
  machine::VenueOrderState state;
  state.sequence = question.order.sequence;
  state.symbol = question.order.symbol;
  state.status = machine::VenueStatus::kNotFound;
  state.not_found_final = question.late && question.not_found > 0;
  const bool is_first = question.not_found++ == 0;
  if (state.not_found_final) return settle(sequence, true, &state);
  const std::int64_t left_ms = question.refused_after_ms - clock_.now_ms() + 1;
  again(sequence, std::max<std::int64_t>(left_ms, 0) * kMillisecond);
  if (is_first) emit_(state);
}

void OrderQueries::again(std::uint64_t sequence, Nanos least) {
  Question& question = questions_.at(sequence);
  question.delay = std::clamp(question.delay * 2, options_.delay_min, options_.delay_max);
  question.timer =
      loop_.after(std::max(question.delay, least), [this, sequence] { ask(sequence); });
}

void OrderQueries::settle(std::uint64_t sequence, bool certain,
                          const machine::VenueOrderState* state) {
  // Out of the table first: what the event causes may be a new question about the same order.
  auto node = questions_.extract(sequence);
  signed_ms_.erase(sequence);
  if (state != nullptr) emit_(*state);
  for (const Settled& done : node.mapped().settled) done(certain);
}

}  // namespace levi::mexc
