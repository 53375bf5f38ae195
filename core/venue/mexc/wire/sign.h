// MEXC request signing: lower-case hex HMAC-SHA256 over "total params", the query string
// immediately followed by the body.
//
// mexc_sign is for the occasional call. A Signer keys its context once and then signs without
// allocating: for the order path and for the exchange that checks it. One Signer belongs to one
// thread. It never hands the secret out.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace levi::mexc {

inline constexpr std::size_t kSignatureLength = 64;

using Signature = std::array<char, kSignatureLength>;

class Signer {
 public:
  // kUnsupported where this OpenSSL has no HMAC or SHA-256 (a provider that was configured away).
  static Result<Signer> create(std::string_view secret);
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

  Signature sign(std::string_view total_params) { return sign(total_params, {}); }
  // Signs `query` immediately followed by `body`, without joining them first.
  Signature sign(std::string_view query, std::string_view body) { return sign({query, body, {}}); }
  Signature sign(const std::array<std::string_view, 3>& pieces);

 private:
  struct Impl;
  explicit Signer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Aborts where the process has no SHA-256 at all: nothing could trade.
std::string mexc_sign(std::string_view secret, std::string_view total_params);

// Compares in a time that does not depend on where they differ. Hex of either case is accepted.
bool signature_equals(const Signature& expected, std::string_view given);

}  // namespace levi::mexc
