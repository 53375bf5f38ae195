// Toxic: decides what becomes of the bytes or messages of one direction of one connection.
//
// A toxic never sleeps, sends or blocks: it is asked about a chunk and answers with a Verdict; the
// chain (chain.h) carries the verdict out, on timers. So a toxic is a pure function of what it is
// asked, its attributes, its own few fields and a seeded source: tested without a socket, and the
// data path knows no particular toxic. One object per connection and direction, made when the toxic
// meets the connection, used from the loop's thread. Attributes and randomness come with each
// question, so that an update leaves the toxic's own state (bytes counted so far) where it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/instant.h"
#include "core/base/random.h"

namespace levi::proxy {

enum class Direction : std::uint8_t { kUpstream, kDownstream };  // client → server, server → client

// What a chunk is. Byte toxics see kBytes whatever flows; message toxics see units.
enum class Unit : std::uint8_t {
  kBytes,      // no message boundaries are known here: message toxics are not asked
  kRequest,    // HTTP/1.1: the first part is the whole head, then body as it comes
  kAnswer,     // HTTP/1.1 answer, 101 included
  kWsMessage,  // all data frames of one WebSocket message
  kWsControl,  // ping, pong, close
};

// What is known of a message, from its head.
struct Message {
  std::string method;    // of the request; for an answer: of the request that it answers
  std::string path;      // without the query
  int status = 0;        // of an answer
  bool upgrade = false;  // a WebSocket handshake
};

struct Chunk {
  std::string_view bytes;
  MonoTime at;  // when it came to this toxic
  Unit unit = Unit::kBytes;
  bool whole = false;                // the unit begins and ends in these bytes
  const Message* message = nullptr;  // of requests and answers
  Direction direction = Direction::kDownstream;
};

enum class Ending : std::uint8_t {
  kNone,
  kEndOfStream,  // half-close: this direction has no more bytes
  kClose,        // both directions end with FIN, behind what was passed
  kReset,        // RST to both sides
};

inline constexpr std::size_t kWholeChunk = SIZE_MAX;

struct Verdict {
  std::size_t bytes =
      kWholeChunk;  // what it is about, from the front; the rest is asked about again
  bool drop = false;
  MonoTime release = {};  // not before; kNever: until the toxic is changed or removed
  // The connection ends so, then. A later verdict that names an ending replaces it.
  Ending ending = Ending::kNone;
  MonoTime ending_at = {};
  // For whole messages only.
  int copies = 1;
  bool behind_next = false;      // changes places with the next message; `release` is the latest
  std::string replacement = {};  // sent instead; empty: as it came
  // For requests: dropped, and this answer given in its turn. The connection ends behind it where
  // `ending` says so.
  std::string answer = {};
};

struct Value {
  std::variant<std::int64_t, double, std::string> value;
};

// One attribute of a toxic: its JSON name, its type and what it is when not given.
struct Field {
  std::string_view name;
  Value standard = {std::int64_t{0}};
};

class Setting {
 public:
  Setting(std::span<const Field> fields, const std::vector<Value>& values, Random& random)
      : fields_(fields), values_(values), random_(random) {}

  std::int64_t integer(std::string_view name) const { return std::get<0>(find(name)); }
  double number(std::string_view name) const { return std::get<1>(find(name)); }
  const std::string& text(std::string_view name) const { return std::get<2>(find(name)); }
  // "delay" in ms; negative is 0, and a century is enough.
  Nanos milliseconds(std::string_view name) const { return clamped(integer(name)) * 1ms; }
  Nanos microseconds(std::string_view name) const { return clamped(integer(name)) * 1us; }
  // Milliseconds with jitter: value + U[-jitter, jitter).
  Nanos jittered(std::string_view name, std::string_view jitter) const {
    const std::int64_t spread = clamped(integer(jitter));
    std::int64_t ms = clamped(integer(name));
    if (spread > 0) {
      ms +=
          static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(2 * spread))) - spread;
    }
    return std::max<std::int64_t>(ms, 0) * 1ms;
  }
  bool happens(std::string_view probability) const {
    return random_.unit() < std::clamp(number(probability), 0.0, 1.0);
  }
  Random& random() const { return random_; }

 private:
  static std::int64_t clamped(std::int64_t value) {
    return std::clamp<std::int64_t>(value, 0, 3'155'760'000'000);
  }
  const std::variant<std::int64_t, double, std::string>& find(std::string_view name) const;

  std::span<const Field> fields_;
  const std::vector<Value>& values_;
  Random& random_;
};

// The toxic meets a connection, or its attributes changed.
struct Meeting {
  MonoTime now;
  Direction direction = Direction::kDownstream;
  bool live = false;       // bytes may have passed before
  bool websocket = false;  // it carries frames, and is between two messages
};

class Toxic {
 public:
  virtual ~Toxic() = default;
  virtual Verdict on_chunk(const Chunk& chunk, const Setting& setting) = 0;
  // The stream's end comes by. `bytes` and `drop` mean: it is held back for good.
  virtual Verdict on_end(MonoTime, const Setting&) { return {}; }
  // Only the ending of the verdict counts, and a `replacement`, which is sent at once.
  virtual Verdict on_start(const Meeting&, const Setting&) { return {}; }
  virtual Ending on_removed() { return Ending::kNone; }
};

enum class Layer : std::uint8_t { kBytes, kMessages };  // messages come first in every chain
enum class ActsOn : std::uint8_t { kAsTyped, kUpstream, kDownstream };

struct ToxicType {
  std::string_view name;
  std::string_view go_name;  // in the texts of decoding errors, which clients may show
  std::span<const Field> fields;
  std::unique_ptr<Toxic> (*make)();
  Layer layer = Layer::kBytes;
  ActsOn acts_on = ActsOn::kAsTyped;  // whatever stream the caller named
  // Loses or moves messages: not on a WebSocket whose compression carries state from one to the
  // next.
  bool needs_independent_messages = false;
  std::size_t held_bytes_max = 64 * 1024;  // read ahead of what may be sent
  // Refuses attributes that make no sense: the reason, or empty.
  std::string (*check)(const Setting&) = nullptr;
};

template <class T>
std::unique_ptr<Toxic> make_toxic() {
  return std::make_unique<T>();
}

std::span<const ToxicType* const> toxic_types();
const ToxicType* find_toxic_type(std::string_view name);  // nullptr: no such type

}  // namespace levi::proxy
