// EventHub: what happens on one proxy, as server-sent events: a witness for whoever injects faults.
//
//   GET /proxies/{p}/events            every event of the proxy, from now on
// Each event has a number (SSE id), a name (SSE event) and one JSON object (data) that begins with
// "t_ns", CLOCK_MONOTONIC of this boot. The first is "hello" with the boot's id. A reader that
// falls kPendingMax behind is cut off: it sees the end of the stream, and a gap never looks like
// silence.
//
// Owned by its proxy, on the loop's thread. Costs one branch where nobody listens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/instant.h"
#include "core/os/http.h"

namespace levi::proxy {

class EventHub {
 public:
  static constexpr std::size_t kPendingMax = 1024 * 1024;
  static constexpr std::size_t kReadersMax = 16;

  bool listening() const { return !readers_.empty(); }
  // False where there are too many readers already.
  bool add(std::shared_ptr<os::HttpReply> reply, MonoTime now, std::string_view proxy);
  // `fields` is the inside of a JSON object, beginning with a comma: ",\"connection\":3".
  void emit(std::string_view name, MonoTime at, std::string_view fields);
  void end();  // the proxy goes: its readers see the end

 private:
  std::vector<std::shared_ptr<os::HttpReply>> readers_;
  std::uint64_t last_id_ = 0;
};

}  // namespace levi::proxy
