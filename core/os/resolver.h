// Resolver: "host:port" to an Endpoint without holding up the loop. Names that need the system's
// resolver are looked up on a thread of its own, one after the other.
//
// Used from the loop's thread; `done` is called there: at once for numeric hosts, "localhost" and
// Unix sockets, else later. The thread starts with the first real name; destruction waits for the
// look-up that runs and calls nothing any more.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "core/base/result.h"
#include "core/os/loop.h"
#include "core/os/socket.h"
#include "core/os/thread.h"

namespace levi::os {

class Resolver {
 public:
  using Done = std::function<void(Result<Endpoint>)>;

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
  void deliver();

  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<Question> questions_;
  std::deque<Answer> answers_;
  bool stopping_ = false;
  Thread thread_;
  Waker waker_;
};

// Whether parse_endpoint would answer without asking the system's resolver.
bool resolves_at_once(std::string_view text);

}  // namespace levi::os
