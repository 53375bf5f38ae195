// Exchange: what the two directions of one connection know of each other: which requests wait for
// their answers, and whether a WebSocket has begun.
//
// Owned by the connection, on the loop's thread. Bounded: with too many unanswered requests it
// gives up on messages, and the connection passes bytes.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "chaos/proxy/toxic.h"

namespace levi::proxy {

struct LocalAnswer {
  std::string bytes;
  bool close = false;  // the connection ends behind it
};

class Exchange {
 public:
  static constexpr std::size_t kUnansweredMax = 1024;

  bool opaque() const { return opaque_; }
  void give_up() { opaque_ = true; }
  bool websocket() const { return websocket_; }
  // The upgrade was granted. Per direction: does its compressor keep state between messages?
  void begin_websocket(bool upstream_takeover, bool downstream_takeover) {
    websocket_ = true;
    takeover_[0] = upstream_takeover;
    takeover_[1] = downstream_takeover;
  }
  bool takeover(Direction direction) const {
    return takeover_[direction == Direction::kUpstream ? 0 : 1];
  }

  void on_request(std::shared_ptr<const Message> request) {
    if (asked_.size() >= kUnansweredMax) give_up();
    if (!opaque_) asked_.push_back({std::move(request), nullptr});
  }
  // The request whose answer comes next; nullptr: nobody asked.
  const Message* awaited() const { return asked_.empty() ? nullptr : asked_.front().request.get(); }
  void on_answered() {
    if (!asked_.empty()) asked_.pop_front();
  }

  // The request never left: its answer is ours, once those before it are through.
  void answer_locally(const Message* request, LocalAnswer answer) {
    for (Asked& asked : asked_) {
      if (asked.request.get() != request) continue;
      asked.local = std::make_unique<LocalAnswer>(std::move(answer));
      has_local_ = true;
      return;
    }
  }
  bool has_local() const { return has_local_; }
  // The local answer whose turn it is, if it is one's turn.
  std::unique_ptr<LocalAnswer> take_local() {
    if (asked_.empty() || !asked_.front().local) return nullptr;
    std::unique_ptr<LocalAnswer> answer = std::move(asked_.front().local);
    asked_.pop_front();
    has_local_ = false;
    for (const Asked& asked : asked_) has_local_ = has_local_ || asked.local != nullptr;
    return answer;
  }

 private:
  struct Asked {
    std::shared_ptr<const Message> request;
    std::unique_ptr<LocalAnswer> local;
  };
  std::deque<Asked> asked_;
  bool opaque_ = false;
  bool websocket_ = false;
  bool has_local_ = false;
  bool takeover_[2] = {false, false};
};

}  // namespace levi::proxy
