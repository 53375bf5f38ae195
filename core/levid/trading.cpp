#include "core/levid/trading.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/sabotage.h"

namespace levi::levid {
namespace {

constexpr Nanos kClockStep{1s};       // a wall clock that is so far behind the journal was set back
constexpr Nanos kCancelAgain{500ms};  // while a clean stop waits for what is open
constexpr std::uint32_t kUnbookedOneIn = 50;  // sabotage only

// By its name, so that neither a second push nor a reconciliation brings it back.
bool is_unbooked(const machine::Event& event) {
  const auto* fill = std::get_if<machine::VenueFill>(&event);
  if (fill == nullptr || !sabotaged(Defence::kBookFills)) return false;
  const std::string_view trade = fill->trade.view();
  return crc32c(trade.data(), trade.size()) % kUnbookedOneIn == 0;
}

// An engine that hears of nothing but ACTIVE would never close what REDUCING is there to close.
std::uint8_t code_of(machine::TradingState trading) {
  switch (trading) {
    case machine::TradingState::kActive:
      return engine::kTakesAll;
    case machine::TradingState::kReducing:
      return engine::kTakesReducing;
    case machine::TradingState::kHalted:
      return engine::kTakesNone;
  }
  LEVI_UNREACHABLE();
}

}  // namespace

Trading::Trading(os::Loop& loop, const Config& config, const journal::Identity& identity,
                 latch::Latch& latch, machine::Machine& machine, journal::Writer& writer,
                 Instant last_instant, control::SharedStatus& status, TradingPorts ports)
    : loop_(loop),
      config_(config),
      identity_(identity),
      latch_(latch),
      machine_(machine),
      writer_(writer),
      clock_(last_instant),
      status_(status),
      ports_(std::move(ports)),
      resolver_(loop),
      command_waker_(loop, [] {}) {  // The round that follows reads the ports.
  reconcile_since_ = last_instant.ns > 0 ? last_instant : clock_.now();
  if (last_instant - os::wall_now() > kClockStep)
    reconcile_since_ = last_instant - kReconcileUnknown;
  for (control::CommandPort* port : {&ports_.api, &ports_.control}) {
    port->wake_trading_ = [this] { command_waker_.wake(); };
  }
}

Trading::~Trading() = default;

void Trading::apply(const machine::Event& event) {
  pending_.push_back(event);
  if (applying_) return;
  applying_ = true;
  while (!pending_.empty()) {
    machine::Event next = std::move(pending_.front());
    pending_.pop_front();
    apply_one(next);
  }
  applying_ = false;
}

void Trading::apply_one(machine::Event& event) {
  if (is_unbooked(event)) return;
  const Instant now = clock_.now();
  // Of the very instant that its record bears: whoever reads the journal takes the difference of
  // the two for this clock's, and a pause between two looks would make all of it too early.
  if (auto* started = std::get_if<machine::Started>(&event))
    started->mono_ns = clock_.mono_of(now).ns;
  if (!append_to_journal(event, now)) return not_journalled(event);
  if (is_market_data(event)) forward_market_data(event, now);
  if (const auto* up = std::get_if<machine::FeedUp>(&event)) catch_up(*up, now);
  if (const auto* down = std::get_if<machine::EngineDown>(&event); down != nullptr && hub_) {
    const auto engine = hub_->status(down->engine);
    spdlog::warn("engine {} (pid {}) is down: {}", down->engine.value, down->pid,
                 engine.last_error.view());
  }
  const auto* intent = std::get_if<machine::Intent>(&event);
  set_off_ = intent != nullptr && hub_ ? hub_->set_off(intent->engine) : Instant{};
  machine_.step(event, now, effects_);
  // Effects may be appended only by `step`, which is not entered again before these are carried
  // out.
  for (std::size_t i = 0; i < effects_.size(); ++i) carry_out(effects_[i]);
  effects_.clear();
}

void Trading::carry_out(const machine::Effect& effect) {
  std::visit([this](const auto& one) { on_effect(one); }, effect);
}

void Trading::forward_market_data(const machine::Event& event, Instant now) {
  const MonoTime mono = os::mono_now();
  status_.last_market_data_ns.store(mono.ns, std::memory_order_relaxed);
  status_.last_market_data_wall_ms.store(now.ns / 1'000'000, std::memory_order_relaxed);
  if (!hub_) return;
  if (const auto* top = std::get_if<machine::TopOfBook>(&event)) hub_->on_top_of_book(*top, now);
  if (const auto* deal = std::get_if<machine::Deal>(&event)) hub_->on_deal(*deal, now);
}

// Pushes were missed while the private socket was down: the venue is asked what happened meanwhile.
void Trading::catch_up(const machine::FeedUp& up, Instant now) {
  if (up.source != venue::kPrivateSource || up.since_down <= Nanos{0}) return;
  const Instant since = now - up.since_down;
  loop_.after(Nanos{0}, [this, since] { reconcile(since); });
}

void Trading::round() {
  status_.trading_round_ns.store(os::mono_now().ns, std::memory_order_relaxed);
  for (control::CommandPort* port : {&ports_.api, &ports_.control}) {
    while (const auto command = port->next_command()) {
      look_at_latch();  // "the current epoch" of a resume is the latch's own, not the last look's
      tell_chaos_actor();
      apply(*command);
    }
  }
  // Without its check, a seal is read by nobody on the way of an order.
  if (!sabotaged(Defence::kLatchCheck) || !latch_.load().sealed()) look_at_latch();
  look_at_journal();
  if (hub_) hub_->drain();
  publish_status();
  if (hub_) hub_->drain();  // Last: it arms the engines' wake-up.
}

// One that is not over yet is begun anew by this: what it was to look at is not forgotten. Nor is
// what one was to look at that never ended, in this start or an earlier one: the machine knows.
void Trading::reconcile(Instant since) {
  since = std::min(since, machine_.state().reconciled_to);
  // Journal time stays ahead where the clock was set back. The venue knows the wall's time alone,
  // and beyond it there are no trades, which would look like an answer.
  since = since - std::max(clock_.now() - os::wall_now(), Nanos{0}) - kReconcileOverlap;
  if (venue_->reconciling() || machine_.state().reconcile_unsettled > 0)
    since = std::min(since, reconciling_since_);
  reconciling_since_ = since;
  venue_->reconcile(machine_.state(), since);
}

// A seal that only a settled reconciliation lets anybody release: the same questions are put again.
// Without that seal nothing waits for them, and trading would stop for each. A flatten goes first.
void Trading::settle_again() {
  const machine::State& state = machine_.state();
  const bool wanted = venue_known_ && !stopping_ && !venue_->reconciling() &&
                      state.reconcile_unsettled > 0 && !state.flatten.active &&
                      state.latch().held_by(latch::Holder::kReconcile);
  if (!wanted) {
    settle_again_at_ = kNever;
  } else if (settle_again_at_ == kNever) {
    settle_again_at_ = loop_.now() + config_.settle_again;
  } else if (loop_.now() >= settle_again_at_) {
    settle_again_at_ = kNever;
    venue_->reconcile(state, reconciling_since_);
  }
}

void Trading::each_second() {
  const bool store_ok = status_.store_ok.load();
  if (store_ok != store_was_ok_) {
    store_was_ok_ = store_ok;
    machine::StoreState state;
    state.behind = !store_ok;
    state.lag_records = applied_.value - std::min(applied_.value, status_.store_applied.load());
    state.why = store_ok ? "" : "the store does not take the projection";
    apply(state);
  }
  publish_heartbeats();
  publish_venue();
  settle_again();
  apply(machine::Timer{});
  loop_.after(1s, [this] { each_second(); });
}

// The latch is asked beside the machine, which a full ring keeps from hearing of a seal.
machine::TradingState Trading::trading_state() const {
  if (!sabotaged(Defence::kLatchCheck) && latch_.load().sealed())
    return machine::TradingState::kHalted;
  return machine_.state().trading;
}

void Trading::publish_status() {
  const machine::State& state = machine_.state();
  const machine::TradingState trading = trading_state();
  status_.journal_last.store(applied_.value, std::memory_order_relaxed);
  status_.trading_state.store(trading, std::memory_order_relaxed);
  std::uint64_t open = 0;
  std::uint64_t positions = 0;
  for (const auto& instrument : state.instruments) {
    open += instrument.open_orders;
    positions += instrument.position.quantity.value != 0 ? 1 : 0;
  }
  status_.open_orders.store(open, std::memory_order_relaxed);
  status_.positions_open.store(positions, std::memory_order_relaxed);
  publish_engines();
  if (venue_) {
    status_.order_connections.store(venue_->gateway().order_connections_open(),
                                    std::memory_order_relaxed);
  }
  publish_feeds();
  const std::uint8_t code = code_of(stopping_ ? machine::TradingState::kHalted : trading);
  if (hub_ && code != trading_told_) hub_->set_trading(code, clock_.now());
  trading_told_ = code;
  if (!stopping_ && waiting_for_.empty()) {
    status_.phase.store(state.reconciling ? control::Phase::kReconciling
                                          : control::Phase::kRunning);
  }
}

void Trading::publish_engines() {
  std::uint64_t defined = 0;
  std::uint64_t running = 0;
  std::uint64_t failed = 0;
  for (const auto& engine : machine_.state().engines) {
    defined += engine.defined && engine.definition.enabled ? 1 : 0;
    running += engine.state == machine::EngineState::kRunning ? 1 : 0;
    failed += engine.state == machine::EngineState::kFailed ? 1 : 0;
  }
  status_.engines_defined.store(defined, std::memory_order_relaxed);
  status_.engines_running.store(running, std::memory_order_relaxed);
  status_.engines_failed.store(failed, std::memory_order_relaxed);
  if (hub_)
    status_.supervisor_round_ns.store(hub_->supervisor_round().ns, std::memory_order_relaxed);
}

// Heartbeats change all the time and are read by people: once a second is enough for them.
void Trading::publish_heartbeats() {
  if (!hub_) return;
  for (const auto& engine : hub_->status()) {
    if (engine.id.value >= status_.engines.size()) continue;
    auto& shown = status_.engines[engine.id.value];
    shown.last_heartbeat_ns.store(engine.last_heartbeat.ns, std::memory_order_relaxed);
    shown.ticks_handled.store(engine.ticks_handled, std::memory_order_relaxed);
    const std::uint64_t waiting = engine.alive ? engine.ticks_written - engine.ticks_handled : 0;
    shown.ticks_waiting.store(waiting, std::memory_order_relaxed);
  }
}

// The venue's clock and a refused key change while we trade, too.
void Trading::publish_venue() {
  if (!venue_) return;
  status_.clock_offset_ms.store(venue_->clock_offset().count() / 1'000'000);
  if (waiting_for_.empty())
    status_.waiting_for.store(std::string_view(venue_->gateway().status().trouble));
  status_.market_lag_ms.store(venue_->market().status().lag.count() / 1'000'000);
  status_.deals_unattributed.store(venue_->private_stream().status().deals_unattributed);
  status_.fees_unknown.store(venue_->fees_unknown());
  publish_trouble();
}

// Several connections may carry the market: it is up when all are.
void Trading::publish_feeds() {
  const auto& feeds = machine_.state().feeds;
  bool market_up = !feeds.empty();
  bool polling = false;
  std::uint64_t reconnects = 0;
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    if (i == venue::kPrivateSource.value) continue;
    market_up = market_up && feeds[i].up;
    polling = polling || feeds[i].polling;
    reconnects += feeds[i].disconnects;
  }
  const bool private_up =
      feeds.size() > venue::kPrivateSource.value && feeds[venue::kPrivateSource.value].up;
  status_.market_up.store(market_up, std::memory_order_relaxed);
  status_.market_polling.store(polling, std::memory_order_relaxed);
  status_.market_reconnects.store(reconnects, std::memory_order_relaxed);
  status_.private_up.store(private_up, std::memory_order_relaxed);
}

