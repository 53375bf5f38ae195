// GET /events: the journal as server-sent events (docs/api.md).
//
// API thread only. A client that asks for the past reads it from the journal at its own pace, a
// bounded number of records a round, until it stands where the replica stands; from then on it gets
// each record as the replica takes it. A client that asks for what is gone, or reads more slowly
// than the core writes, is told so (`event: gap`) and let go.
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
};

class Streams {
 public:
  Streams(StreamLimits limits, const control::Facts& facts, journal::Paths paths,
          journal::RingHandle ring, Replica& replica);

  void open(const CallPtr& call);
  void on_record(const journal::Record& record, const machine::Event& event);
  // Lets those who read the past go on. True while any of them is not there yet.
  bool advance_past();
  void keep_alive();  // a comment to everyone: a client that is gone shows
  void end_all();
  std::size_t count() const { return clients_.size(); }
  std::uint64_t cut_off() const { return cut_off_; }

 private:
  struct Client {
    std::shared_ptr<os::HttpReply> reply;
    std::uint64_t types = 0;  // bit per record type
    std::optional<journal::Reader> past;
    MonoClock clock;    // of the past's incarnations
    RecordSequence at;  // the last record that was looked at
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
  void read_past(Client& client);
  void send(Client& client, const journal::Record& record, const machine::Event& event,
            const MonoClock& clock);
  void write(Client& client, std::string_view text);
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
