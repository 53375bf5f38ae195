#include "chaos/proxy/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

namespace levi::proxy {
namespace {

constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

std::string tls_problem() {
  const unsigned long code = ERR_get_error();
  if (code == 0) return "unknown";
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

Error tls_error(const std::string& what, const std::string& fix = {}) {
  return error(ErrorCode::kInvalid, what + ": " + tls_problem(), fix);
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(os::Fd fd, TlsPtr<ssl_st> ssl) : Transport(std::move(fd)), ssl_(std::move(ssl)) {
    SSL_set_fd(ssl_.get(), this->fd());
  }

  os::Moved receive(char* into, std::size_t size) override {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_read_ex(ssl_.get(), into, size, &bytes);
    return outcome(result, bytes, false);
  }
  os::Moved send(const char* from, std::size_t size) override {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_write_ex(ssl_.get(), from, size, &bytes);
    return outcome(result, bytes, true);
  }
  void end_sending() override {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get()) && !broken_) SSL_shutdown(ssl_.get());
    os::end_sending(fd());
  }
  bool wants_write() const override { return read_wants_write_; }
  bool write_waits_for_read() const override { return write_wants_read_; }
  bool begins_by_reading() const override { return true; }
  std::string problem() const override { return problem_; }

 private:
  os::Moved outcome(int result, std::size_t bytes, bool sending) {
    if (result == 1) {
      (sending ? write_wants_read_ : read_wants_write_) = false;
      return {.bytes = bytes};
    }
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        (sending ? write_wants_read_ : read_wants_write_) = sending;
        return {.again = true};
      case SSL_ERROR_WANT_WRITE:
        (sending ? write_wants_read_ : read_wants_write_) = !sending;
        return {.again = true};
      case SSL_ERROR_ZERO_RETURN:
        return sending ? os::Moved{.failed = true} : os::Moved{.closed = true};
      default:
        if (!broken_) explain();
        broken_ = true;
        return {.failed = true};
    }
  }

  // A certificate that is not believed, a protocol that is none: nobody finds that out from an RST.
  void explain() {
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict != X509_V_OK) {
      problem_ =
          std::string("its certificate is refused: ") + X509_verify_cert_error_string(verdict);
    } else if (ERR_peek_error() != 0) {
      problem_ = "TLS: " + tls_problem();
    }
  }

  TlsPtr<ssl_st> ssl_;
  bool read_wants_write_ = false;
  bool write_wants_read_ = false;
  bool broken_ = false;
  std::string problem_;
};

// The client's side offers what it likes; we take HTTP/1.1 where it is among that.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // A peer that ends without a goodbye has ended all the same: the proxy passes that on.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

Status configure_upstream(SSL_CTX* context, const TlsSettings& settings) {
  SSL_CTX_set_alpn_protos(context, kHttp11, sizeof kHttp11);
  if (settings.insecure) return ok();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const bool known = settings.upstream_ca.empty()
                         ? SSL_CTX_set_default_verify_paths(context) == 1
                         : SSL_CTX_load_verify_file(context, settings.upstream_ca.c_str()) == 1;
  if (known) return ok();
  return tls_error("tls: cannot read the certificates of upstream_ca " + settings.upstream_ca,
                   "give a PEM file");
}

}  // namespace

void TlsFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsFree::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Result<std::unique_ptr<TlsTerminator>> TlsTerminator::create(const TlsSettings& settings,
                                                             const std::string& host,
                                                             ScratchAuthority* authority) {
  // OpenSSL writes to its sockets with write(2): a peer that is gone must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::unique_ptr<TlsTerminator> made(new TlsTerminator);
  made->settings_ = settings;
  made->host_ = settings.server_name.empty() ? host : settings.server_name;
  made->authority_ = authority;
  made->server_.reset(SSL_CTX_new(TLS_server_method()));
  made->client_.reset(SSL_CTX_new(TLS_client_method()));
  if (!made->server_ || !made->client_) return tls_error("tls: cannot begin");
  configure(made->server_.get());
  configure(made->client_.get());
  LEVI_TRY_STATUS(configure_upstream(made->client_.get(), settings));
  SSL_CTX_set_alpn_select_cb(made->server_.get(), choose_protocol, nullptr);
  if (settings.certificate.empty()) {
    if (authority == nullptr) {
      return error(ErrorCode::kInvalid, "tls: no certificate is given and there is no scratch CA",
                   "give certificate and key, or start levi-proxy with -tls-ca FILE");
    }
    SSL_CTX_set_cert_cb(made->server_.get(), choose_certificate, made.get());
    return made;
  }
  if (SSL_CTX_use_certificate_chain_file(made->server_.get(), settings.certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(made->server_.get(), settings.key.c_str(), SSL_FILETYPE_PEM) !=
          1) {
    return tls_error("tls: cannot use certificate " + settings.certificate + " with key " +
                     settings.key);
  }
  return made;
}

int TlsTerminator::choose_certificate(ssl_st* ssl, void* terminator) {
  auto* const self = static_cast<TlsTerminator*>(terminator);
  const char* const asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  X509* const certificate = self->authority_->issue(asked != nullptr ? asked : self->host_);
  return certificate != nullptr && SSL_use_certificate(ssl, certificate) == 1 &&
                 SSL_use_PrivateKey(ssl, self->authority_->key()) == 1
             ? 1
             : 0;
}

std::unique_ptr<Transport> TlsTerminator::client_side(os::Fd fd) {
  TlsPtr<ssl_st> ssl(SSL_new(server_.get()));
  SSL_set_accept_state(ssl.get());
  return std::make_unique<TlsTransport>(std::move(fd), std::move(ssl));
}

std::unique_ptr<Transport> TlsTerminator::upstream_side(os::Fd fd) {
  if (!settings_.upstream_tls) return std::make_unique<PlainTransport>(std::move(fd));
  TlsPtr<ssl_st> ssl(SSL_new(client_.get()));
  SSL_set_connect_state(ssl.get());
  const bool address = host_.find(':') != std::string::npos ||
                       host_.find_first_not_of("0123456789.") == std::string::npos;
  if (address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host_.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), host_.c_str());
    SSL_set1_host(ssl.get(), host_.c_str());
  }
  return std::make_unique<TlsTransport>(std::move(fd), std::move(ssl));
}

}  // namespace levi::proxy
