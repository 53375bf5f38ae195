#include "chaos/proxy/events.h"

#include <algorithm>
#include <utility>

#include "chaos/proxy/json_value.h"
#include "core/os/clock.h"

namespace levi::proxy {
namespace {

std::string event_text(std::uint64_t id, std::string_view name, MonoTime at,
                       std::string_view fields) {
  std::string text = "id: " + std::to_string(id) + "\nevent: ";
  text += name;
  text += "\ndata: {\"t_ns\":" + std::to_string(at.ns);
  text += fields;
  text += "}\n\n";
  return text;
}

}  // namespace

bool EventHub::add(std::shared_ptr<os::HttpReply> reply, MonoTime now, std::string_view proxy) {
  if (readers_.size() >= kReadersMax) return false;
  reply->begin_stream("text/event-stream", kPendingMax);
  std::string fields = ",\"boot_id\":\"" + os::boot_id() + "\",\"proxy\":";
  append_json_string(fields, proxy);
  reply->write(event_text(last_id_, "hello", now, fields));
  // By address: the reply holds the handler, and must not hold itself.
  reply->on_close([this, gone = reply.get()] {
    std::erase_if(readers_, [gone](const auto& reader) { return reader.get() == gone; });
  });
  readers_.push_back(std::move(reply));
  return true;
}

void EventHub::emit(std::string_view name, MonoTime at, std::string_view fields) {
  ++last_id_;
  if (readers_.empty()) return;
  const std::string text = event_text(last_id_, name, at, fields);
  // A reader that lags is cut by its connection, which then calls its close handler.
  for (const auto& reader : readers_) reader->write(text);
}

void EventHub::end() {
  const auto readers = std::move(readers_);
  readers_.clear();
  for (const auto& reader : readers) {
    reader->on_close([] {});
    reader->end_stream();
  }
}

}  // namespace levi::proxy
