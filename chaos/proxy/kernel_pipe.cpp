#include "chaos/proxy/kernel_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "core/base/check.h"
#include "core/os/process.h"

namespace levi::proxy {
namespace {

constexpr int kPipeBytes = 1024 * 1024;  // slots for many small packets, not for many bytes
constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

}  // namespace

KernelPipe::KernelPipe() {
  auto ends = os::make_pipe();
  if (!ends) return;
  out_ = std::move(ends.value().first);
  in_ = std::move(ends.value().second);
  (void)::fcntl(in_.get(), F_SETPIPE_SZ, kPipeBytes);  // smaller: it moves less at a time
  // Unlike send, splice knows no MSG_NOSIGNAL: a peer that is gone must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
}

KernelPipe::Result KernelPipe::move(int from, int to, std::size_t bytes_max, std::string& rest) {
  const ssize_t taken = ::splice(from, nullptr, in_.get(), nullptr, bytes_max, kFlags);
  if (taken < 0 && (errno == EINVAL || errno == ENOSYS)) {
    out_.reset();  // not of such sockets: the caller receives and sends from now on
    return {.source = {.again = true}};
  }
  Result result{.source = os::moved(taken, false)};
  while (result.sent < result.source.bytes) {
    const ssize_t sent =
        ::splice(out_.get(), nullptr, to, nullptr, result.source.bytes - result.sent, kFlags);
    if (sent <= 0) {
      result.sink_failed = sent < 0 && errno != EAGAIN && errno != EINTR;
      break;
    }
    result.sent += static_cast<std::size_t>(sent);
  }
  if (result.sent < result.source.bytes) take_rest(result.source.bytes - result.sent, rest);
  return result;
}

void KernelPipe::take_rest(std::size_t size, std::string& rest) {
  rest.resize(size);
  for (std::size_t got = 0; got < size;) {
    const ssize_t count = ::read(out_.get(), rest.data() + got, size - got);
    LEVI_CHECK(count > 0 || errno == EINTR);  // they are in there
    if (count > 0) got += static_cast<std::size_t>(count);
  }
}

}  // namespace levi::proxy
