// Stream: one connected non-blocking socket with its unread and unsent bytes, over a Loop. Internal
// to core/os: what stands under HttpServer, HttpClient and WebSocket.
//
// Used from the loop's thread. The owner keeps the stream; while it is watched the loop keeps the
// owner (`keep`). A failed write does not end the stream: what the peer sent before it went is
// still read first, and only then comes `on_end`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/os/byte_buffer.h"
#include "core/os/fd.h"
#include "core/os/loop.h"

namespace levi::os {

enum class StreamEnd { kEndOfFile, kReset, kError };

class StreamEvents {
 public:
  virtual ~StreamEvents() = default;
  virtual void on_data() = 0;              // the input grew
  virtual void on_drained() = 0;           // all output that had to wait is sent
  virtual void on_end(StreamEnd end) = 0;  // once, after the last on_data
};

class Stream {
 public:
  Stream(Loop& loop, Fd fd, StreamEvents& events);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void start(
      std::shared_ptr<void> keep);  // watches; `keep` is let go of by close, reset and freeze
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  ByteBuffer& input() { return input_; }
  void read_now();  // what the kernel has for us, without waiting for the loop to tell
  void pause_reading(
      bool paused);  // back-pressure; an end of the connection is noticed all the same

  std::string& output() { return output_; }  // append, then flush
  void flush();  // sends what the kernel takes; the rest waits for its turn
  std::size_t pending() const { return output_.size() - sent_; }

  // Neither reads nor writes nor notices the peer's end, until it is thawed.
  void freeze(bool frozen, std::shared_ptr<void> keep);
  bool frozen() const { return frozen_; }

  void end_output();  // shutdown(SHUT_WR): the peer sees the end, we still read
  void close();       // FIN (RST where bytes are unread)
  void reset();       // RST, queued bytes discarded

 private:
  void watch(std::shared_ptr<void> keep);
  void unwatch_and(bool with_reset);
  void update_interest();
  void on_ready(std::uint32_t ready);
  bool read_some();  // false when nothing more is there for now, or it ended

  Loop& loop_;
  Fd fd_;
  StreamEvents& events_;
  ByteBuffer input_;
  std::string output_;
  std::size_t sent_ = 0;  // of output_
  bool watched_ = false;
  bool paused_ = false;
  bool frozen_ = false;
  bool write_failed_ = false;
  bool ended_ = false;
  bool reset_seen_ = false;
};

}  // namespace levi::os
