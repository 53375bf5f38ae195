// HttpParser: Boost.Beast's basic_parser with our own collector and our own strictness. The only
// file of core/os that includes Beast.
//
// Stricter than Beast, because two readers of one message must never disagree about where it ends
// (request smuggling): Transfer-Encoding is exactly "chunked", HTTP/1.1, once; Content-Length and
// Host come once. Beast's header limit counts what it holds at a time, so that a sender of one line
// at a time passes it: all header bytes are counted here too.
#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 with sanitizers takes boost::optional inside Beast for uninitialised; for the whole file,
// as templates come last.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <variant>

#include "core/base/check.h"
#include "core/os/http.h"
#include "core/os/http_text.h"

namespace levi::os {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using BeastError = beast::error_code;
using BeastText = beast::string_view;

constexpr std::size_t kBodyReserveMax = 64 * 1024;  // A claimed length alone must not take memory.

std::string_view view(BeastText text) { return {text.data(), text.size()}; }

template <bool kIsRequest>
class Collector final : public http::basic_parser<kIsRequest> {
 public:
  using Message = std::conditional_t<kIsRequest, HttpRequest, HttpResponse>;

  explicit Collector(const HttpLimits& limits) : header_bytes_left_(limits.header_bytes_max) {
    this->eager(true);
    this->body_limit(limits.body_bytes_max);
    this->header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(limits.header_bytes_max, std::numeric_limits<std::uint32_t>::max())));
    if constexpr (!kIsRequest) message.content_type.clear();
  }

  Message message;
  bool expects_continue = false;
  bool http_1_0 = false;

 private:
  void on_request_impl(http::verb, BeastText method, BeastText target, int version,
                       BeastError& why) override {
    if constexpr (kIsRequest) {
      message.method = view(method);
      message.target = view(target);
      http_1_0 = version == 10;
      count(method.size() + target.size(), why);
    }
  }

  void on_response_impl(int status, BeastText reason, int version, BeastError& why) override {
    if constexpr (!kIsRequest) {
      message.status = status;
      http_1_0 = version == 10;
      count(reason.size(), why);
    }
  }

  void on_field_impl(http::field field, BeastText name, BeastText value, BeastError& why) override {
    if (!count(name.size() + value.size() + 4, why)) return;
    if (in_body_) return;  // A trailer could otherwise pass for a header that was checked.
    if (field == http::field::transfer_encoding &&
        (http_1_0 || !equals_ignoring_case(view(value), "chunked"))) {
      why = http::error::bad_transfer_encoding;
    }
    if (field == http::field::content_length &&
        (length_seen_++ > 0 || value.find(',') != BeastText::npos)) {
      why = http::error::multiple_content_length;
    }
    if (kIsRequest && field == http::field::host && host_seen_++ > 0) why = http::error::bad_field;
    if (field == http::field::expect && equals_ignoring_case(view(value), "100-continue")) {
      expects_continue = !http_1_0;
    }
    if constexpr (!kIsRequest) {
      if (field == http::field::content_type) {
        message.content_type = view(value);
        return;
      }
    }
    message.headers.emplace_back(view(name), view(value));
  }

  void on_header_impl(BeastError&) override { in_body_ = true; }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, BeastError&) override {
    if (length) message.body.reserve(std::min<std::size_t>(*length, kBodyReserveMax));
  }

  std::size_t on_body_impl(BeastText body, BeastError&) override {
    message.body.append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, BeastText, BeastError&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, BeastText body, BeastError&) override {
    message.body.append(body.data(), body.size());
    return body.size();
  }

  void on_finish_impl(BeastError&) override {}

  bool count(std::size_t bytes, BeastError& why) {
    if (bytes > header_bytes_left_) {
      why = http::error::header_limit;
      return false;
    }
    header_bytes_left_ -= bytes;
    return true;
  }

  std::size_t header_bytes_left_;
  int length_seen_ = 0;
  int host_seen_ = 0;
  bool in_body_ = false;
};

int status_of(const BeastError& why) {
  if (why == http::error::header_limit) return 431;
  if (why == http::error::body_limit) return 413;
  return 400;
}

}  // namespace