void Trading::answer(std::uint64_t request, machine::AnswerCode code, std::string_view text) {
  control::CommandAnswer reply{request, code, text, latch_.load().raw, 0};
  for (const auto& effect : effects_) {
    if (const auto* grant = std::get_if<machine::GrantFlatten>(&effect))
      reply.granted = grant->orders_max;
  }
  control::CommandPort& port = (request & 1) == 0 ? ports_.api : ports_.control;
  if (!port.answer(reply))
    spdlog::warn("answer to request {} dropped: its port's queue is full", request);
}

void Trading::abort_order_sockets() {
  if (venue::Gateway* gateway = gateway_.load()) gateway->abort_order_sockets();
}

// Cancels leave before engines end: a hung one takes the supervisor a second.
void Trading::stop(Nanos deadline) {
  if (stopping_) return;
  stopping_ = true;
  status_.phase.store(control::Phase::kStopping);
  stop_deadline_ = os::mono_now() + deadline;
  cancel_own_orders();
  loop_.each_round([this] {
    if (left_open().empty() || os::mono_now() >= stop_deadline_) end_loop();
  });
  loop_.at(stop_deadline_, [this] { end_loop(); });
}

void Trading::end_loop() {
  if (hub_) hub_->shut_down();
  loop_.stop();
}

std::vector<OrderSequence> Trading::left_open() const {
  std::vector<OrderSequence> open;
  for (const auto& [sequence, order] : machine_.state().orders) {
    if (!machine::is_terminal(order.state)) open.push_back(order.sequence);
  }
  return open;
}

// One by one: a cancel-all would also take what others have standing on the account, which is right
// for a kill and not for the end of a shift.
void Trading::cancel_own_orders() {
  if (!venue_ || !config_.live) return;
  for (const OrderSequence sequence : left_open()) {
    const machine::Order& order = machine_.state().orders.at(sequence.value);
    venue_->gateway().cancel({order.sequence, order.symbol, order.incarnation, order.kind});
  }
  loop_.after(kCancelAgain, [this] { cancel_own_orders(); });
}

}  // namespace levi::levid
