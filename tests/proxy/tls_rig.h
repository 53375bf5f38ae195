// A TLS upstream with a scratch CA of its own, a proxy that ends TLS, and a client that believes
// it.
#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "tests/proxy/socket_rig.h"
#include "tests/support/temp_folder.h"

namespace levi::proxy {

// A TLS client or server that moves only while the loop is pumped.
class TlsPeer {
 public:
  TlsPeer(Peer peer, SSL_CTX* context, const char* server_name) : peer_(std::move(peer)) {
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, peer_.fd());
    if (server_name == nullptr) {
      SSL_set_accept_state(ssl_);
    } else {
      SSL_set_connect_state(ssl_);
      SSL_set_tlsext_host_name(ssl_, server_name);
      SSL_set1_host(ssl_, server_name);
    }
  }
  ~TlsPeer() { SSL_free(ssl_); }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  void write(const std::string& text) { unsent_ += text; }
  const std::string& turn() {
    ERR_clear_error();
    if (!unsent_.empty()) {
      const int sent = SSL_write(ssl_, unsent_.data(), static_cast<int>(unsent_.size()));
      if (sent > 0) unsent_.clear();
    }
    char bytes[4096];
    const int got = SSL_read(ssl_, bytes, sizeof bytes);
    if (got > 0) received_.append(bytes, static_cast<std::size_t>(got));
    const int why = SSL_get_error(ssl_, got);
    if (why == SSL_ERROR_ZERO_RETURN) ended_ = true;
    if (why == SSL_ERROR_SSL || why == SSL_ERROR_SYSCALL) failed_ = true;
    return received_;
  }
  void end_sending() { SSL_shutdown(ssl_); }
  bool ended() const { return ended_; }
  bool failed() const { return failed_; }

 private:
  Peer peer_;
  SSL* ssl_ = nullptr;
  std::string unsent_;
  std::string received_;
  bool ended_ = false;
  bool failed_ = false;
};

struct Contexts {
  TlsPtr<ssl_ctx_st> client{SSL_CTX_new(TLS_client_method())};
  TlsPtr<ssl_ctx_st> server{SSL_CTX_new(TLS_server_method())};
};

// An upstream that speaks TLS by a scratch CA of its own, and a proxy that trusts it.
struct TlsRig : SocketRig {
  test::TempFolder folder;
  std::unique_ptr<ScratchAuthority> upstream_authority;
  Contexts contexts;

  explicit TlsRig(const std::string& upstream_ca = "upstream.pem") {
    auto made = ScratchAuthority::create(folder / "upstream.pem");
    EXPECT_TRUE(made);
    upstream_authority = std::move(made).value();
    auto own = ScratchAuthority::create(folder / "proxy.pem");
    EXPECT_TRUE(own);
    server.runtime.authority = std::move(own).value();
    SSL_CTX_use_certificate(contexts.server.get(), upstream_authority->issue("feed.test"));
    SSL_CTX_use_PrivateKey(contexts.server.get(), upstream_authority->key());
    SSL_CTX_load_verify_file(contexts.client.get(), (folder / "proxy.pem").c_str());
    SSL_CTX_set_verify(contexts.client.get(), SSL_VERIFY_PEER, nullptr);
    const std::string tls =
        R"({"tls":{"mode":"terminate","server_name":"feed.test","upstream_ca":")" +
        (folder / upstream_ca) + R"("}})";
    call("POST", "/proxies/p", tls);
  }
  // given.pem and given.key: issued by the upstream's authority.
  void give_certificate(const std::string& name) {
    BIO* const certificate = BIO_new_file((folder / "given.pem").c_str(), "w");
    PEM_write_bio_X509(certificate, upstream_authority->issue(name));
    BIO_free(certificate);
    BIO* const key = BIO_new_file((folder / "given.key").c_str(), "w");
    PEM_write_bio_PrivateKey(key, upstream_authority->key(), nullptr, nullptr, 0, nullptr, nullptr);
    BIO_free(key);
  }
};

}  // namespace levi::proxy
