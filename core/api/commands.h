// Commands on their way to the trading thread and back: numbered, answered, or given up in time.
//
// API thread only. A full queue and a missing answer are outcomes, never waits.
#pragma once

#include <functional>
#include <map>

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

  Commands(os::Loop& loop, control::CommandPort& port, Nanos answer_max)
      : loop_(loop), port_(port), answer_max_(answer_max) {}
  ~Commands();

  // Sets the command's request number. `done` is called once, maybe at once.
  void submit(machine::Command command, Done done);
  // An event that nobody answers. False: the queue is full.
  bool tell(const machine::Event& event) { return port_.submit(event); }
  void take_answers();
  std::uint64_t late() const { return late_; }  // answers that nobody waited for any more

 private:
  struct Waiting {
    Done done;
    os::Loop::TimerId timer = 0;
  };
  void end(std::uint64_t number, const CommandOutcome& outcome);

  os::Loop& loop_;
  control::CommandPort& port_;
  const Nanos answer_max_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t last_ = 0;
  std::uint64_t late_ = 0;
};

}  // namespace levi::api
