// Link: one direction of one connection: reads its source, passes the bytes through the chain of
// toxics, writes its sink; carries endings across.
//
// Part of its connection, on the loop's thread. With no toxic on it, bytes go from one socket to
// the other through a buffer that all links share, or, in bulk and where they are no messages,
// through the kernel alone: a link holds memory only for what its sink did not take. The source is
// read no further while more is held than may be (back-pressure).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/proxy/chain.h"
#include "chaos/proxy/exchange.h"
#include "chaos/proxy/kernel_pipe.h"
#include "chaos/proxy/tracker.h"
#include "chaos/proxy/transport.h"

namespace levi::proxy {

class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  virtual void on_received(Direction direction, std::size_t bytes) = 0;
  virtual void on_sent(Direction direction, std::size_t bytes) = 0;
  virtual void on_end_passed(Direction direction) = 0;  // the sink has seen the end
  virtual void on_sink_gone(Direction direction) = 0;   // a write failed: nobody takes bytes there
  virtual void on_ending(Direction direction, Ending ending) = 0;  // kClose or kReset: finish
  virtual void on_answer(const Message* request, std::string answer, bool close) = 0;
  // Buffers that nobody uses now; a link takes one when its sink lags, and gives it back.
  virtual std::vector<std::string>& spare_buffers() = 0;
  virtual KernelPipe& pipe() = 0;
  // The upgrade to a WebSocket was granted: may it be, with these toxics?
  virtual bool refuses_upgrade() = 0;
  virtual void on_delayed(Direction direction, const ToxicEntry& toxic, Nanos asked,
                          Nanos achieved) = 0;
  virtual void on_dropped(Direction direction, const ToxicEntry& toxic, std::size_t bytes) = 0;
};

class Link final : public ChainSink {
 public:
  Link(Direction direction, LinkEvents& events, Exchange& exchange)
      : direction_(direction),
        events_(events),
        exchange_(exchange),
        tracker_(direction, exchange),
        chain_(direction, *this) {}

  void attach(Transport& source, Transport& sink);

  // `buffer` is scratch for the time of the call. True where more may be there to read.
  bool read(std::span<char> buffer, MonoTime now);
  void take(std::string_view bytes, MonoTime now);  // as if the source had sent them
  void flush();                                     // what waits for the sink

  bool wants_read() const;
  bool wants_write() const { return pending() > 0 && !sink_gone_; }
  bool source_ended() const { return source_ended_; }
  bool end_passed() const { return end_passed_; }
  bool sink_gone() const { return sink_gone_; }

  // Toxics. What they let out goes to the sink at once. One that asks about messages begins at the
  // next boundary between two.
  void add_toxic(const ToxicEntry& entry, std::uint64_t seed, MonoTime now, bool live);
  void update_toxic(const ToxicEntry& entry, MonoTime now);
  void remove_toxic(const ToxicEntry& entry, MonoTime now);
  bool has_toxic(const ToxicEntry& entry) const;
  bool wants_messages() const { return chain_.wants_messages() || !waiting_.empty(); }
  bool needs_independent_messages() const { return chain_.needs_independent_messages(); }
  // Both links make messages of their bytes as soon as one of them has a toxic that asks.
  void assemble(bool on, MonoTime now);
  void give_local_answers(MonoTime now);  // those whose turn it is

  // Neither toxics nor messages: bytes go straight through.
  bool bare() const {
    return chain_.empty() && !assembling_ && waiting_.empty() && !exchange_.has_local();
  }
  void advance(MonoTime now) { chain_.advance(now); }
  MonoTime next_deadline() const { return finished_ ? kNever : chain_.next_deadline(); }
  void stop() { finished_ = true; }  // the connection is over: nothing is read or written any more

  // Behind everything that was delivered so far, past the chain.
  void deliver(std::string_view bytes);
  void conclude(Ending ending);

 private:
  void on_item(Item item) override;
  void on_reset() override;
  void on_answer(const Message* request, std::string answer, bool close) override;
  void on_delayed(const ToxicEntry& toxic, Nanos asked, Nanos achieved) override;
  void on_dropped(const ToxicEntry& toxic, std::size_t bytes) override;

  std::size_t pending() const { return pending_.size() - sent_; }
  std::size_t room_for(std::size_t buffer) const;
  bool may_move_whole() const;
  bool move_whole(MonoTime now);
  bool on_nothing(const os::Moved& moved, MonoTime now);
  struct Waiting {
    const ToxicEntry* entry;
    std::uint64_t seed;
    bool live;
  };

  Meeting meeting(MonoTime now, bool live) const;
  void take_messages(std::string_view& bytes, MonoTime now);
  void on_unit(Item item, MonoTime now);
  void begin_waiting(MonoTime now);
  void flush_assembler(MonoTime now);
  void end(Ending ending, MonoTime now);
  void release_pending();
  void fail_sink();
  void pass_end();

  const Direction direction_;
  LinkEvents& events_;
  Transport* source_ = nullptr;
  Transport* sink_ = nullptr;
  Exchange& exchange_;
  Tracker tracker_;
  Assembler assembler_;
  bool assembling_ = false;
  std::vector<Waiting> waiting_;
  Chain chain_;
  std::string pending_;  // for the sink, from `sent_` on
  std::size_t sent_ = 0;
  Ending ending_ = Ending::kNone;  // behind what is pending
  bool in_bulk_ = false;           // the last read took all that there was room for
  bool source_ended_ = false;
  bool end_passed_ = false;
  bool sink_gone_ = false;
  bool finished_ = false;
};

}  // namespace levi::proxy
