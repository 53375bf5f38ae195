// EngineSlot: what the trading thread knows of one engine, and the channel that its ticks go into.
//
// That channel is the running process's, or the dead one's (whose heir will get the unread ticks),
// or, where an engine is to start empty and no process is there yet, a staging area on the heap.
// Trading thread only. Processes are the supervisor's; a slot holds them while they are lent.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/hub.h"
#include "core/engine/levid_end.h"
#include "core/engine/supervisor.h"

namespace levi::engine {

class EngineSlot {
 public:
  explicit EngineSlot(EngineConfig config);

  const EngineConfig& config() const { return config_; }
  const Status& usable() const { return usable_; }     // what check_engine said
  EngineProcess* process() const { return process_; }  // running or starting; nullptr: none
  bool waiting() const { return waiting_; }            // for a process
  bool rising() const {
    return process_ != nullptr && !up_;
  }                                             // it has a process that did not commit yet
  bool died() const { return died_; }           // and was not stopped since
  Instant set_off() const { return set_off_; }  // see hub.h
  EngineStatus status() const;

  void push_market(const Tick& tick);
  void push_update(const Tick& tick);
  void tell_trading(std::uint8_t code, Instant now);
  void flush();  // the newest top of book, where the ring was too full for it

  // A start is asked for: the machine tells the position anew, right behind it.
  void await_position() { position_known_ = false; }
  // It begins. The dead process is given back where its state is of no use.
  void prepare(const machine::StartEngine& start, Instant now, Supervisor& supervisor);
  void stage();  // no process is there yet
  // `standby`: it was waiting already, warm or not.
  void assign(EngineProcess& process, bool standby, bool spin, Supervisor& supervisor);
  void give_up_waiting();
  void forget(Supervisor& supervisor);  // the dead one's state: the next start is empty

  // Emits EngineUp once, then the committed intents. False: the channel is damaged.
  void drain(const EngineHub::Emit& emit, MonoTime now);
  bool arm() { return process_ != nullptr && end_.arm(); }
  void disarm() {
    if (process_ != nullptr) end_.disarm();
  }

  // The process is dead, everything it committed was emitted. Its channel is kept for the heir.
  machine::EngineDown bury(Supervisor& supervisor, MonoTime now);
  void mark_stopping() { stopping_ = true; }
  void lose_processes();  // the supervisor is gone, and all processes with it
  machine::EngineDown down_without_process(machine::EngineDownWhy why, std::string_view error);

  std::optional<machine::StartEngine> start_pending;  // asked for while the old one still runs

 private:
  void seed(LevidEnd& end);
  void drop_source(Supervisor& supervisor);
  void fill_task(Task& task, bool spin) const;
  void kill(std::string_view why);

  EngineConfig config_;
  Status usable_;
  LevidEnd end_;
  EngineProcess* process_ = nullptr;
  EngineProcess* dead_ = nullptr;
  std::unique_ptr<ChannelMemory> staging_;
  machine::StartEngine start_;
  Instant started_at_;
  Instant set_off_;
  std::uint64_t tick_last_ = 0;
  std::uint64_t coalesced_ = 0;
  Tick top_;           // the newest top of book
  Quantity position_;  // of the newest update since the start was asked for
  bool position_known_ = false;
  bool top_known_ = false;
  bool top_owed_ = false;     // and not written yet
  std::uint8_t trading_ = 0;  // a TradingCode
  bool waiting_ = false;
  bool heir_ = false;  // end_ is a dead process's channel that a successor may continue
  bool up_ = false;
  bool warm_ = false;
  bool image_ = false;
  bool stopping_ = false;
  bool killed_ = false;
  bool died_ = false;
  MonoTime down_at_{0};
  FixedString<127> last_error_;
};

}  // namespace levi::engine
