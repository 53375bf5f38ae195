// The scratch CA: keys on P-256, certificates for a week (the CA for a year), all in memory.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>
#include <utility>

#include "chaos/proxy/tls.h"
#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::proxy {
namespace {

constexpr std::size_t kIssuedMax = 1000;
constexpr long kLeafSeconds = 7L * 24 * 3600;
constexpr long kAuthoritySeconds = 365L * 24 * 3600;
constexpr long kClockSlackSeconds = 3600;  // the client's clock may be a little behind
constexpr std::size_t kNameMax = 64;       // of a common name (RFC 5280)

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

TlsPtr<x509_st> blank(std::int64_t serial, const std::string& name, long seconds, EVP_PKEY* key) {
  TlsPtr<x509_st> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kClockSlackSeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), seconds);
  X509_set_pubkey(certificate.get(), key);
  const std::string common = name.substr(0, kNameMax);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
  return certificate;
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") ==
             std::string::npos;
}

}  // namespace

void TlsFree::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void TlsFree::operator()(x509_st* certificate) const { X509_free(certificate); }

Result<std::unique_ptr<ScratchAuthority>> ScratchAuthority::create(const std::string& ca_file) {
  std::unique_ptr<ScratchAuthority> made(new ScratchAuthority);
  made->ca_key_.reset(EVP_EC_gen("P-256"));
  made->leaf_key_.reset(EVP_EC_gen("P-256"));
  if (!made->ca_key_ || !made->leaf_key_) {
    return error(ErrorCode::kUnsupported, "tls: OpenSSL makes no P-256 keys here");
  }
  // A serial of its own for each process: clients refuse two certificates with one serial.
  made->serial_ = static_cast<std::int64_t>(os::random_seed() >> 2) & ~0xfffffLL;
  made->ca_ = blank(made->serial_, "levi-proxy scratch CA", kAuthoritySeconds, made->ca_key_.get());
  X509* const ca = made->ca_.get();
  X509_set_issuer_name(ca, X509_get_subject_name(ca));
  if (!add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE") ||
      !add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(ca, ca, NID_subject_key_identifier, "hash") ||
      X509_sign(ca, made->ca_key_.get(), EVP_sha256()) == 0) {
    return error(ErrorCode::kUnsupported, "tls: OpenSSL signs no certificate here");
  }
  BIO* const text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(text, ca);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text, &bytes);
  const std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(text);
  LEVI_TRY_STATUS(os::write_file_atomic(ca_file, pem));
  return made;
}

x509_st* ScratchAuthority::issue(const std::string& name) {
  if (const auto found = issued_.find(name); found != issued_.end()) return found->second.get();
  if (!is_plain_name(name)) return nullptr;
  if (issued_.size() >= kIssuedMax) issued_.clear();
  TlsPtr<x509_st> leaf = blank(++serial_, name, kLeafSeconds, leaf_key_.get());
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca_.get()));
  const bool address = name.find(':') != std::string::npos ||
                       name.find_first_not_of("0123456789.") == std::string::npos;
  const std::string names = (address ? "IP:" : "DNS:") + name;
  if (!add_extension(leaf.get(), ca_.get(), NID_subject_alt_name, names) ||
      !add_extension(leaf.get(), ca_.get(), NID_ext_key_usage, "serverAuth") ||
      !add_extension(leaf.get(), ca_.get(), NID_authority_key_identifier, "keyid") ||
      X509_sign(leaf.get(), ca_key_.get(), EVP_sha256()) == 0) {
    ERR_clear_error();
    return nullptr;
  }
  return issued_.emplace(name, std::move(leaf)).first->second.get();
}

}  // namespace levi::proxy
