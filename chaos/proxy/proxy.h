// Proxy: one listener, the upstream that its connections go to, and the toxics between.
//
// Owned by the Proxies collection, on the loop's thread. A proxy that is disabled has no socket at
// all; its toxics stay. Connections live until they end, or until the proxy stops.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "chaos/proxy/codec.h"
#include "chaos/proxy/connection.h"
#include "chaos/proxy/events.h"
#include "chaos/proxy/listen_address.h"
#include "chaos/proxy/tls.h"
#include "chaos/proxy/toxic_entry.h"
#include "core/base/result.h"

namespace levi::proxy {

struct ByteCounters {
  std::uint64_t received[2] = {0, 0};  // by direction
  std::uint64_t sent[2] = {0, 0};
};

struct ProxyAddress {
  std::string listen;
  std::string upstream;
  TlsSettings tls = {};
};

class Proxy final : public ConnectionOwner {
 public:
  Proxy(Runtime& runtime, std::string name, ProxyAddress address);
  ~Proxy() override;

  Status start();         // kIo with the system's text; fine where it runs already
  void stop();            // closes the listener and every connection, with FIN
  void stop_accepting();  // only the listener: open connections end by themselves
  // Other addresses: stops, and starts again if it was running. Where those can't be had, and are
  // not its own, it stays as it was.
  Status move(ProxyAddress address);

  const std::string& name() const { return name_; }
  const std::string& listen() const { return listening_; }  // resolved while it listens
  const std::string& upstream() const { return address_.upstream; }
  const TlsSettings& tls() const { return address_.tls; }
  bool enabled() const { return enabled_; }
  bool same_address(const ProxyAddress& other) const;

  // Toxics: upstream ones first, each in the order of creation.
  std::vector<const ToxicEntry*> toxics() const;
  ToxicEntry* find_toxic(std::string_view name);
  // kConflict where a live connection would break (see ToxicType::needs_independent_messages).
  Status may_add(std::span<const ToxicEntry> entries) const;
  Result<const ToxicEntry*> add_toxic(ToxicEntry entry);
  void update_toxic(ToxicEntry& entry, ToxicUpdate update);
  void remove_toxic(std::uint64_t id);
  void clear_toxics();

  // A connection that came another way than by the listener (CONNECT).
  void adopt(os::Fd client, std::string greeting);

  EventHub& events() { return events_; }
  const ByteCounters& counters() const { return counters_; }
  std::size_t connection_count() const { return connections_.size(); }

 private:
  struct Lease {
    os::Loop::TimerId begin = 0;
    os::Loop::TimerId end = 0;
  };

  // What it needs to run, ready but unused.
  struct Opened {
    std::unique_ptr<TlsTerminator> terminator;
    Listening listening;
  };

  Result<Opened> open(const ProxyAddress& address) const;
  void begin(Opened opened);
  void accept_waiting();
  void pause_accepting();
  void begin_toxic(std::uint64_t id);
  void end_in(std::uint64_t id, std::int64_t ms);     // its lease; 0: it has none
  void refresh_connections(const ToxicEntry& entry);  // as the entry's fate on each now is
  void refresh(Connection& connection, const ToxicEntry& entry, bool live);
  ToxicEntry* find_by_id(std::uint64_t id);
  void emit(std::string_view name, const Connection& connection, const std::string& more);
  void tell(std::string_view what, const ToxicEntry& toxic);
  void complain(const std::string& why);

  void on_bytes(Direction direction, bool sent, std::size_t bytes) override;
  void on_connected(Connection& connection) override;
  void on_first_byte(const Connection& connection, Direction direction) override;
  void on_delayed(const Connection& connection, Direction direction, const ToxicEntry& toxic,
                  Nanos asked, Nanos achieved) override;
  void on_dropped(const Connection& connection, Direction direction, const ToxicEntry& toxic,
                  std::size_t bytes) override;
  void on_finished(Connection& connection, Finish how, const std::string& why) override;
  std::unique_ptr<Transport> wrap_upstream(os::Fd fd) override;

  Runtime& runtime_;
  const std::string name_;
  ProxyAddress address_;
  std::unique_ptr<TlsTerminator> terminator_;  // where the proxy ends TLS
  std::string listening_;                      // what the API shows
  bool enabled_ = false;
  os::Fd listener_;
  os::Loop::TimerId accept_pause_ = 0;
  std::uint64_t last_connection_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<ToxicEntry>> toxics_;
  std::unordered_map<std::uint64_t, Lease> leases_;  // by toxic id
  ByteCounters counters_;
  EventHub events_;
  MonoTime quiet_until_ = {};  // of complaints
};

}  // namespace levi::proxy
