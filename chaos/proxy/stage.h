// Stage: one toxic on one direction of one connection, and the items that wait for its verdicts.
// Internal to the chain.
//
// Only the first item is judged; the rest waits as it came. So splitting a chunk into pieces costs
// no memory, and an update judges anew what has not left. Verdicts name absolute times: a late
// timer delays what it is late for and nothing behind it.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "chaos/proxy/chain.h"

namespace levi::proxy {

class Chain::Stage {
 public:
  Stage(Chain& chain, const ToxicEntry& entry, std::uint64_t seed);

  const ToxicEntry& entry() const { return entry_; }
  Toxic& toxic() { return *toxic_; }
  // In the middle of a unit whose beginning it dropped.
  bool drops_rest() const { return dropping_; }

  // Each may let items out, to the stage at `next`.
  void start(const Meeting& meeting, std::size_t next);
  void update(const Meeting& meeting, std::size_t next);
  void accept(Item item, MonoTime now, std::size_t next);
  void advance(MonoTime now, std::size_t next);

  MonoTime next_deadline() const;
  std::deque<Item> take_queue();  // what it holds, in order, as it came

 private:
  Setting setting() { return {entry_.type->fields, entry_.values, random_}; }
  bool asks_about(const Item& item) const;
  Verdict ask(const Item& item);
  void judge();
  // The first item or a piece of it leaves (or is dropped).
  void let_out(MonoTime now, std::size_t next);
  void apply_to_message(Item item, Verdict verdict, MonoTime now, std::size_t next);
  void emit(Item item, MonoTime now, std::size_t next);
  void unpark(MonoTime now, std::size_t next);
  void set_ending(const Verdict& verdict);
  void end_if_due(MonoTime now, std::size_t next);
  Item cut_front(std::size_t bytes);
  void hold(const Item& item);
  void let_go(std::size_t bytes, bool whole);

  Chain& chain_;
  const ToxicEntry& entry_;
  std::unique_ptr<Toxic> toxic_;
  Random random_;
  std::deque<Item> queue_;
  std::size_t offset_ = 0;          // bytes of the first item that are gone
  std::optional<Verdict> verdict_;  // on the first item
  std::optional<Item> parked_;      // waits for the message behind it
  MonoTime parked_until_ = kNever;
  MonoTime last_out_;  // when the item before was due: nothing overtakes it
  Ending ending_ = Ending::kNone;
  MonoTime ending_at_ = kNever;
  bool dropping_ = false;  // the rest of a unit whose first part was dropped
  bool closed_ = false;    // the ending went out: nothing follows
};

}  // namespace levi::proxy
