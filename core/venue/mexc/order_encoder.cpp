#include "core/venue/mexc/order_encoder.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/base/check.h"

namespace levi::mexc {
namespace {

constexpr std::string_view kRequestLine = "POST /api/v3/order?";
constexpr std::string_view kSignature = "&signature=";
// Request line, parameters (symbol, side, type, two numbers, client id, window, timestamp) and
// signature together.
constexpr std::size_t kVariableBytesMax = 512;

// Writes behind `position`. The bound is checked once, in `create`: the variable part has a known
// largest size.
struct Cursor {
  char* position;

  Cursor& operator<<(std::string_view text) {
    std::memcpy(position, text.data(), text.size());
    position += text.size();
    return *this;
  }
  void number(std::int64_t value) { position = std::to_chars(position, position + 24, value).ptr; }
  void decimal(std::int64_t value, int exponent) {
    position += format_decimal(value, exponent, position);
  }
};

std::string_view type_text(machine::OrderType type) {
  switch (type) {
    case machine::OrderType::kLimit:
      return "LIMIT";
    case machine::OrderType::kLimitMaker:
      return "LIMIT_MAKER";
    case machine::OrderType::kImmediateOrCancel:
      return "IMMEDIATE_OR_CANCEL";
    case machine::OrderType::kFillOrKill:
      return "FILL_OR_KILL";
    case machine::OrderType::kMarket:
      return "MARKET";
  }
  LEVI_UNREACHABLE();
}

// A market buy spends an amount of the quote asset; the price that it was decided at turns our
// quantity into one.
void write_amounts(Cursor& out, const machine::SendOrder& order,
                   const machine::InstrumentDefined& d) {
  const bool market = order.type == machine::OrderType::kMarket;
  if (market && order.side == Side::kBuy && order.price.value > 0) {
    const auto spend = notional(order.price, order.quantity, d.price_exponent, d.quantity_exponent);
    if (spend) {
      out << "&quoteOrderQty=";
      out.decimal(spend.value().value, kMoneyExponent);
      return;
    }
  }
  out << "&quantity=";
  out.decimal(order.quantity.value, d.quantity_exponent);
  if (market) return;
  out << "&price=";
  out.decimal(order.price.value, d.price_exponent);
}

bool fits_a_header(std::string_view text) {
  return !text.empty() && text.size() <= 256 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

Result<OrderEncoder> OrderEncoder::create(EncoderOptions options) {
  if (!fits_a_header(options.key)) {
    return error(ErrorCode::kInvalid,
                 "the API key is empty, too long or has characters that no header can carry",
                 "check the venue's key in the environment or its file");
  }
  if (!fits_a_header(options.host))
    return error(ErrorCode::kInvalid, "'" + options.host + "' is not a host name");
  LEVI_TRY(signer, Signer::create(options.secret));
  OrderEncoder encoder(std::move(signer));
  encoder.instance_ = options.instance;
  encoder.incarnation_ = options.incarnation;
  const auto window_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(options.recv_window).count();
  encoder.window_ = "&recvWindow=" + std::to_string(window_ms) + "&timestamp=";
  encoder.suffix_ = " HTTP/1.1\r\nHost: " + options.host + "\r\nX-MEXC-APIKEY: " + options.key +
                    "\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n";
  encoder.buffer_ = std::make_unique<std::array<char, kBufferBytes>>();
  LEVI_CHECK(kVariableBytesMax + encoder.suffix_.size() <= kBufferBytes);
  return encoder;
}

std::string_view OrderEncoder::encode(const machine::SendOrder& order, const Instrument& instrument,
                                      std::int64_t timestamp_ms) {
  char* const begin = buffer_->data();
  Cursor out{begin};
  out << kRequestLine;
  const char* const parameters = out.position;
  out << "symbol=" << instrument.definition.name.view()
      << (order.side == Side::kBuy ? "&side=BUY&type=" : "&side=SELL&type=")
      << type_text(order.type);
  write_amounts(out, order, instrument.definition);
  out << "&newClientOrderId="
      << format_client_order_id({order.kind, instance_, incarnation_, order.sequence}).view()
      << window_;
  out.number(timestamp_ms);
  const Signature signature = signer_.sign(
      std::string_view(parameters, static_cast<std::size_t>(out.position - parameters)));
  out << kSignature << std::string_view(signature.data(), signature.size());
  LEVI_CHECK(static_cast<std::size_t>(out.position - begin) <= kVariableBytesMax);
  out << suffix_;
  return {begin, static_cast<std::size_t>(out.position - begin)};
}

}  // namespace levi::mexc
