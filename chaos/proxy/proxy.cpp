#include "chaos/proxy/proxy.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "chaos/proxy/json_value.h"
#include "chaos/proxy/listen_address.h"
#include "chaos/proxy/log.h"
#include "core/base/check.h"
#include "core/os/clock.h"

namespace levi::proxy {
namespace {

constexpr int kAcceptsPerRound = 64;
constexpr Nanos kAcceptPause = 20ms;  // when descriptors have run out

const char* direction_name(Direction direction) {
  return direction == Direction::kUpstream ? "upstream" : "downstream";
}

// "[::1]:443" → "::1"
std::string host_of(const std::string& upstream) {
  std::string host = upstream.substr(0, upstream.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

const char* finish_name(Finish how) {
  switch (how) {
    case Finish::kComplete:
    case Finish::kClosed:
      return "close";
    case Finish::kReset:
      return "reset";
    case Finish::kRefused:
      return "refused";
  }
  return "close";
}

}  // namespace

Proxy::Proxy(Runtime& runtime, std::string name, ProxyAddress address)
    : runtime_(runtime),
      name_(std::move(name)),
      address_(std::move(address)),
      listening_(address_.listen) {}

Proxy::~Proxy() {
  stop();
  clear_toxics();
  events_.end();
}

Result<Proxy::Opened> Proxy::open(const ProxyAddress& address) const {
  Opened opened;
  if (address.tls.terminate) {
    LEVI_TRY_ASSIGN(opened.terminator, TlsTerminator::create(address.tls, host_of(address.upstream),
                                                             runtime_.authority.get()));
  }
  LEVI_TRY_ASSIGN(opened.listening, listen_at(address.listen));
  return opened;
}

Status Proxy::start() {
  if (enabled_) return ok();
  LEVI_TRY(opened, open(address_));
  begin(std::move(opened));
  return ok();
}

void Proxy::begin(Opened opened) {
  terminator_ = std::move(opened.terminator);
  listener_ = std::move(opened.listening.fd);
  keep_alive(listener_.get());
  // As Toxiproxy: what it got is what it asks for from now on.
  listening_ = opened.listening.address;
  address_.listen = opened.listening.address;
  enabled_ = true;
  runtime_.loop.watch(listener_.get(), os::kReadable, [this](std::uint32_t) { accept_waiting(); });
}

void Proxy::stop_accepting() {
  if (!listener_) return;
  runtime_.loop.cancel(accept_pause_);
  runtime_.loop.unwatch(listener_.get());
  listener_.reset();
  constexpr std::string_view kUnix = "unix:";
  if (listening_.starts_with(kUnix)) ::unlink(listening_.c_str() + kUnix.size());
}

void Proxy::stop() {
  stop_accepting();
  enabled_ = false;
  std::vector<Connection*> open;
  for (const auto& entry : connections_) open.push_back(entry.second.get());
  for (Connection* connection : open) connection->finish(Finish::kClosed, "the proxy was stopped");
}

bool Proxy::same_address(const ProxyAddress& other) const {
  return address_.upstream == other.upstream && address_.tls == other.tls &&
         same_listen(address_.listen, other.listen);
}

Status Proxy::move(ProxyAddress address) {
  const bool was_enabled = enabled_;
  Opened opened;
  const bool elsewhere = was_enabled && !same_listen(address_.listen, address.listen);
  if (elsewhere) {
    LEVI_TRY_ASSIGN(opened, open(address));
  }
  stop();
  address_ = std::move(address);
  listening_ = address_.listen;
  if (!was_enabled) return ok();
  if (!elsewhere) return start();
  begin(std::move(opened));
  return ok();
}

void Proxy::accept_waiting() {
  for (int i = 0; i < kAcceptsPerRound && listener_; ++i) {
    os::Accepted accepted = os::accept_now(listener_.get());
    if (accepted.no_descriptors) pause_accepting();
    if (!accepted.fd) return;
    adopt(std::move(accepted.fd), {});
  }
}

// A level-triggered accept that fails for want of descriptors would spin.
void Proxy::pause_accepting() {
  runtime_.loop.change(listener_.get(), 0);
  accept_pause_ = runtime_.loop.after(kAcceptPause, [this] {
    if (listener_) runtime_.loop.change(listener_.get(), os::kReadable);
  });
}

void Proxy::adopt(os::Fd client, std::string greeting) {
  const std::uint64_t ordinal = ++last_connection_;
  auto transport = terminator_ ? terminator_->client_side(std::move(client))
                               : std::make_unique<PlainTransport>(std::move(client));
  auto connection = std::make_unique<Connection>(runtime_, *this, ordinal, std::move(transport),
                                                 std::move(greeting));
  Connection& made = *connection;
  connections_.emplace(ordinal, std::move(connection));
  if (events_.listening()) {
    std::string more = ",\"client\":";
    append_json_string(more, made.client_name());
    emit("connect", made, more);
  }
  made.connect(address_.upstream);
}

std::unique_ptr<Transport> Proxy::wrap_upstream(os::Fd fd) {
  if (terminator_) return terminator_->upstream_side(std::move(fd));
  return std::make_unique<PlainTransport>(std::move(fd));
}

std::vector<const ToxicEntry*> Proxy::toxics() const {
  std::vector<const ToxicEntry*> list;
  for (const Direction direction : {Direction::kUpstream, Direction::kDownstream}) {
    for (const auto& entry : toxics_) {
      if (entry->direction == direction) list.push_back(entry.get());
    }
  }
  return list;
}

ToxicEntry* Proxy::find_toxic(std::string_view name) {
  for (const auto& entry : toxics_) {
    if (entry->name == name) return entry.get();
  }
  return nullptr;
}

ToxicEntry* Proxy::find_by_id(std::uint64_t id) {
  for (const auto& entry : toxics_) {
    if (entry->id == id) return entry.get();
  }
  return nullptr;
}

Result<const ToxicEntry*> Proxy::add_toxic(ToxicEntry entry) {
  LEVI_TRY_STATUS(may_add({&entry, 1}));
  toxics_.push_back(std::make_unique<ToxicEntry>(std::move(entry)));
  ToxicEntry& added = *toxics_.back();
  if (added.after_ms > 0) {
    leases_[added.id].begin =
        runtime_.loop.after(added.after_ms * 1ms, [this, id = added.id] { begin_toxic(id); });
  } else {
    begin_toxic(added.id);
  }
  return &added;
}

// Dropping or moving a message that the next ones are compressed against would break them all.
Status Proxy::may_add(std::span<const ToxicEntry> entries) const {
  for (const ToxicEntry& entry : entries) {
    if (!entry.type->needs_independent_messages || entry.after_ms > 0) continue;
    for (const auto& [ordinal, connection] : connections_) {
      if (!connection->has_context_takeover(entry.acting()) ||
          !toxic_applies(runtime_.seed, name_, ordinal, entry)) {
        continue;
      }
      return error(ErrorCode::kConflict,
                   "connection " + std::to_string(ordinal) + " compresses with context takeover: " +
                       std::string(entry.type->name) + " would make it unreadable");
    }
  }
  return ok();
}

void Proxy::begin_toxic(std::uint64_t id) {
  ToxicEntry* entry = find_by_id(id);
  LEVI_CHECK(entry != nullptr && !entry->begun);
  entry->begun = true;
  tell("toxic_begins", *entry);
  end_in(id, entry->for_ms);
  refresh_connections(*entry);
}

void Proxy::end_in(std::uint64_t id, std::int64_t ms) {
  Lease& lease = leases_[id];
  runtime_.loop.cancel(lease.end);
  lease.end = ms > 0 ? runtime_.loop.after(ms * 1ms, [this, id] { remove_toxic(id); }) : 0;
}

void Proxy::update_toxic(ToxicEntry& entry, ToxicUpdate update) {
  if (update.toxicity != entry.toxicity) ++entry.draws;
  entry.toxicity = update.toxicity;
  entry.values = std::move(update.values);
  if (update.for_ms) {
    entry.for_ms = *update.for_ms;
    if (entry.begun) end_in(entry.id, entry.for_ms);
  }
  if (entry.begun) refresh_connections(entry);
}

void Proxy::remove_toxic(std::uint64_t id) {
  const auto found = std::find_if(toxics_.begin(), toxics_.end(),
                                  [id](const auto& entry) { return entry->id == id; });
  if (found == toxics_.end()) return;
  const std::unique_ptr<ToxicEntry> entry = std::move(*found);
  toxics_.erase(found);
  if (const auto lease = leases_.find(id); lease != leases_.end()) {
    runtime_.loop.cancel(lease->second.begin);
    runtime_.loop.cancel(lease->second.end);
    leases_.erase(lease);
  }
  const bool had_begun = std::exchange(entry->begun, false);
  refresh_connections(*entry);
  if (had_begun) tell("toxic_ends", *entry);
}

void Proxy::clear_toxics() {
  while (!toxics_.empty()) remove_toxic(toxics_.back()->id);
}

void Proxy::refresh_connections(const ToxicEntry& entry) {
  // Connections that end by this leave the table meanwhile.
  std::vector<Connection*> open;
  for (const auto& item : connections_) {
    if (item.second->linked()) open.push_back(item.second.get());
  }
  for (Connection* connection : open) {
    refresh(*connection, entry, true);
    connection->settle();
  }
}

void Proxy::refresh(Connection& connection, const ToxicEntry& entry, bool live) {
  Link& link = connection.link(entry.acting());
  const bool afflicted =
      entry.begun && toxic_applies(runtime_.seed, name_, connection.ordinal(), entry) &&
      !(entry.type->needs_independent_messages && connection.has_context_takeover(entry.acting()));
  const MonoTime now = os::mono_now();
  if (afflicted && link.has_toxic(entry)) {
    link.update_toxic(entry, now);
  } else if (afflicted) {
    link.add_toxic(entry, toxic_seed(runtime_.seed, name_, connection.ordinal(), entry), now, live);
  } else if (link.has_toxic(entry)) {
    link.remove_toxic(entry, now);
  }
}

void Proxy::on_connected(Connection& connection) {
  emit("connected", connection, {});
  for (const auto& entry : toxics_) {
    if (entry->begun) refresh(connection, *entry, false);
  }
}

void Proxy::on_bytes(Direction direction, bool sent, std::size_t bytes) {
  const std::size_t index = direction == Direction::kUpstream ? 0 : 1;
  (sent ? counters_.sent : counters_.received)[index] += bytes;
}

void Proxy::emit(std::string_view name, const Connection& connection, const std::string& more) {
  if (!events_.listening()) return;
  const std::string ordinal = ",\"connection\":" + std::to_string(connection.ordinal());
  events_.emit(name, os::mono_now(), ordinal + more);
}

// Before the first connection can be afflicted, and once none is any more.
void Proxy::tell(std::string_view what, const ToxicEntry& toxic) {
  if (!events_.listening()) return;
  std::string more = ",\"toxic\":";
  append_json_string(more, toxic.name);
  more += ",\"type\":";
  append_json_string(more, toxic.type->name);
  if (!toxic.tag.empty()) {
    more += ",\"tag\":";
    append_json_string(more, toxic.tag);
  }
  events_.emit(what, os::mono_now(), more);
}

void Proxy::on_first_byte(const Connection& connection, Direction direction) {
  if (!events_.listening()) return;
  emit("first_byte", connection, std::string(",\"stream\":\"") + direction_name(direction) + '"');
}

void Proxy::on_delayed(const Connection& connection, Direction direction, const ToxicEntry& toxic,
                       Nanos asked, Nanos achieved) {
  if (!events_.listening()) return;
  std::string more = std::string(",\"stream\":\"") + direction_name(direction) + "\",\"toxic\":";
  append_json_string(more, toxic.name);
  more += ",\"asked_ns\":" + std::to_string(asked.count()) +
          ",\"achieved_ns\":" + std::to_string(achieved.count());
  emit("delay", connection, more);
}

void Proxy::on_dropped(const Connection& connection, Direction direction, const ToxicEntry& toxic,
                       std::size_t bytes) {
  if (!events_.listening()) return;
  std::string more = std::string(",\"stream\":\"") + direction_name(direction) + "\",\"toxic\":";
  append_json_string(more, toxic.name);
  more += ",\"bytes\":" + std::to_string(bytes);
  emit("drop", connection, more);
}

// At most one line a second: a flood of connects is no flood of lines.
void Proxy::complain(const std::string& why) {
  const MonoTime now = os::mono_now();
  if (now < quiet_until_) return;
  quiet_until_ = now + 1s;
  std::string fields = ",\"name\":";
  append_json_string(fields, name_);
  fields += ",\"proxy\":";
  append_json_string(fields, listening_);
  fields += ",\"upstream\":";
  append_json_string(fields, address_.upstream);
  fields += ",\"err\":";
  append_json_string(fields, why);
  log_line(LogLevel::kWarn, "Unable to open connection to upstream", fields);
}

void Proxy::on_finished(Connection& connection, Finish how, const std::string& why) {
  if (how == Finish::kRefused || connection.broken()) complain(why);
  if (events_.listening()) {
    std::string more =
        ",\"bytes_upstream\":" + std::to_string(connection.bytes(Direction::kUpstream)) +
        ",\"bytes_downstream\":" + std::to_string(connection.bytes(Direction::kDownstream));
    if (!why.empty()) {
      more += ",\"why\":";
      append_json_string(more, why);
    }
    emit(finish_name(how), connection, more);
  }
  const auto found = connections_.find(connection.ordinal());
  LEVI_CHECK(found != connections_.end());
  runtime_.bury(std::move(found->second));
  connections_.erase(found);
}

}  // namespace levi::proxy
