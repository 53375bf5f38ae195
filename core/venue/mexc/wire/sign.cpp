#include "core/venue/mexc/wire/sign.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <utility>

#include "core/base/check.h"

namespace levi::mexc {
namespace {

constexpr std::size_t kDigestBytes = 32;

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};
struct FreeContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

unsigned char bytes_of(char c) { return static_cast<unsigned char>(c); }

}  // namespace

struct Signer::Impl {
  std::unique_ptr<EVP_MAC_CTX, FreeContext> context;
};

Signer::Signer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer> Signer::create(std::string_view secret) {
  const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  auto impl = std::make_unique<Impl>();
  if (mac) impl->context.reset(EVP_MAC_CTX_new(mac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  // A null key would mean "keep the old one": an empty secret is passed as a pointer to nothing.
  const auto* key = reinterpret_cast<const unsigned char*>(secret.empty() ? "" : secret.data());
  if (!impl->context || EVP_MAC_init(impl->context.get(), key, secret.size(), parameters) != 1) {
    return error(ErrorCode::kUnsupported, "OpenSSL offers no HMAC-SHA256",
                 "check the providers in openssl.cnf");
  }
  return Signer(std::move(impl));
}

Signature Signer::sign(const std::array<std::string_view, 3>& pieces) {
  EVP_MAC_CTX* context = impl_->context.get();
  // Null key: starts over from the keyed pads, which are computed once.
  LEVI_CHECK(EVP_MAC_init(context, nullptr, 0, nullptr) == 1);
  for (const std::string_view piece : pieces) {
    if (piece.empty()) continue;
    LEVI_CHECK(EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(piece.data()),
                              piece.size()) == 1);
  }
  std::array<unsigned char, kDigestBytes> digest{};
  std::size_t size = 0;
  LEVI_CHECK(EVP_MAC_final(context, digest.data(), &size, digest.size()) == 1);
  LEVI_CHECK(size == kDigestBytes);
  Signature signature{};
  for (std::size_t i = 0; i < kDigestBytes; ++i) {
    signature[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    signature[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  return signature;
}

std::string mexc_sign(std::string_view secret, std::string_view total_params) {
  auto signer = Signer::create(secret);
  LEVI_CHECK(signer.has_value());
  const Signature signature = signer.value().sign(total_params);
  return std::string(signature.data(), signature.size());
}

bool signature_equals(const Signature& expected, std::string_view given) {
  if (given.size() != expected.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    // Bit 5 folds A-F onto a-f, and leaves the digits as they are.
    const unsigned folded =
        given[i] >= 'A' && given[i] <= 'F' ? bytes_of(given[i]) | 0x20u : bytes_of(given[i]);
    difference |= folded ^ bytes_of(expected[i]);
  }
  return difference == 0;
}

}  // namespace levi::mexc
