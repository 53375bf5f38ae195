#include "core/os/resolver.h"

#include <arpa/inet.h>

#include <string_view>
#include <utility>

namespace levi::os {

bool resolves_at_once(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (text.starts_with("unix:") || text.starts_with('[') || colon == std::string_view::npos) {
    return true;  // also what is malformed
  }
  const std::string host(text.substr(0, colon));
  in_addr v4{};
  return host.empty() || host == "localhost" || host.find(':') != std::string::npos ||
         ::inet_pton(AF_INET, host.c_str(), &v4) == 1;
}

Resolver::Resolver(Loop& loop) : waker_(loop, [this] { deliver(); }) {}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    questions_.clear();
  }
  asked_.notify_all();
  for (Thread& thread : threads_) thread.join();
}

void Resolver::resolve(const std::string& text, Done done) {
  if (resolves_at_once(text)) {
    done(parse_endpoint(text));
    return;
  }
  bool another = false;
  {
    const std::lock_guard lock(mutex_);
    questions_.push_back({text, std::move(done)});
    another = idle_ < questions_.size() && threads_.size() < kThreadsMax;
  }
  if (another) threads_.push_back(start_thread("resolver", [this] { work(); }));
  asked_.notify_one();
}

void Resolver::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    asked_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
    --idle_;
    if (stopping_) return;
    Question question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    auto endpoint = parse_endpoint(question.text);
    lock.lock();
    if (stopping_) return;
    answer_all(question.text, endpoint);
    answers_.push_back({std::move(endpoint), std::move(question.done)});
    waker_.wake();
  }
}

// A flood of connects asks for one name again and again.
void Resolver::answer_all(const std::string& text, const Result<Endpoint>& endpoint) {
  std::deque<Question> others;
  for (Question& question : questions_) {
    if (question.text == text) {
      answers_.push_back({endpoint, std::move(question.done)});
    } else {
      others.push_back(std::move(question));
    }
  }
  questions_.swap(others);
}

void Resolver::deliver() {
  std::deque<Answer> ready;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(answers_);
  }
  for (Answer& answer : ready) answer.done(std::move(answer.endpoint));
}

}  // namespace levi::os
