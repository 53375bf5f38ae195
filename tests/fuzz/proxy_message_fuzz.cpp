// What finds messages in passing bytes: HTTP heads and bodies, WebSocket frames, ClientHellos.
//
// The first byte chooses the direction, whether a WebSocket is open, and how the bytes are cut.
// Claims: nothing crashes; at least one byte is taken each time; whatever the bytes and the cuts,
// what comes out is what went in; the assembler holds no more than it may.
#include <cstdint>
#include <string>
#include <string_view>

#include "chaos/proxy/forward.h"
#include "chaos/proxy/tracker.h"
#include "chaos/proxy/ws_frame.h"
#include "core/base/check.h"

namespace {

using namespace levi::proxy;  // NOLINT: a program of one file

std::string pass(std::string_view bytes, bool upstream, bool websocket, std::size_t step) {
  Exchange exchange;
  if (!upstream) {
    auto request = std::make_shared<Message>();
    request->method = "GET";
    request->upgrade = true;
    exchange.on_request(std::move(request));
  }
  if (websocket) exchange.begin_websocket(false, false);
  Tracker tracker(upstream ? Direction::kUpstream : Direction::kDownstream, exchange);
  Assembler assembler;
  // Control frames may overtake the message that they stand in: they are kept apart.
  std::string out[2];
  const auto take = [&](Item item) {
    if (item.unit == Unit::kWsMessage && item.begins && item.ends) {
      const WsPayload payload = first_payload(item.bytes);
      LEVI_CHECK(payload.at + payload.size <= item.bytes.size());
    }
    out[item.unit == Unit::kWsControl ? 1 : 0] += item.bytes;
  };
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string_view piece = bytes.substr(at, step);
    while (!piece.empty()) {
      const Span span = tracker.next(piece);
      LEVI_CHECK(span.size > 0 && span.size <= piece.size());
      assembler.add(span, piece.substr(0, span.size), tracker.message(), take);
      LEVI_CHECK(assembler.held() <= Assembler::kHeldMax + 128);
      piece.remove_prefix(span.size);
    }
  }
  assembler.flush(take);
  LEVI_CHECK(out[0].size() + out[1].size() == bytes.size());
  if (out[1].empty()) LEVI_CHECK(out[0] == bytes);
  return out[0] + '|' + out[1];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const unsigned choice = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  pass(bytes, (choice & 1) != 0, (choice & 2) != 0, 1 + (choice >> 2));
  pass(bytes, (choice & 1) != 0, (choice & 2) != 0, 1);
  (void)read_client_hello(bytes);
  return 0;
}
