// The control thread's server. Private to core/control: control.h is its face.
//
// server.cpp: life, loop, slots, deadlines. requests.cpp: what a request does and what it is
// answered.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "core/control/connection.h"
#include "core/control/control.h"
#include "core/control/kill.h"
#include "core/os/poller.h"
#include "core/os/queue.h"
#include "core/os/socket_calls.h"
#include "core/os/thread.h"

namespace levi::control {

struct ControlPorts {  // what the server works on; all outlive it
  latch::Latch& latch;
  SharedStatus& status;
  CommandPort& commands;
  AuditRing& audit;
  std::function<void()> abort_order_sockets;
};

class Server final : public ControlServer {
 public:
  Server(ControlOptions options, ControlPorts ports, os::Poller poller);
  ~Server() override;

  Status listen();
  void run_in_background();

  std::uint16_t tcp_port() const override { return tcp_port_; }
  void stop() override;
  std::optional<LogLine> next_log_line() override { return log_.pop(); }

 private:
  struct Listener {
    os::Fd fd;
    std::uint32_t first = 0;  // its slots
    std::uint32_t count = 0;
    std::uint64_t token = 0;
    MonoTime paused_until = kNever;
  };

  // Life and slots (server.cpp).
  void warm_up(const Listener& listener);
  void run();
  void round();
  void on_event(const epoll_event& event);
  void accept_waiting(Listener& listener);
  os::Accepted accept_without_descriptors(const Listener& listener);
  void pause(Listener& listener);
  void resume_if_due(Listener& listener);
  std::uint32_t oldest_slot(const Listener& listener) const;
  std::uint32_t slot_for_newcomer(const Listener& listener);
  void evict(std::uint32_t i);
  bool is_tcp(std::uint32_t i) const { return i >= tcp_.first; }
  void open_slot(std::uint32_t i, os::Fd fd);
  void close_slot(std::uint32_t i);
  void on_readable(std::uint32_t i);
  void on_stream_end(std::uint32_t i, bool failed);
  void drop_input(std::uint32_t i);
  bool flush(std::uint32_t i);  // false once the connection is gone
  void want(std::uint32_t i);
  void set_deadline(std::uint32_t i, MonoTime deadline);
  void expire();
  void on_deadline(std::uint32_t i);

  // Requests (requests.cpp).
  void serve(std::uint32_t i);
  void note_partial(std::uint32_t i, const ParseResult& result);
  void refuse(std::uint32_t i, const ParseResult& result);
  void give_up_request(
      std::uint32_t i);  // no more bytes will come: a kill that was begun is carried out
  bool kill_if_meant(std::uint32_t i, std::string_view body_so_far);
  void handle(std::uint32_t i, const Request& request);
  void handle_stop(std::uint32_t i, const Request& request, bool release_only);
  void show(std::uint32_t i, const Request& request);
  void end_request_wait(std::uint32_t i);
  void kill(std::uint32_t i, const StopRequest& request, std::string_view path,
            std::string_view query);
  void begin_release(std::uint32_t i, const StopRequest& request);
  void submit_release(std::uint32_t i);
  void overtake_release(std::uint32_t i);
  void finish_release(std::uint32_t i, int status, std::string_view text, latch::Word word);
  void take_answers();
  void on_answer(const CommandAnswer& answer);
  void check_tickets();
  void fill_entry(std::uint32_t i, const StopRequest& request, std::string_view path,
                  std::string_view query);
  void audit(std::uint32_t i, int status);
  Writer body(std::uint32_t i);
  struct AnswerForm {
    bool head_only = false;
    bool problem = false;
    std::string_view allow = {};
  };
  void answer(std::uint32_t i, int status, const Writer& body, AnswerForm form);
  void answer_problem(std::uint32_t i, int status, std::string_view detail,
                      std::string_view allow = {});
  void log(bool warning, std::string_view text);

  ControlOptions options_;
  ControlPorts ports_;
  os::Poller poller_;
  os::Signal wake_;
  Listener tcp_;
  Listener unix_;
  std::uint16_t tcp_port_ = 0;
  os::Fd spare_;  // given up for a moment when the process has no descriptor left
  std::vector<Connection> slots_;
  std::unique_ptr<ConnectionBuffers[]> buffers_;
  std::vector<ConnectionNotes> notes_;
  MonoTime now_;
  MonoTime next_deadline_ = kNever;  // no deadline lies before it
  std::uint64_t requests_ = 0;
  std::uint32_t open_ = 0;
  std::uint32_t awaiting_audit_ = 0;
  os::SpscQueue<LogLine> log_{256};
  std::atomic<bool> stopping_{false};
  os::Thread thread_;
};

}  // namespace levi::control
