#include "core/control/stop_request.h"

#include <charconv>

#include "core/control/pairs.h"
#include "core/control/utf8.h"
#include "core/latch/latch.h"

namespace levi::control {
namespace {

struct Votes {  // what was said about `on`
  bool off = false;
  bool on = false;
};

bool is_off(std::string_view value) {
  const std::string_view text = trimmed(value);
  for (const std::string_view word : {"false", "0", "off", "no"}) {
    if (equal_ignoring_case(text, word)) return true;
  }
  return false;
}

// Printable and cut between characters: a reason goes into answers, slots and audit lines.
template <std::size_t N>
void keep_first(FixedString<N>& field, std::string_view value) {
  const std::string_view text = trimmed(value);
  if (field.empty() && !text.empty()) field = FixedString<N>(utf8_cut(text, N));
}

void read_epoch(StopRequest& request, std::string_view value) {
  const std::string_view text = trimmed(value);
  if (text.empty()) return;
  std::uint64_t epoch = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (problem != std::errc{} || end != text.data() + text.size()) {
    request.epoch_readable = false;
  } else if (request.epoch != 0 && request.epoch != epoch) {
    request.epoch_readable = false;  // two different ones
  } else {
    request.epoch = epoch;
  }
}

void read_holder(StopRequest& request, std::string_view value) {
  const std::string_view text = trimmed(value);
  if (text.empty() || request.holder_given) return;
  request.holder_given = true;
  const auto holder = latch::parse_holder(text);
  request.holder_known = holder.has_value();
  if (holder) request.holder = *holder;
}

void note_stray(StopRequest& request, std::string_view key) {
  if (request.stray.empty()) request.stray = FixedString<31>(key.empty() ? "(no name)" : key);
}

void take_pair(StopRequest& request, Votes& votes, std::string_view key, std::string_view value) {
  if (key == "on") {
    (is_off(value) ? votes.off : votes.on) = true;
  } else if (key == "reason") {
    keep_first(request.reason, value);
  } else if (key == "actor") {
    keep_first(request.actor, value);
  } else if (key == "holder") {
    read_holder(request, value);
  } else if (key == "epoch") {
    read_epoch(request, value);
  } else {
    note_stray(request, key);
  }
}

void read_pairs(StopRequest& request, Votes& votes, std::string_view text) {
  QueryPairs pairs(text);
  while (pairs.next()) take_pair(request, votes, pairs.key(), pairs.value());
}

std::string_view text_of(const JsonObject& member) {
  switch (member.kind()) {
    case JsonObject::Kind::kFalse:
      return "false";
    case JsonObject::Kind::kTrue:
      return "true";
    default:
      return member.value();
  }
}

// False where it is no JSON object from end to end.
bool read_json(StopRequest& request, Votes& votes, std::string_view body) {
  JsonObject members(body);
  while (members.next()) {
    take_pair(request, votes, members.key(), text_of(members));
    if (members.kind() == JsonObject::Kind::kNested) note_stray(request, members.key());
  }
  return members.whole();
}

void read_body(StopRequest& request, Votes& votes, std::string_view body) {
  const std::string_view text = trimmed(body);
  if (text.empty()) return;
  Votes said;
  if (text.front() == '{' || text.substr(0, 3) == "\xef\xbb\xbf") {
    request.body_readable = read_json(request, said, text) && request.body_readable;
  } else if (text.find('=') != std::string_view::npos) {
    read_pairs(request, said, text);
  } else {
    if (!request.reason.empty()) note_stray(request, "(the body)");
    keep_first(request.reason, text);  // curl -d 'the feed is mad'
  }
  votes.on = votes.on || said.on;
  votes.off = votes.off || (said.off && request.body_readable);
}

}  // namespace

StopRequest read_stop_request(std::string_view query, std::string_view body, bool body_whole) {
  StopRequest request;
  request.body_readable = body_whole;
  Votes votes;
  read_pairs(request, votes, query);
  read_body(request, votes, body);
  request.says_off = votes.off && !votes.on;
  return request;
}

bool query_says_off(std::string_view query) {
  StopRequest request;
  Votes votes;
  read_pairs(request, votes, query);
  return votes.off && !votes.on;
}

}  // namespace levi::control
