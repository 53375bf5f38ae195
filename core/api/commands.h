// Commands on their way to the trading thread and back: numbered, answered, or given up in time.
//
// API thread only. A full queue and a missing answer are outcomes, never waits. An answer that
// comes after its request was given up is told as well: it happened.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "core/base/instant.h"
#include "core/control/shared.h"
#include "core/os/loop.h"

namespace levi::api {

struct CommandOutcome {
  enum class Kind { kAnswered, kQueueFull, kNoAnswer };
  Kind kind = Kind::kAnswered;
  control::CommandAnswer answer;  // kAnswered

  int http_status() const;   // 200, 404, 409, 503
  std::string text() const;  // what to tell the caller
};

class Commands {
 public:
  using Done = std::function<void(const CommandOutcome&)>;
  // `command` is null where too many were given up since: only the answer is known then.
  using Late =
      std::function<void(const machine::Command* command, const control::CommandAnswer& answer)>;

  Commands(os::Loop& loop, control::CommandPort& port, Nanos answer_max, Late late)
      : loop_(loop), port_(port), answer_max_(answer_max), late_(std::move(late)) {}
  ~Commands();

  // Sets the command's request number. `done` is called once, maybe at once.
  void submit(machine::Command command, Done done);
  // An event that nobody answers. False: the queue is full.
  bool tell(const machine::Event& event) { return port_.submit(event); }
  void take_answers();

 private:
  struct Waiting {
    machine::Command command;
    Done done;
    os::Loop::TimerId timer = 0;
  };
  void end(std::uint64_t number, const CommandOutcome& outcome);
  void give_up(std::uint64_t number);
  void on_late(const control::CommandAnswer& answer);

  os::Loop& loop_;
  control::CommandPort& port_;
  const Nanos answer_max_;
  const Late late_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::map<std::uint64_t, machine::Command> given_up_;  // the newest few
  std::uint64_t last_ = 0;
};

}  // namespace levi::api
