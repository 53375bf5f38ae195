// Chain: the toxics that afflict one direction of one connection, in a row, and what they hold.
//
// Pure: items go in with the time, items come out to a ChainSink, `next_deadline` says when to call
// `advance` again. No socket, no clock, no timer: the link (link.h) has those. On the loop's
// thread. Toxics may come, change and go between any two items; what a toxic held when it went
// flows on, in order: no byte is lost that a verdict had not already dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chaos/proxy/toxic.h"
#include "chaos/proxy/toxic_entry.h"

namespace levi::proxy {

// What flows: bytes of a unit, or how the stream ends.
struct Item {
  std::string bytes = {};
  MonoTime at = {};  // when it came to the stage that it is in
  Unit unit = Unit::kBytes;
  bool begins = true;  // of its unit
  bool ends = true;
  Ending ending = Ending::kNone;  // other than kNone: no bytes
  std::shared_ptr<const Message> message =
      {};  // shared by the parts of a unit and the direction's ledger
};

class ChainSink {
 public:
  virtual ~ChainSink() = default;
  virtual void on_item(Item item) = 0;  // what comes out; endings too, in their place
  virtual void on_reset() = 0;          // at once, whatever is still held
  // To a request that was dropped; the connection ends behind it where `close` says so.
  virtual void on_answer(const Message* request, std::string answer, bool close) = 0;
  virtual void on_delayed(const ToxicEntry& toxic, Nanos asked, Nanos achieved) = 0;
  virtual void on_dropped(const ToxicEntry& toxic, std::size_t bytes) = 0;
};

class Chain {
 public:
  Chain(Direction direction, ChainSink& sink);
  ~Chain();
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  // `entry` outlives its stage. `seed` is the toxic's own on this connection.
  void add(const ToxicEntry& entry, std::uint64_t seed, Meeting meeting);
  void update(const ToxicEntry& entry, Meeting meeting);  // its attributes changed
  void remove(const ToxicEntry& entry, MonoTime now);
  bool has(const ToxicEntry& entry) const;
  bool empty() const { return stages_.empty(); }
  // Some stage asks about messages, or the rest of one that was begun to be dropped is still to go.
  bool wants_messages() const;
  bool needs_independent_messages() const;

  void push(Item item, MonoTime now);
  void advance(MonoTime now);  // lets out what is due
  MonoTime next_deadline() const;
  std::size_t held_bytes() const { return held_; }
  std::size_t held_bytes_max() const;  // beyond it the source is not read

 private:
  class Stage;
  void feed(std::size_t index, Item item, MonoTime now);
  bool drops_rest(std::size_t index, const Item& item);
  std::size_t index_of(const ToxicEntry& entry) const;

  const Direction direction_;
  ChainSink& sink_;
  std::vector<std::unique_ptr<Stage>> stages_;
  // Before each stage, and behind the last: a toxic that went in the middle of a unit that it had
  // begun to drop leaves its rest to be dropped. Half a message would spoil all that follow.
  std::vector<bool> rest_dropped_ = {false};
  std::size_t rests_ = 0;  // of them that are true
  std::size_t held_ = 0;
};

}  // namespace levi::proxy
