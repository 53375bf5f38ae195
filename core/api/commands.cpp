#include "core/api/commands.h"

#include "core/control/kill.h"

namespace levi::api {
namespace {

constexpr std::size_t kGivenUpMax = 256;  // four times what the trading thread's queue holds

}  // namespace

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
  const auto timer = loop_.after(answer_max_, [this, number] { give_up(number); });
  waiting_.emplace(number, Waiting{command, std::move(done), timer});
}

void Commands::take_answers() {
  while (const auto answer = port_.next_answer()) {
    if (waiting_.count(answer->request) == 0) {
      on_late(*answer);
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

void Commands::give_up(std::uint64_t number) {
  const auto waiting = waiting_.find(number);
  if (waiting == waiting_.end()) return;
  given_up_.emplace(number, waiting->second.command);
  if (given_up_.size() > kGivenUpMax) given_up_.erase(given_up_.begin());
  end(number, {CommandOutcome::Kind::kNoAnswer, {}});
}

void Commands::on_late(const control::CommandAnswer& answer) {
  const auto given_up = given_up_.extract(answer.request);
  late_(given_up.empty() ? nullptr : &given_up.mapped(), answer);
}

}  // namespace levi::api
