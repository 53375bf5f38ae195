// Transport: one end of a connection as bytes: a plain socket, or TLS over one (tls.h).
//
// Owned by its connection, on the loop's thread; never blocks. The descriptor is the transport's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "core/os/fd.h"
#include "core/os/socket.h"
#include "core/os/socket_calls.h"

namespace levi::proxy {

class Transport {
 public:
  explicit Transport(os::Fd fd) : fd_(std::move(fd)) {}
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  virtual os::Moved receive(char* into, std::size_t size) = 0;
  virtual os::Moved send(const char* from, std::size_t size) = 0;
  virtual void end_sending() = 0;  // the peer sees the end; we still read
  // TLS: a read or a write waits for the socket to be writable.
  virtual bool wants_write() const { return false; }
  // And a write for it to be readable: waiting to be writable would spin.
  virtual bool write_waits_for_read() const { return false; }
  virtual bool begins_by_reading() const { return false; }  // it speaks first
  virtual std::string problem() const {
    return {};
  }  // why it failed, where more than a reset is known

  virtual bool is_plain() const { return false; }  // the socket's bytes are the connection's

  int fd() const { return fd_.get(); }
  os::Fd take() { return std::move(fd_); }

 private:
  os::Fd fd_;
};

class PlainTransport final : public Transport {
 public:
  using Transport::Transport;
  os::Moved receive(char* into, std::size_t size) override {
    return os::receive_some(fd(), into, size);
  }
  os::Moved send(const char* from, std::size_t size) override {
    return os::send_some(fd(), from, size);
  }
  void end_sending() override { os::end_sending(fd()); }
  bool is_plain() const override { return true; }
};

}  // namespace levi::proxy
