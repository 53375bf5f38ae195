#include "core/api/commands.h"

#include "core/control/kill.h"

namespace levi::api {

int CommandOutcome::http_status() const {
  return kind == Kind::kAnswered ? control::http_status(answer.code) : 503;
}

std::string CommandOutcome::text() const {
  switch (kind) {
    case Kind::kAnswered:
      return answer.text.str();
    case Kind::kQueueFull:
      return "the trading thread's queue is full: try again";
    case Kind::kNoAnswer:
      return "the trading thread did not answer in time: it may still happen";
  }
  return {};
}

Commands::~Commands() {
  for (const auto& [number, waiting] : waiting_) loop_.cancel(waiting.timer);
}

void Commands::submit(machine::Command command, Done done) {
  const std::uint64_t number = ++last_ << 1;  // even: the API's
  command.request = number;
  if (!port_.submit(command)) {
    done({CommandOutcome::Kind::kQueueFull, {}});
    return;
  }
  const auto timer = loop_.after(answer_max_, [this, number] {
    end(number, {CommandOutcome::Kind::kNoAnswer, {}});
  });
  waiting_.emplace(number, Waiting{std::move(done), timer});
}

void Commands::take_answers() {
  while (const auto answer = port_.next_answer()) {
    if (waiting_.count(answer->request) == 0) {
      ++late_;
      continue;
    }
    end(answer->request, {CommandOutcome::Kind::kAnswered, *answer});
  }
}

void Commands::end(std::uint64_t number, const CommandOutcome& outcome) {
  auto node = waiting_.extract(number);
  if (node.empty()) return;
  loop_.cancel(node.mapped().timer);
  node.mapped().done(outcome);
}

}  // namespace levi::api
