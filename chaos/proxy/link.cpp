#include "chaos/proxy/link.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace levi::proxy {
namespace {

constexpr std::size_t kChunkBytesMax = 32 * 1024;   // what a toxic is asked about at a time
constexpr std::size_t kSpareMax = 64;               // buffers kept for whoever lags next
constexpr std::size_t kSpareBytesMax = 256 * 1024;  // of each
constexpr std::size_t kMovedBytesMax = 128 * 1024;  // at a time: the sink may take none of it
constexpr std::size_t kBulkBytesMin = 32 * 1024;    // less is received and sent as well
constexpr std::size_t kKeptPendingMax = 64 * 1024;  // a larger buffer is given back once it is sent

}  // namespace

void Link::attach(Transport& source, Transport& sink) {
  source_ = &source;
  sink_ = &sink;
}

bool Link::wants_read() const {
  if (source_ended_ || sink_gone_ || finished_ || ending_ != Ending::kNone) return false;
  if (chain_.empty()) return pending() == 0;
  return chain_.held_bytes() + pending() < chain_.held_bytes_max();
}

// Never so much that more would be held than may be.
std::size_t Link::room_for(std::size_t buffer) const {
  if (chain_.empty()) return buffer;
  const std::size_t left = chain_.held_bytes_max() - chain_.held_bytes() - pending();
  return std::min({buffer, kChunkBytesMax, left});
}

bool Link::read(std::span<char> buffer, MonoTime now) {
  if (!wants_read()) return false;
  if (in_bulk_ && may_move_whole()) return move_whole(now);
  const std::size_t room = room_for(buffer.size());
  const os::Moved moved = source_->receive(buffer.data(), room);
  in_bulk_ = moved.bytes == room;
  if (moved.bytes == 0) return on_nothing(moved, now);
  events_.on_received(direction_, moved.bytes);
  take({buffer.data(), moved.bytes}, now);
  return in_bulk_;
}

bool Link::on_nothing(const os::Moved& moved, MonoTime now) {
  if (moved.closed) end(Ending::kEndOfStream, now);
  if (moved.failed) end(Ending::kReset, now);
  return false;
}

// Bytes that neither a toxic nor the tracker wants to see.
bool Link::may_move_whole() const {
  return bare() && tracker_.opaque() && source_->is_plain() && sink_->is_plain() &&
         events_.pipe().usable();
}

bool Link::move_whole(MonoTime now) {
  std::string rest;
  const KernelPipe::Result result =
      events_.pipe().move(source_->fd(), sink_->fd(), kMovedBytesMax, rest);
  in_bulk_ = result.source.bytes >= kBulkBytesMin;
  if (result.source.bytes == 0) return on_nothing(result.source, now);
  events_.on_received(direction_, result.source.bytes);
  events_.on_sent(direction_, result.sent);
  if (result.sink_failed) {
    fail_sink();
  } else if (!rest.empty()) {
    pending_ = std::move(rest);
  }
  return in_bulk_;
}

void Link::take(std::string_view bytes, MonoTime now) {
  if (bare()) {
    deliver(bytes);
    tracker_.follow(bytes);
    return;
  }
  while (!bytes.empty() && (assembling_ || !waiting_.empty() || exchange_.has_local())) {
    take_messages(bytes, now);
  }
  if (bytes.empty()) return;
  tracker_.follow(bytes);
  chain_.push({.bytes = std::string(bytes), .at = now}, now);
}

// One span: what the front of the bytes belongs to.
void Link::take_messages(std::string_view& bytes, MonoTime now) {
  const Span span = tracker_.next(bytes);
  const std::string_view part = bytes.substr(0, span.size);
  if (assembling_) {
    assembler_.add(span, part, tracker_.message(),
                   [this, now](Item item) { on_unit(std::move(item), now); });
  } else {
    chain_.push({.bytes = std::string(part), .at = now}, now);
  }
  bytes.remove_prefix(span.size);
  if (!waiting_.empty() && tracker_.at_boundary()) begin_waiting(now);
  if (direction_ == Direction::kDownstream && exchange_.has_local()) give_local_answers(now);
}

void Link::on_unit(Item item, MonoTime now) {
  const bool upgraded = item.unit == Unit::kAnswer && item.begins && item.message &&
                        item.message->upgrade && item.message->status == 101;
  if (upgraded && events_.refuses_upgrade()) {
    item.bytes =
        "HTTP/1.1 409 Conflict\r\nContent-Type: text/plain\r\nConnection: close\r\n"
        "Content-Length: 142\r\n\r\n"
        "levi-proxy: this WebSocket compresses with context takeover, and a toxic that drops or "
        "moves messages would make it unreadable from there on.\n";
    chain_.push(std::move(item), now);
    chain_.push({.bytes = {}, .at = now, .ending = Ending::kClose}, now);
    return;
  }
  chain_.push(std::move(item), now);
}

void Link::give_local_answers(MonoTime now) {
  while (const auto answer = exchange_.take_local()) {
    chain_.push({.bytes = answer->bytes, .at = now}, now);
    if (answer->close) chain_.push({.bytes = {}, .at = now, .ending = Ending::kClose}, now);
  }
}

Meeting Link::meeting(MonoTime now, bool live) const {
  return {.now = now,
          .live = live,
          .websocket = exchange_.websocket() && tracker_.at_boundary() && !tracker_.opaque()};
}

