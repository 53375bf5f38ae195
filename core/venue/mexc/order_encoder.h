// OrderEncoder: an order as the bytes of its HTTP request, signed. The hot path: no allocation, one
// buffer, reused.
//
// Everything that does not change from order to order is built once; the signature is computed with
// a keyed context (Signer). Belongs to one thread. The bytes hold the API key and are never logged.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/machine/effect.h"
#include "core/venue/mexc/instruments.h"
#include "core/venue/mexc/wire/sign.h"

namespace levi::mexc {

struct EncoderOptions {
  std::string host;  // of the Host header: "api.mexc.com" or "127.0.0.1:8734"
  std::string key;
  std::string secret;
  InstanceId instance;
  Incarnation incarnation;
  Nanos recv_window{2s};
};

class OrderEncoder {
 public:
  // kInvalid where the key or the host cannot stand in a header; kUnsupported without HMAC-SHA256.
  static Result<OrderEncoder> create(EncoderOptions options);

  // The whole request, valid until the next call. `timestamp_ms` is the venue's time, as we know
  // it: the venue refuses the order once its clock has passed timestamp + recvWindow, which is what
  // makes "not found" final (DESIGN §4).
  std::string_view encode(const machine::SendOrder& order, const Instrument& instrument,
                          std::int64_t timestamp_ms);

 private:
  explicit OrderEncoder(Signer signer) : signer_(std::move(signer)) {}

  static constexpr std::size_t kBufferBytes = 2048;
  Signer signer_;
  InstanceId instance_;
  Incarnation incarnation_;
  std::string window_;  // "&recvWindow=2000&timestamp="
  std::string suffix_;  // " HTTP/1.1\r\nHost: ..." to the end of the headers
  std::unique_ptr<std::array<char, kBufferBytes>> buffer_;
};

}  // namespace levi::mexc
