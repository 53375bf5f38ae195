// TLS ended by the proxy and begun anew towards the upstream, so that message toxics work on `wss`
// and `https` too. A proxy without it passes TLS through untouched.
//
// The client's side shows a certificate that was given, or one that a scratch CA of this process
// issues for the name asked for (SNI). The CA's certificate is written out, for the client to
// trust; its key never leaves the process. HTTP/2 is not offered: message toxics read HTTP/1.1. On
// the loop's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "chaos/proxy/transport.h"
#include "core/base/result.h"

struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace levi::proxy {

// As a proxy's "tls" says it.
struct TlsSettings {
  bool terminate = false;
  std::string certificate = {};  // PEM files; empty: the scratch CA issues one
  std::string key = {};
  bool upstream_tls = true;      // false: towards the upstream it is plain
  std::string upstream_ca = {};  // PEM file; empty: the system's
  std::string server_name = {};  // what the upstream must be; empty: its host
  bool insecure = false;         // any certificate of the upstream will do

  friend bool operator==(const TlsSettings&, const TlsSettings&) = default;
};

struct TlsFree {
  void operator()(evp_pkey_st* key) const;
  void operator()(x509_st* certificate) const;
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* ssl) const;
};
template <class T>
using TlsPtr = std::unique_ptr<T, TlsFree>;

// Issues certificates that only those believe who were given `ca_file`.
class ScratchAuthority {
 public:
  static Result<std::unique_ptr<ScratchAuthority>> create(const std::string& ca_file);
  // A certificate for that name (or address), from now on; nullptr when OpenSSL refuses.
  x509_st* issue(const std::string& name);
  evp_pkey_st* key() const { return leaf_key_.get(); }

 private:
  ScratchAuthority() = default;
  TlsPtr<evp_pkey_st> ca_key_;
  TlsPtr<x509_st> ca_;
  TlsPtr<evp_pkey_st> leaf_key_;
  std::map<std::string, TlsPtr<x509_st>> issued_;
  std::int64_t serial_ = 1;
};

// What one proxy needs: a context for each side.
class TlsTerminator {
 public:
  // `authority` is null where every proxy brings its certificate. `host` names the upstream.
  static Result<std::unique_ptr<TlsTerminator>> create(const TlsSettings& settings,
                                                       const std::string& host,
                                                       ScratchAuthority* authority);
  std::unique_ptr<Transport> client_side(os::Fd fd);
  std::unique_ptr<Transport> upstream_side(os::Fd fd);

 private:
  TlsTerminator() = default;
  static int choose_certificate(ssl_st* ssl, void* terminator);

  TlsSettings settings_;
  std::string host_;
  ScratchAuthority* authority_ = nullptr;
  TlsPtr<ssl_ctx_st> server_;
  TlsPtr<ssl_ctx_st> client_;
};

}  // namespace levi::proxy