struct HttpParser::Impl {
  Kind kind;
  HttpLimits limits;
  std::variant<std::monostate, Collector<true>, Collector<false>> collector;
  int error_status = 400;
  std::size_t withheld = 0;  // bytes that the last feed left with the caller

  Impl(Kind k, const HttpLimits& l) : kind(k), limits(l) { restart(); }

  void restart() {
    withheld = 0;
    if (kind == Kind::kRequest) {
      collector.emplace<Collector<true>>(limits);
    } else {
      collector.emplace<Collector<false>>(limits);
    }
  }

  // Calls `action` with the collector that is in use.
  template <class Action>
  auto with(Action action) {
    if (kind == Kind::kRequest) return action(std::get<Collector<true>>(collector));
    return action(std::get<Collector<false>>(collector));
  }

  Error failed(const BeastError& why) {
    error_status = status_of(why);
    return error(ErrorCode::kInvalid, "malformed or oversized HTTP: " + why.message());
  }
};

HttpParser::HttpParser(Kind kind, const HttpLimits& limits)
    : impl_(std::make_unique<Impl>(kind, limits)) {}
HttpParser::~HttpParser() = default;
HttpParser::HttpParser(HttpParser&&) noexcept = default;
HttpParser& HttpParser::operator=(HttpParser&&) noexcept = default;

Result<std::size_t> HttpParser::feed(std::string_view bytes) {
  LEVI_CHECK(!done());
  LEVI_CHECK(bytes.size() >= impl_->withheld);
  std::size_t skipped = 0;
  return impl_->with([&](auto& collector) -> Result<std::size_t> {
    // An empty line between requests is passed over (RFC 9112 §2.2).
    while (impl_->kind == Kind::kRequest && !collector.got_some() && bytes.starts_with("\r\n")) {
      bytes.remove_prefix(2);
      skipped += 2;
    }
    if (bytes.empty() || (!collector.got_some() && bytes == "\r")) {
      impl_->withheld = bytes.size();
      return skipped;
    }
    BeastError why;
    const std::size_t taken = collector.put(boost::asio::buffer(bytes.data(), bytes.size()), why);
    if (why && why != http::error::need_more) return impl_->failed(why);
    impl_->withheld = collector.is_done() ? 0 : bytes.size() - taken;
    // Only a head or a chunk's head is ever withheld, and neither may be longer than this.
    if (impl_->withheld > impl_->limits.header_bytes_max) {
      return impl_->failed(http::error::header_limit);
    }
    return skipped + taken;
  });
}

Status HttpParser::finish() {
  return impl_->with([&](auto& collector) -> Status {
    if (collector.is_done()) return ok();
    BeastError why = http::error::end_of_stream;
    if (collector.got_some()) collector.put_eof(why);
    if (why) return error(ErrorCode::kIo, "the connection closed in the middle of a message");
    return ok();
  });
}

bool HttpParser::done() const {
  return impl_->with([](auto& collector) { return collector.is_done(); });
}

bool HttpParser::started() const {
  return impl_->with([](auto& collector) { return collector.got_some(); });
}

bool HttpParser::headers_done() const {
  return impl_->with([](auto& collector) { return collector.is_header_done(); });
}

void HttpParser::expect_no_body() {
  impl_->with([](auto& collector) { collector.skip(true); });
}

bool HttpParser::keep_alive() const {
  return impl_->with([](auto& c) { return c.is_header_done() && c.keep_alive(); });
}

bool HttpParser::http_1_0() const {
  return impl_->with([](auto& collector) { return collector.http_1_0; });
}

bool HttpParser::expects_continue() const {
  return impl_->with([](auto& c) { return c.is_header_done() && c.expects_continue; });
}

int HttpParser::error_status() const { return impl_->error_status; }

HttpRequest HttpParser::take_request() {
  LEVI_CHECK(done());
  HttpRequest request = std::move(std::get<Collector<true>>(impl_->collector).message);
  impl_->restart();
  return request;
}

const HttpRequest& HttpParser::partial_request() const {
  return std::get<Collector<true>>(impl_->collector).message;
}

HttpResponse HttpParser::take_response() {
  LEVI_CHECK(done());
  HttpResponse response = std::move(std::get<Collector<false>>(impl_->collector).message);
  impl_->restart();
  return response;
}

}  // namespace levi::os
