#include "chaos/experiment/event_stream.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "core/base/json_fields.h"
#include "core/os/clock.h"

namespace levi::chaos {

using reports::Undecided;

namespace {

constexpr Nanos kRetry = 20ms;
constexpr Nanos kPatience = 3s;  // for a connection to be greeted
constexpr std::size_t kHeadBytesMax = 16 * 1024;
constexpr std::size_t kEventsMax = 200'000;

std::uint64_t sequence_of(const SseEvent& event, const Json& data) {
  const std::int64_t named = integer_at(data, "sequence");
  if (named > 0) return static_cast<std::uint64_t>(named);
  return event.id.empty() ? 0 : std::strtoull(event.id.c_str(), nullptr, 10);
}

}  // namespace

std::uint64_t own_time_namespace() {
  struct stat info {};
  return ::stat("/proc/self/ns/time", &info) == 0 ? static_cast<std::uint64_t>(info.st_ino) : 0;
}

EventStream::EventStream(os::Loop& loop, os::Endpoint api, std::vector<std::string> types)
    : loop_(loop), api_(std::move(api)) {
  for (const auto& type : types) types_ += (types_.empty() ? "" : ",") + type;
  connect();
}

EventStream::~EventStream() {
  loop_.cancel(retry_);
  loop_.cancel(patience_);
  if (socket_) loop_.unwatch(socket_.get());
}

void EventStream::connect() {
  auto socket = os::connect_start(api_);
  if (!socket) return lost();
  socket_ = std::move(socket).value();
  sent_ = head_done_ = greeted_ = false;
  head_.clear();
  parser_ = SseParser();
  loop_.watch(socket_.get(), os::kWritable, [this](std::uint32_t ready) { on_ready(ready); });
  patience_ = loop_.after(kPatience, [this] {
    if (!greeted_) lost();
  });
}

void EventStream::on_ready(std::uint32_t ready) {
  if (sent_) return read_some();
  (void)ready;
  if (!os::connect_outcome(socket_.get())) return lost();
  // HTTP/1.0: the body then comes unchunked, until the connection ends.
  std::string request = "GET /events?types=" + types_ + " HTTP/1.0\r\nHost: " + api_.text() +
                        "\r\nAccept: text/event-stream\r\n";
  if (last_id_) request += "Last-Event-ID: " + std::to_string(*last_id_) + "\r\n";
  request += "\r\n";
  const ssize_t size = ::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (size != static_cast<ssize_t>(request.size())) return lost();
  sent_ = true;
  loop_.change(socket_.get(), os::kReadable);
}

void EventStream::read_some() {
  char buffer[64 * 1024];
  const ssize_t size = ::recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return lost();
  take(std::string_view(buffer, static_cast<std::size_t>(size)));
}

void EventStream::take(std::string_view bytes) {
  if (!head_done_) {
    head_ += bytes;
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (head_.size() > kHeadBytesMax) lost();
      return;
    }
    const std::string body = head_.substr(end + 4);
    head_.resize(end);
    if (head_.find(" 200") == std::string::npos) return lost();
    head_done_ = true;
    if (body.empty()) return;
    return take(body);
  }
  std::vector<SseEvent> events;
  if (!parser_.feed(bytes, events)) return missed("the event stream sent an endless event");
  for (const auto& event : events) {
    on_event(event);
    if (!socket_) return;  // a gap: what is behind it belongs to a stream that is given up
  }
}

void EventStream::on_event(const SseEvent& event) {
  Json data = Json::parse(event.data, nullptr, false);
  if (event.type == "hello") return on_hello(data);
  if (event.type == "gap") return missed("the event stream has a gap");
  CoreEvent seen{sequence_of(event, data), event.type, MonoTime{integer_at(data, "mono_ns")},
                 object_at(data, "data")};
  if (seen.sequence != 0) last_id_ = seen.sequence;
  if (events_.size() >= kEventsMax) {
    gap_ = {Undecided::kGap, "more events than can be kept"};
    events_.pop_front();
  }
  events_.push_back(std::move(seen));
}

void EventStream::on_hello(const Json& hello) {
  loop_.cancel(patience_);
  greeted_ = true;
  // Without an event so far, a resume begins where this greeting stood.
  if (!last_id_)
    last_id_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_at(hello, "sequence")));
  clock_fault_ = {};
  if (text_at(hello, "boot_id") != os::boot_id()) {
    clock_fault_ = {
        Undecided::kClock,
        "the target runs on another boot or machine: its clock can't be compared with ours"};
  } else if (static_cast<std::uint64_t>(integer_at(hello, "time_namespace")) !=
             own_time_namespace()) {
    clock_fault_ = {
        Undecided::kClock,
        "the target runs in another time namespace: its clock can't be compared with ours"};
  }
}

// The next connection begins where the core stands then.
void EventStream::missed(const char* what) {
  gap_ = {Undecided::kGap, what};
  last_id_.reset();
  lost();
}

void EventStream::lost() {
  loop_.cancel(patience_);
  loop_.cancel(retry_);
  if (socket_) {
    loop_.unwatch(socket_.get());
    socket_.reset();
  }
  greeted_ = false;
  retry_ = loop_.after(kRetry, [this] { connect(); });
}

}  // namespace levi::chaos
