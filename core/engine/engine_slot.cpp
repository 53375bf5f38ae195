#include "core/engine/engine_slot.h"

#include <signal.h>

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/engine/strategy.h"
#include "core/machine/machine.h"

namespace levi::engine {
namespace {

constexpr std::size_t kMarketUnreadMax = kTickSlots / 4 * 3;

void copy_text(char* out, std::size_t size, const std::string& text) {
  LEVI_CHECK(text.size() < size);  // check_engine saw to it.
  std::memcpy(out, text.c_str(), text.size() + 1);
}

}  // namespace

EngineSlot::EngineSlot(EngineConfig config)
    : config_(std::move(config)), usable_(check_engine(config_)) {}

EngineStatus EngineSlot::status() const {
  EngineStatus status;
  status.id = config_.id;
  status.incarnation = start_.engine_incarnation;
  status.ticks_coalesced = coalesced_;
  status.last_error = last_error_;
  status.ticks_written = end_ ? end_.ticks_written() : tick_last_;
  if (process_ == nullptr) return status;
  LevidEnd end = end_;
  status.ticks_handled = end.ticks_handled();
  status.pid = process_->pid;
  status.last_heartbeat = {process_->channel->heartbeat_ns.load(std::memory_order_relaxed)};
  status.first_commit = {process_->channel->first_commit_ns.load(std::memory_order_relaxed)};
  status.alive = true;
  status.takeover = warm_;
  status.image = image_;
  return status;
}

void EngineSlot::push_market(const Tick& tick) {
  const bool is_top = tick.kind == TickKind::kTop;
  if (is_top) {
    top_ = tick;
    top_known_ = true;
  }
  if (!end_ || killed_) return;
  // A dead engine's heir needs the newest book only; what it missed of its own orders is another
  // matter.
  if (process_ == nullptr || end_.unread_above(kMarketUnreadMax) || !end_.push(tick)) {
    ++coalesced_;
    top_owed_ |= is_top;
    return;
  }
  if (is_top) top_owed_ = false;
}

void EngineSlot::flush() {
  if (!top_owed_ || process_ == nullptr || killed_ || end_.unread_above(kMarketUnreadMax)) return;
  if (end_.push(top_)) top_owed_ = false;
}

void EngineSlot::push_update(const Tick& tick) {
  if (tick.kind == TickKind::kUpdate) {
    position_ = tick.position;
    position_known_ = true;
  }
  if (!end_ || killed_ || end_.push(tick)) return;
  if (process_ != nullptr) {
    kill("did not read a whole ring of ticks");
  } else if (staging_ != nullptr) {
    stage();  // Again from the machine's state, which knows what did not fit.
  } else {
    heir_ = false;
  }
}

// Its state is not handed on: order updates are missing from it, or it wrote what no engine of ours
// writes.
void EngineSlot::kill(std::string_view why) {
  if (killed_) return;
  killed_ = true;
  last_error_ = why;
  process_->hung.store(true, std::memory_order_seq_cst);
  (void)os::send_signal(process_->pidfd.get(), SIGKILL);
}

void EngineSlot::tell_trading(std::uint8_t code, Instant now) {
  if (trading_ == code) return;
  trading_ = code;
  Tick tick;
  tick.kind = TickKind::kTrading;
  tick.code = code;
  tick.instant = now;
  push_update(tick);
}

void EngineSlot::prepare(const machine::StartEngine& start, Instant now, Supervisor& supervisor) {
  LEVI_CHECK(process_ == nullptr);
  start_ = start;
  started_at_ = now;
  waiting_ = true;
  if (!heir_ || !end_.is_sound()) drop_source(supervisor);
}

void EngineSlot::seed(LevidEnd& end) {
  end.start(tick_last_, start_.intents_seen);
  Tick tick;
  tick.kind = TickKind::kSeed;
  tick.code = trading_;
  tick.instant = started_at_;
  LEVI_CHECK(end.push(tick));
  top_owed_ = top_known_;
  if (!position_known_) return;
  // It was told already: to the process before, for whose end this start waited, or into a staging
  // area that ran over. Without it the engine would run and never quote.
  tick.kind = TickKind::kUpdate;
  tick.code = static_cast<std::uint8_t>(machine::OrderUpdateKind::kPosition);
  tick.position = position_;
  LEVI_CHECK(end.push(tick));
}

void EngineSlot::stage() {
  if (heir_) return;
  if (staging_ != nullptr) tick_last_ = end_.ticks_written();
  staging_ = std::make_unique<ChannelMemory>();
  end_ = LevidEnd(staging_.get());
  seed(end_);
}

void EngineSlot::fill_task(Task& task, bool spin) const {
  task.incarnation = start_.engine_incarnation.value;
  task.engine = config_.id.value;
  task.spin = spin ? 1 : 0;
  task.price_exponent = static_cast<std::int8_t>(config_.price_exponent);
  task.quantity_exponent = static_cast<std::int8_t>(config_.quantity_exponent);
  copy_text(task.strategy, sizeof task.strategy, config_.strategy);
  copy_text(task.parameters, sizeof task.parameters, config_.parameters);
}

void EngineSlot::assign(EngineProcess& process, bool standby, bool spin, Supervisor& supervisor) {
  // The dead one's ring could not take an update any more: its image is not to be continued.
  if (!heir_ && staging_ == nullptr) drop_source(supervisor);
  LevidEnd heir(process.channel);
  fill_task(process.channel->task, spin);
  image_ = heir_ && end_.has_image();
  if (end_) {
    end_.hand_over(heir);
  } else {
    seed(heir);
  }
  const auto state =
      static_cast<ProcessState>(process.channel->state.load(std::memory_order_acquire));
  warm_ = standby && state == ProcessState::kWarm;
  drop_source(supervisor);
  end_ = heir;
  process_ = &process;
  waiting_ = up_ = stopping_ = killed_ = false;
  flush();
  engine::assign(*process.channel);
}

void EngineSlot::drop_source(Supervisor& supervisor) {
  if (end_) tick_last_ = end_.ticks_written();
  if (dead_ != nullptr) supervisor.release(dead_);
  dead_ = nullptr;
  staging_.reset();
  end_ = LevidEnd();
  heir_ = false;
}

void EngineSlot::give_up_waiting() {
  waiting_ = false;
  start_pending.reset();
}

void EngineSlot::forget(Supervisor& supervisor) {
  died_ = false;
  if (process_ == nullptr) drop_source(supervisor);
}

void EngineSlot::drain(const EngineHub::Emit& emit, MonoTime now) {
  if (process_ == nullptr) return;
  if (!up_ && end_.has_committed()) {
    up_ = true;
    machine::EngineUp up;
    up.engine = config_.id;
    up.engine_incarnation = start_.engine_incarnation;
    up.pid = process_->pid;
    up.takeover = warm_;
    up.image = image_;
    if (down_at_.ns != 0) up.since_down = now - down_at_;
    emit(up);
  }
  while (process_ != nullptr) {  // `emit` may have shut the hub down
    const auto record = end_.next_intent();
    if (!record) break;
    machine::Intent intent;
    intent.engine = config_.id;
    intent.engine_incarnation = start_.engine_incarnation;
    intent.intent_number = record->number;
    intent.kind = record->kind;
    intent.side = record->side;
    intent.type = record->type;
    intent.price = record->price;
    intent.quantity = record->quantity;
    intent.tag = record->tag;
    intent.tick = record->tick;
    intent.tick_instant = record->tick_instant;
    if (!machine::check(intent)) {  // Nothing that the journal could not read again goes on.
      end_.condemn();
      break;
    }
    set_off_ = record->set_off;
    emit(intent);
  }
  if (process_ == nullptr) return;
  end_.release_intents();
  if (end_.damaged()) kill("its channel is damaged");
  flush();
}

machine::EngineDown EngineSlot::bury(Supervisor& supervisor, MonoTime now) {
  using machine::EngineDownWhy;
  const auto status = os::peek_exit(process_->pidfd.get()).value_or(os::ExitStatus{});
  machine::EngineDown down;
  down.engine = config_.id;
  down.engine_incarnation = start_.engine_incarnation;
  down.pid = process_->pid;
  down.status = status.code;
  down.why = status.exited ? EngineDownWhy::kExited : EngineDownWhy::kSignalled;
  if (process_->hung.load(std::memory_order_seq_cst)) down.why = EngineDownWhy::kHung;
  if (stopping_) down.why = EngineDownWhy::kStopped;
  died_ = !stopping_;
  if (died_ && !killed_) {
    const std::string why = status.text();
    last_error_ = down.why == EngineDownWhy::kHung ? "no heartbeat" : std::string_view(why);
  }
  // A process that never committed may have died of the image itself: its heir gets none.
  heir_ = died_ && !killed_ && end_.has_committed();
  supervisor.reap(process_);
  dead_ = std::exchange(process_, nullptr);
  if (!heir_) drop_source(supervisor);
  down_at_ = now;
  return down;
}

void EngineSlot::lose_processes() {
  process_ = dead_ = nullptr;
  end_ = LevidEnd();
  staging_.reset();
  waiting_ = heir_ = false;
}

machine::EngineDown EngineSlot::down_without_process(machine::EngineDownWhy why,
                                                     std::string_view error) {
  give_up_waiting();
  if (!error.empty()) last_error_ = error;
  machine::EngineDown down;
  down.engine = config_.id;
  down.engine_incarnation = start_.engine_incarnation;
  down.why = why;
  return down;
}

}  // namespace levi::engine