void Link::add_toxic(const ToxicEntry& entry, std::uint64_t seed, MonoTime now, bool live) {
  if (entry.type->layer == Layer::kMessages && !tracker_.at_boundary()) {
    waiting_.push_back({&entry, seed, live});
  } else {
    chain_.add(entry, seed, meeting(now, live));
  }
}

void Link::begin_waiting(MonoTime now) {
  for (const Waiting& toxic : std::exchange(waiting_, {})) {
    // What stood between was the answer that opened a WebSocket which it would break.
    if (toxic.entry->type->needs_independent_messages && exchange_.takeover(direction_)) continue;
    chain_.add(*toxic.entry, toxic.seed, meeting(now, toxic.live));
  }
  assembling_ = assembling_ || chain_.wants_messages();
}

void Link::update_toxic(const ToxicEntry& entry, MonoTime now) {
  if (chain_.has(entry)) chain_.update(entry, meeting(now, true));
}

void Link::remove_toxic(const ToxicEntry& entry, MonoTime now) {
  std::erase_if(waiting_, [&](const Waiting& toxic) { return toxic.entry == &entry; });
  if (chain_.has(entry)) chain_.remove(entry, now);
}

bool Link::has_toxic(const ToxicEntry& entry) const {
  return chain_.has(entry) ||
         std::any_of(waiting_.begin(), waiting_.end(),
                     [&](const Waiting& toxic) { return toxic.entry == &entry; });
}

void Link::assemble(bool on, MonoTime now) {
  assembling_ = on;
  if (assembler_.held() > 0 && (!on || exchange_.opaque())) flush_assembler(now);
}

void Link::flush_assembler(MonoTime now) {
  assembler_.flush([this, now](Item item) { chain_.push(std::move(item), now); });
}

void Link::end(Ending ending, MonoTime now) {
  source_ended_ = true;
  if (assembler_.held() > 0) flush_assembler(now);
  chain_.push({.bytes = {}, .at = now, .ending = ending}, now);
}

void Link::deliver(std::string_view bytes) {
  if (sink_gone_ || finished_ || ending_ != Ending::kNone) return;
  if (pending() == 0) {
    const os::Moved moved = sink_->send(bytes.data(), bytes.size());
    if (moved.failed) {
      fail_sink();
      return;
    }
    events_.on_sent(direction_, moved.bytes);
    bytes.remove_prefix(moved.bytes);
  }
  if (bytes.empty()) return;
  std::vector<std::string>& spare = events_.spare_buffers();
  if (pending_.capacity() < bytes.size() && pending_.empty() && !spare.empty()) {
    pending_ = std::move(spare.back());
    spare.pop_back();
  }
  pending_ += bytes;
}

void Link::flush() {
  while (wants_write() && !finished_) {
    const os::Moved moved = sink_->send(pending_.data() + sent_, pending());
    if (moved.failed) {
      fail_sink();
      return;
    }
    if (moved.bytes == 0) break;
    events_.on_sent(direction_, moved.bytes);
    sent_ += moved.bytes;
  }
  if (pending() == 0) {
    release_pending();
    if (ending_ != Ending::kNone) pass_end();
  } else if (sent_ > kKeptPendingMax && sent_ > pending_.size() / 2) {
    pending_.erase(0, sent_);  // a writer that never lets it run dry would grow it for ever
    sent_ = 0;
  }
}

// A link that keeps up holds no memory: its buffer goes to the next one that lags.
void Link::release_pending() {
  pending_.clear();
  sent_ = 0;
  std::vector<std::string>& spare = events_.spare_buffers();
  if (pending_.capacity() <= sizeof(std::string)) return;
  if (spare.size() < kSpareMax && pending_.capacity() <= kSpareBytesMax) {
    spare.push_back(std::move(pending_));
  }
  pending_ = {};
}

void Link::conclude(Ending ending) {
  if (ending_ != Ending::kNone || finished_) return;
  ending_ = ending;
  if (pending() == 0 || sink_gone_) pass_end();
}

void Link::pass_end() {
  if (end_passed_ || finished_) return;
  end_passed_ = true;
  if (ending_ != Ending::kEndOfStream) {
    events_.on_ending(direction_, ending_);
    return;
  }
  if (!sink_gone_) sink_->end_sending();
  events_.on_end_passed(direction_);
}

void Link::fail_sink() {
  sink_gone_ = true;
  pending_.clear();
  sent_ = 0;
  events_.on_sink_gone(direction_);
}

void Link::on_item(Item item) {
  if (item.ending == Ending::kNone) {
    deliver(item.bytes);
  } else {
    conclude(item.ending);
  }
}

void Link::on_reset() {
  if (!finished_) events_.on_ending(direction_, Ending::kReset);
}

void Link::on_answer(const Message* request, std::string answer, bool close) {
  events_.on_answer(request, std::move(answer), close);
}

void Link::on_delayed(const ToxicEntry& toxic, Nanos asked, Nanos achieved) {
  events_.on_delayed(direction_, toxic, asked, achieved);
}

void Link::on_dropped(const ToxicEntry& toxic, std::size_t bytes) {
  events_.on_dropped(direction_, toxic, bytes);
}

}  // namespace levi::proxy
