// GET /events: the journal as server-sent events (docs/api.md).
//
// API thread only. A client that asks for the past reads it from the journal at its own pace, a
// bounded number of records a round, until it stands where the replica stands; from then on it gets
// each record as the replica takes it. A client that asks for what is gone, reads more slowly than
// the core writes, or takes nothing of the past for `stall_max`, is told so (`event: gap`) and let
// go.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>

#include "core/api/call.h"
#include "core/api/replica.h"
#include "core/control/facts.h"

namespace levi::api {

struct StreamLimits {
  unsigned streams_max = 64;
  std::size_t pending_bytes_max = 4u << 20;
  Nanos stall_max{30s};
};

class Streams {
 public:
  static constexpr std::size_t kPieceBytes = 16 * 1024;

  Streams(StreamLimits limits, const control::Facts& facts, journal::Paths paths,
          journal::RingHandle ring, Replica& replica);

  void open(const CallPtr& call);
  // Each record as the replica takes it; `hand_over` after the last of a round. What a client gets
  // in one round goes out in pieces of `kPieceBytes`: a system call for each record costs more than
  // everything else that is done with it, and wakes the client each time.
  void on_record(const journal::Record& record, const machine::Event& event);
  void hand_over();
  // Lets those who read the past go on. True while any of them can go on at once: one that has to
  // take first what is pending can not.
  bool advance_past(MonoTime now);
  void keep_alive();  // a comment to everyone: a client that is gone shows
  void end_all();
  std::size_t count() const { return clients_.size(); }
  std::uint64_t cut_off() const { return cut_off_; }

 private:
  struct Client {
    std::shared_ptr<os::HttpReply> reply;
    std::uint64_t types = 0;  // bit per record type
    std::optional<journal::Reader> past;
    MonoClock clock;                        // of the past's incarnations
    RecordSequence at;                      // the last record that was looked at
    RecordSequence handed_over;             // and the last one that left for the client
    std::string piece;                      // what has not left yet
    std::optional<MonoTime> stalled_since;  // too much is pending since then
    bool gone = false;
  };
  struct Asked {
    std::uint64_t types = 0;
    std::optional<std::uint64_t> after;
    std::string wrong;  // what can't be understood
  };
  Asked read_query(const Call& call) const;
  void greet(Client& client);
  bool begin_past(Client& client, std::uint64_t after);
  bool read_past(Client& client, MonoTime now);  // true: there is more, and room for it
  bool has_room(Client& client, MonoTime now);
  void step_past(Client& client, const journal::Record& record);
  void send(Client& client, const journal::Record& record, const machine::Event& event,
            const MonoClock& clock);
  void write(Client& client, std::string_view text);
  void hand_over(Client& client);
  bool fits(const Client& client) const;
  void gap(Client& client, const std::string& why);
  void sweep();

  const StreamLimits limits_;
  const control::Facts& facts_;
  const journal::Paths paths_;
  const journal::RingHandle ring_;
  Replica& replica_;
  std::list<Client> clients_;
  std::uint64_t cut_off_ = 0;
  std::string text_;  // of the record in hand, made once for all clients
  RecordSequence text_of_;
};

}  // namespace levi::api
