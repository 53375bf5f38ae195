#include "core/api/streams.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/api/event_json.h"
#include "core/base/check.h"

namespace levi::api {
namespace {

constexpr std::uint16_t kTypesEnd = 64;  // record types that have a bit
constexpr int kPastRecordsPerRound = 512;

std::uint64_t bit_of(std::uint16_t type) { return type < kTypesEnd ? std::uint64_t{1} << type : 0; }

// Every record type by its name; 0 where there is none of that name.
std::uint16_t type_named(std::string_view name) {
  for (std::uint16_t type = 1; type < kTypesEnd; ++type) {
    if (name != "unknown" && name == machine::event_name(type)) return type;
  }
  return 0;
}

std::string all_names() {
  std::string names;
  for (std::uint16_t type = 1; type < kTypesEnd; ++type) {
    const std::string_view name = machine::event_name(type);
    if (name == "unknown") continue;
    names += names.empty() ? "" : ", ";
    names += name;
  }
  return names;
}

// Market data is the flood; whoever wants it names it.
std::uint64_t default_types() {
  return ~(bit_of(machine::event_type(machine::TopOfBook{})) |
           bit_of(machine::event_type(machine::Deal{})));
}

}  // namespace

Streams::Streams(StreamLimits limits, const control::Facts& facts, journal::Paths paths,
                 journal::RingHandle ring, Replica& replica)
    : limits_(limits),
      facts_(facts),
      paths_(std::move(paths)),
      ring_(std::move(ring)),
      replica_(replica) {}

void Streams::open(const CallPtr& call) {
  const Asked asked = read_query(*call);
  if (!asked.wrong.empty()) return call->problem(400, asked.wrong);
  sweep();
  if (clients_.size() >= limits_.streams_max) {
    return call->problem(503, "there are " + std::to_string(limits_.streams_max) +
                                  " event streams already: close one");
  }
  Client& client = clients_.emplace_back();
  client.reply = call->reply;
  client.types = asked.types;
  client.at = client.handed_over = replica_.at();
  client.reply->begin_stream("text/event-stream", limits_.pending_bytes_max * 2);
  client.reply->on_close([&client] { client.gone = true; });
  if (asked.after && !begin_past(client, *asked.after)) return;
  greet(client);
}

Streams::Asked Streams::read_query(const Call& call) const {
  Asked asked;
  asked.types = default_types();
  const std::string types = call.parameter("types").value_or("");
  if (!types.empty()) asked.types = 0;
  for (std::size_t begin = 0; begin < types.size();) {
    const std::size_t end = std::min(types.find(',', begin), types.size());
    const std::string name = types.substr(begin, end - begin);
    begin = end + 1;
    const std::uint16_t type = type_named(name);
    if (type == 0) asked.wrong = "there is no event type '" + name + "'; there are " + all_names();
    asked.types |= bit_of(type);
  }
  std::string after(call.request.header("last-event-id"));
  if (after.empty()) after = call.parameter("after").value_or("");
  if (after.empty()) return asked;
  std::uint64_t sequence = 0;
  const auto [end, problem] = std::from_chars(after.data(), after.data() + after.size(), sequence);
  if (problem != std::errc{} || end != after.data() + after.size()) {
    asked.wrong = "Last-Event-ID (or after) is no sequence number: '" + after + "'";
  }
  asked.after = sequence;
  return asked;
}

void Streams::greet(Client& client) {
  Json hello = {{"boot_id", facts_.boot_id},
                {"time_namespace", facts_.time_namespace},
                {"incarnation", facts_.incarnation},
                {"pid", facts_.pid},
                {"sequence", client.at.value}};
  write(client, "event: hello\ndata: " + hello.dump() + "\n\n");
  hand_over(client);
}

// False where the past that is asked for is not there.
bool Streams::begin_past(Client& client, std::uint64_t after) {
  client.at = client.handed_over = RecordSequence{after};
  if (after == replica_.at().value) return true;
  if (after > replica_.at().value) {
    greet(client);
    gap(client, "sequence " + std::to_string(after) +
                    " is in the future: the journal is another one, or lost its end");
    return false;
  }
  auto reader = journal::Reader::open(paths_, ring_, client.at);
  if (!reader) {
    greet(client);
    gap(client, reader.error().text());
    return false;
  }
  client.past = std::move(reader).value();
  client.clock = replica_.clock();
  return true;
}

void Streams::on_record(const journal::Record& record, const machine::Event& event) {
  for (Client& client : clients_) {
    if (client.gone || client.past) continue;
    client.at = record.sequence;
    if ((client.types & bit_of(record.type)) != 0) send(client, record, event, replica_.clock());
  }
}

bool Streams::advance_past(MonoTime now) {
  bool more = false;
  for (Client& client : clients_) {
    if (!client.gone && client.past) more = read_past(client, now) || more;
  }
  hand_over();
  sweep();
  return more;
}

bool Streams::read_past(Client& client, MonoTime now) {
  for (int i = 0; i < kPastRecordsPerRound; ++i) {
    if (client.at >= replica_.at()) {
      client.past.reset();
      return false;
    }
    if (!has_room(client, now)) return false;
    auto record = client.past->next();
    if (!record) {
      gap(client, record.error().text());
      return false;
    }
    if (!record.value()) return false;
    step_past(client, *record.value());
    if (client.gone) return false;
  }
  return true;
}

// A client that does not keep up with the past reads on when it has taken what is pending; one that
// takes nothing at all is not waited for.
bool Streams::has_room(Client& client, MonoTime now) {
  if (client.reply->pending_bytes() + client.piece.size() <= limits_.pending_bytes_max / 2) {
    client.stalled_since.reset();
    return true;
  }
  if (!client.stalled_since) client.stalled_since = now;
  if (now - *client.stalled_since > limits_.stall_max) gap(client, "this client reads nothing");
  return false;
}

void Streams::step_past(Client& client, const journal::Record& record) {
  client.at = record.sequence;
  const auto event = event_of(record);
  if (!event) return;
  if (const auto* started = std::get_if<machine::Started>(&*event)) {
    client.clock.on_started(record.incarnation, *started, record.instant);
  }
  text_of_ = {};
  if ((client.types & bit_of(record.type)) != 0) send(client, record, *event, client.clock);
}

void Streams::send(Client& client, const journal::Record& record, const machine::Event& event,
                   const MonoClock& clock) {
  if (text_of_ != record.sequence) {
    std::array<char, kEventBytesMax> buffer;
    control::Writer out(buffer);
    out.text("id: ")
        .number(record.sequence.value)
        .text("\nevent: ")
        .text(machine::event_name(record.type));
    out.text("\ndata: ");
    write_event(out, record, event, replica_.state(), clock.at(record.incarnation, record.instant));
    out.text("\n\n");
    LEVI_CHECK(!out.overflowed());  // a record's body has at most 4096 bytes, most of them no text
    text_ = out.view();
    text_of_ = record.sequence;
  }
  write(client, text_);
}

void Streams::write(Client& client, std::string_view text) {
  if (client.gone) return;
  client.piece += text;
  if (client.piece.size() >= kPieceBytes) hand_over(client);
}

void Streams::hand_over() {
  for (Client& client : clients_) hand_over(client);
}

void Streams::hand_over(Client& client) {
  if (client.gone) return;
  if (!fits(client)) return gap(client, "this client reads more slowly than the core writes");
  if (!client.piece.empty() && !client.reply->write(client.piece)) client.gone = true;
  client.piece.clear();
  client.handed_over = client.at;
}

bool Streams::fits(const Client& client) const {
  return client.reply->pending_bytes() + client.piece.size() <= limits_.pending_bytes_max;
}

// What does not fit any more is dropped: the client is told where it stands.
void Streams::gap(Client& client, const std::string& why) {
  ++cut_off_;
  if (fits(client)) {
    (void)client.reply->write(client.piece);
    client.handed_over = client.at;
  }
  const Json data = {{"after", client.handed_over.value}, {"reason", why}};
  client.gone = true;
  client.past.reset();
  (void)client.reply->write("event: gap\ndata: " + data.dump() + "\n\n");
  client.reply->end_stream();
}

void Streams::keep_alive() {
  for (Client& client : clients_) {
    if (!client.gone) write(client, ": still here\n\n");
  }
  hand_over();
  sweep();
}

void Streams::end_all() {
  for (Client& client : clients_) {
    hand_over(client);
    if (!client.gone) client.reply->end_stream();
    client.gone = true;
  }
  sweep();
}

void Streams::sweep() {
  for (Client& client : clients_) {
    if (client.gone)
      client.reply->on_close([] {});  // the connection may outlive the client's place here
  }
  clients_.remove_if([](const Client& client) { return client.gone; });
}

}  // namespace levi::api
