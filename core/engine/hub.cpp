#include "core/engine/hub.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/sabotage.h"
#include "core/engine/engine_slot.h"
#include "core/engine/strategy.h"
#include "core/os/clock.h"

namespace levi::engine {
namespace {

constexpr Nanos kRefillPauseMin{100ms};  // after a standby that could not be had
constexpr Nanos kRefillPauseMax{5s};
constexpr int kArmTriesMax = 4;
constexpr std::size_t kProcessesPerEngine = 4;  // running, dead, on the way, spare
constexpr std::size_t kCommandsPerProcess = 4;  // spawn, stop, reap, release

bool is_warm(const EngineProcess& process) {
  return process.channel->state.load(std::memory_order_acquire) ==
         static_cast<std::uint32_t>(ProcessState::kWarm);
}

class Hub final : public EngineHub {
 public:
  Hub(os::Loop& loop, HubOptions options, Emit emit)
      : loop_(loop),
        options_(std::move(options)),
        emit_(std::move(emit)),
        waker_(loop, [this] { drain(); }) {
    for (const EngineConfig& config : options_.engines) slots_.emplace_back(config);
    std::size_t processes = options_.standby_count + 1;
    processes += slots_.size() * kProcessesPerEngine;
    Supervisor::Options supervision;
    supervision.engine_binary = options_.engine_binary;
    supervision.log_folder = options_.log_folder;
    supervision.heartbeat_max = options_.heartbeat_max;
    supervision.wake_descriptor = waker_.fd();
    supervision.commands_max = processes * kCommandsPerProcess;
    supervision.notify = [this] { waker_.wake(); };
    supervisor_ = Supervisor::start(std::move(supervision));
    refill();
    supervisor_->flush();
  }
  ~Hub() override { shut_down(); }

  void on_top_of_book(const machine::TopOfBook& top, Instant received) override;
  void on_deal(const machine::Deal& deal, Instant received) override;
  void on_update(const machine::EngineUpdate& update, Instant now) override;
  void start_engine(const machine::StartEngine& start, Instant now) override;
  void stop_engine(EngineId engine) override;
  void set_trading(std::uint8_t code, Instant now) override;
  Instant set_off(EngineId engine) const override;
  EngineStatus status(EngineId engine) const override;
  std::vector<EngineStatus> status() const override;
  unsigned standbys_warm() const override;
  MonoTime supervisor_round() const override { return supervisor_->last_round(); }
  void shut_down() override;
  void drain() override;

 private:
  EngineSlot* find(EngineId engine);
  EngineSlot* slot_of(const EngineProcess& process);
  void begin_start(EngineSlot& slot, const machine::StartEngine& start);
  void take_reports();
  void on_spawn_failed(const std::string& error);
  void on_end(EngineProcess& process);
  void on_standby_end(EngineProcess& process);
  EngineProcess* take_free();
  void refill();
  void pause_refill();
  void emit_later(const machine::Event& event);
  void emit_deferred();

