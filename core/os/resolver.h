// Resolver: "host:port" to an Endpoint without holding up the loop. Names that need the system's
// resolver are looked up on threads of its own: a name that is slow to be found holds up only
// kThreadsMax others of its kind, and all that wait for one name are answered by one look-up.
//
// Used from the loop's thread; `done` is called there: at once for numeric hosts, "localhost" and
// Unix sockets, else later. Threads start as real names need them; destruction waits for the
// look-ups that run and calls nothing any more.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/os/loop.h"
#include "core/os/socket.h"
#include "core/os/thread.h"

namespace levi::os {

class Resolver {
 public:
  using Done = std::function<void(Result<Endpoint>)>;
  static constexpr std::size_t kThreadsMax = 4;

  explicit Resolver(Loop& loop);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void resolve(const std::string& text, Done done);

 private:
  struct Question {
    std::string text;
    Done done;
  };
  struct Answer {
    Result<Endpoint> endpoint;
    Done done;
  };

  void work();
  void answer_all(const std::string& text, const Result<Endpoint>& endpoint);
  void deliver();

  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<Question> questions_;
  std::deque<Answer> answers_;
  bool stopping_ = false;
  std::size_t idle_ = 0;  // threads that wait for a question
  std::vector<Thread> threads_;
  Waker waker_;
};

// Whether parse_endpoint would answer without asking the system's resolver.
bool resolves_at_once(std::string_view text);

}  // namespace levi::os
