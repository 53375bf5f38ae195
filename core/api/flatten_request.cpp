#include "core/api/flatten_request.h"

#include <charconv>

#include "core/control/pairs.h"
#include "core/control/utf8.h"

namespace levi::api {
namespace {

using control::JsonObject;
using control::trimmed;

template <std::size_t N>
FixedString<N> cut(std::string_view text) {
  return FixedString<N>(control::utf8_cut(trimmed(text), N));
}

class Reading {
 public:
  explicit Reading(FlattenRequest& request) : request_(request) {}

  void take(std::string_view key, std::string_view value, JsonObject::Kind kind) {
    if (key == "symbol") {
      if (is_first(kSymbol, key)) take_symbol(value, kind);
    } else if (key == "epoch") {
      if (is_first(kEpoch, key)) take_epoch(value, kind);
    } else if (key == "reason") {
      if (is_first(kReason, key) && is_text(key, kind)) request_.reason = cut<127>(value);
    } else if (key == "actor") {
      if (is_first(kActor, key) && is_text(key, kind)) request_.actor = cut<31>(value);
    } else {
      refuse(std::string(key), "is not understood: flatten takes symbol, epoch, reason and actor");
    }
  }
  void refuse(const std::string& what, const std::string& why) {
    if (request_.wrong.empty()) request_.wrong = what + " " + why;
  }

 private:
  enum Bit : unsigned { kSymbol = 1, kEpoch = 2, kReason = 4, kActor = 8 };

  // Two symbols, or a symbol and null: nobody can know which one is meant.
  bool is_first(Bit bit, std::string_view key) {
    if ((seen_ & bit) != 0) refuse(std::string(key), "is given twice");
    const bool first = (seen_ & bit) == 0;
    seen_ |= bit;
    return first;
  }
  bool is_text(std::string_view key, JsonObject::Kind kind) {
    if (kind != JsonObject::Kind::kString) refuse(std::string(key), "must be text");
    return kind == JsonObject::Kind::kString;
  }
  // Empty text is what a script with an unset variable sends: it must not mean "all".
  void take_symbol(std::string_view value, JsonObject::Kind kind) {
    if (kind == JsonObject::Kind::kNull) return;
    if (kind != JsonObject::Kind::kString || trimmed(value).empty()) {
      return refuse("symbol", "must be text like BTCUSDT; null, or none at all, means every one");
    }
    request_.symbol = std::string(trimmed(value));
  }
  void take_epoch(std::string_view value, JsonObject::Kind kind) {
    const bool plain = kind == JsonObject::Kind::kString || kind == JsonObject::Kind::kNumber;
    const std::string_view text = trimmed(value);
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, request_.epoch);
    if (!plain || read.ec != std::errc{} || read.ptr != end) {
      refuse("epoch", "is no number: use the epoch that GET /live/kill shows");
    }
  }

  FlattenRequest& request_;
  unsigned seen_ = 0;
};

}  // namespace

FlattenRequest read_flatten_request(std::string_view query, std::string_view body) {
  FlattenRequest request;
  Reading reading(request);
  control::QueryPairs pairs(query);
  while (pairs.next()) reading.take(pairs.key(), pairs.value(), JsonObject::Kind::kString);
  if (trimmed(body).empty()) return request;
  JsonObject members(trimmed(body));
  while (members.next()) reading.take(members.key(), members.value(), members.kind());
  if (!members.whole()) {
    reading.refuse("the body", "is no well-formed JSON object (a form is not read here)");
  }
  return request;
}

}  // namespace levi::api