  os::Loop& loop_;
  const HubOptions options_;
  const Emit emit_;
  os::Waker waker_;
  std::vector<EngineSlot> slots_;
  std::unique_ptr<Supervisor> supervisor_;
  std::vector<EngineProcess*> free_;  // waiting for a task, warm or on the way there; oldest first
  std::size_t spawning_ = 0;
  std::vector<machine::Event> deferred_;
  Nanos refill_pause_{0};
  os::Loop::TimerId refill_timer_ = 0;  // while it pauses
  Instant now_;                         // the newest that we were told
  bool refill_due_ = false;
  bool draining_ = false;
  bool over_ = false;
};

EngineSlot* Hub::find(EngineId engine) {
  const auto slot = std::find_if(slots_.begin(), slots_.end(),
                                 [&](const EngineSlot& s) { return s.config().id == engine; });
  return slot == slots_.end() ? nullptr : &*slot;
}

EngineSlot* Hub::slot_of(const EngineProcess& process) {
  const auto slot = std::find_if(slots_.begin(), slots_.end(),
                                 [&](const EngineSlot& s) { return s.process() == &process; });
  return slot == slots_.end() ? nullptr : &*slot;
}

void Hub::on_top_of_book(const machine::TopOfBook& top, Instant received) {
  Tick tick;
  tick.kind = TickKind::kTop;
  tick.instant = received;
  tick.code = top.source.value;
  tick.price = top.bid_price;
  tick.quantity = top.bid_quantity;
  tick.ask_price = top.ask_price;
  tick.ask_quantity = top.ask_quantity;
  for (EngineSlot& slot : slots_) {
    if (slot.config().symbol_id == top.symbol) slot.push_market(tick);
  }
}

void Hub::on_deal(const machine::Deal& deal, Instant received) {
  Tick tick;
  tick.kind = TickKind::kDeal;
  tick.instant = received;
  tick.code = deal.source.value;
  tick.side = deal.aggressor;
  tick.price = deal.price;
  tick.quantity = deal.quantity;
  for (EngineSlot& slot : slots_) {
    if (slot.config().symbol_id == deal.symbol) slot.push_market(tick);
  }
}

void Hub::on_update(const machine::EngineUpdate& update, Instant now) {
  EngineSlot* slot = find(update.engine);
  if (slot == nullptr) return;  // Of an engine that the configuration no longer names.
  Tick tick;
  tick.kind = TickKind::kUpdate;
  tick.instant = now;
  tick.code = static_cast<std::uint8_t>(update.kind);
  tick.side = update.side;
  tick.tag = update.tag;
  tick.price = update.price;
  tick.quantity = update.quantity;
  tick.position = update.position;
  slot->push_update(tick);
}

void Hub::set_trading(std::uint8_t code, Instant now) {
  for (EngineSlot& slot : slots_) slot.tell_trading(code, now);
}

void Hub::start_engine(const machine::StartEngine& start, Instant now) {
  now_ = std::max(now_, now);
  EngineSlot* slot = find(start.engine);
  if (over_ || slot == nullptr) return;
  if (sabotaged(Defence::kTakeover) && slot->died()) return;
  slot->await_position();
  if (slot->process() != nullptr || slot->waiting()) {
    slot->start_pending = start;
    return;
  }
  begin_start(*slot, start);
}

void Hub::begin_start(EngineSlot& slot, const machine::StartEngine& start) {
  slot.prepare(start, now_, *supervisor_);
  if (!slot.usable()) {
    return emit_later(slot.down_without_process(machine::EngineDownWhy::kSpawnFailed,
                                                slot.usable().error().text()));
  }
  if (EngineProcess* process = take_free()) {
    slot.assign(*process, true, options_.spin, *supervisor_);
  } else {
    slot.stage();
  }
  refill();
  supervisor_->flush();
}

void Hub::stop_engine(EngineId engine) {
  EngineSlot* slot = find(engine);
  if (over_ || slot == nullptr) return;
  slot->start_pending.reset();
  if (slot->process() != nullptr) {
    slot->mark_stopping();
    supervisor_->stop(slot->process());
    return supervisor_->flush();
  }
  if (slot->waiting()) emit_later(slot->down_without_process(machine::EngineDownWhy::kStopped, {}));
  slot->forget(*supervisor_);
  supervisor_->flush();
}

// Warm ones first, then the one that was spawned first.
EngineProcess* Hub::take_free() {
  if (free_.empty()) return nullptr;
  auto chosen =
      std::find_if(free_.begin(), free_.end(), [](const EngineProcess* p) { return is_warm(*p); });
  if (chosen == free_.end()) {
    chosen = free_.begin();
  } else {
    refill_pause_ = Nanos{0};
  }
  EngineProcess* process = *chosen;
  free_.erase(chosen);
  return process;
}

// Processes for those that wait, and standbys: these only once nobody is rising any more, because
// spawning one takes a CPU that the heir needs.
void Hub::refill() {
  if (over_) return;
  const auto count = [this](auto&& is) { return std::count_if(slots_.begin(), slots_.end(), is); };
  auto wanted =
      static_cast<std::size_t>(count([](const EngineSlot& slot) { return slot.waiting(); }));
  refill_due_ = count([](const EngineSlot& slot) { return slot.rising(); }) > 0;
  if (refill_timer_ == 0 && !refill_due_) wanted += options_.standby_count;
  for (; free_.size() + spawning_ < wanted; ++spawning_) supervisor_->spawn();
}

void Hub::pause_refill() {
  refill_pause_ = std::clamp(refill_pause_ * 2, kRefillPauseMin, kRefillPauseMax);
  loop_.cancel(refill_timer_);
  refill_timer_ = loop_.after(refill_pause_, [this] {
    refill_timer_ = 0;
    refill();
    supervisor_->flush();
  });
}

void Hub::take_reports() {
  while (const auto report = supervisor_->next_report()) {
    --spawning_;
    if (report->process == nullptr) {
      on_spawn_failed(report->error);
      continue;
    }
    EngineProcess& process = *report->process;
    loop_.watch(process.pidfd.get(), os::kReadable,
                [this, &process](std::uint32_t) { on_end(process); });
    const auto waiting =
        std::find_if(slots_.begin(), slots_.end(), [](const EngineSlot& s) { return s.waiting(); });
    if (waiting == slots_.end()) {
      free_.push_back(&process);
    } else {
      waiting->assign(process, false, options_.spin, *supervisor_);
    }
  }
}

void Hub::on_spawn_failed(const std::string& error) {
  pause_refill();
  const auto waiting =
      std::find_if(slots_.begin(), slots_.end(), [](const EngineSlot& s) { return s.waiting(); });
  if (waiting == slots_.end()) return;
  emit_(waiting->down_without_process(machine::EngineDownWhy::kSpawnFailed, error));
}

void Hub::on_end(EngineProcess& process) {
  loop_.unwatch(process.pidfd.get());
  EngineSlot* slot = slot_of(process);
  if (slot == nullptr) return on_standby_end(process);
  const MonoTime now = os::mono_now();
  slot->drain(emit_, now);
  emit_(slot->bury(*supervisor_, now));
  if (slot->start_pending && !over_) {
    const machine::StartEngine start = *std::exchange(slot->start_pending, std::nullopt);
    if (slot->process() == nullptr && !slot->waiting()) begin_start(*slot, start);
  }
  supervisor_->flush();
}

void Hub::on_standby_end(EngineProcess& process) {
  const bool was_warm = is_warm(process);
  std::erase(free_, &process);
  supervisor_->reap(&process);
  supervisor_->release(&process);
  if (!was_warm) pause_refill();  // It can't even start: not at full speed.
  refill();
  supervisor_->flush();
}

void Hub::emit_later(const machine::Event& event) {
  deferred_.push_back(event);
  waker_.wake();
}

void Hub::emit_deferred() {
  const auto events = std::exchange(deferred_, {});
  for (const machine::Event& event : events) emit_(event);
}

void Hub::drain() {
  if (draining_ || over_) return;
  draining_ = true;
  if (!deferred_.empty()) emit_deferred();
  take_reports();
  const MonoTime now = os::mono_now();
  for (EngineSlot& slot : slots_) {
    slot.disarm();
    slot.drain(emit_, now);
  }
  bool news = true;
  for (int tries = 0; news && tries < kArmTriesMax; ++tries) {
    news = false;
    for (EngineSlot& slot : slots_) {
      if (!slot.arm()) continue;
      news = true;
      slot.drain(emit_, now);
    }
  }
  if (refill_due_) refill();
  supervisor_->flush();
  if (news)
    waker_.wake();  // They commit faster than we read: another round, so that others get theirs.
  draining_ = false;
}

Instant Hub::set_off(EngineId engine) const {
  for (const EngineSlot& slot : slots_) {
    if (slot.config().id == engine) return slot.set_off();
  }
  return Instant{};
}

EngineStatus Hub::status(EngineId engine) const {
  for (const EngineSlot& slot : slots_) {
    if (slot.config().id == engine) return slot.status();
  }
  return EngineStatus{};
}

std::vector<EngineStatus> Hub::status() const {
  std::vector<EngineStatus> all;
  for (const EngineSlot& slot : slots_) all.push_back(slot.status());
  return all;
}

unsigned Hub::standbys_warm() const {
  return static_cast<unsigned>(std::count_if(
      free_.begin(), free_.end(), [](const EngineProcess* process) { return is_warm(*process); }));
}

void Hub::shut_down() {
  if (over_) return;
  over_ = true;
  loop_.cancel(refill_timer_);
  for (const EngineSlot& slot : slots_) {
    if (slot.process() != nullptr) loop_.unwatch(slot.process()->pidfd.get());
  }
  for (const EngineProcess* process : free_) loop_.unwatch(process->pidfd.get());
  free_.clear();
  for (EngineSlot& slot : slots_) slot.lose_processes();
  supervisor_->shut_down();
}

}  // namespace

Status check_engine(const EngineConfig& config) {
  if (config.parameters.size() > kParametersMax) {
    return error(ErrorCode::kInvalid, "engine '" + config.name + "': more than " +
                                          std::to_string(kParametersMax) + " bytes of parameters");
  }
  const auto strategy = make_strategy(config.strategy, config.parameters,
                                      {config.price_exponent, config.quantity_exponent});
  if (strategy) return ok();
  return error(strategy.error().code, "engine '" + config.name + "': " + strategy.error().message,
               strategy.error().fix);
}

Result<std::unique_ptr<EngineHub>> EngineHub::start(os::Loop& loop, HubOptions options, Emit emit) {
  for (std::size_t i = 0; i < options.engines.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (options.engines[i].id != options.engines[j].id) continue;
      return error(ErrorCode::kInvalid, "engines '" + options.engines[j].name + "' and '" +
                                            options.engines[i].name + "' have the same number");
    }
  }
  if (options.heartbeat_max < 100ms) {
    return error(ErrorCode::kInvalid, "heartbeat_max is below 100ms",
                 "engines beat every 50ms: give at least 100ms");
  }
  return std::unique_ptr<EngineHub>(
      std::make_unique<Hub>(loop, std::move(options), std::move(emit)));
}

}  // namespace levi::engine
