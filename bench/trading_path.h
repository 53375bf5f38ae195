// TradingPath: the parts of a trading thread on the way from a tick to an order, put together as
// levid does: journal, machine, engine hub (a real levi-engine), encoder, latch, order pool. The
// venue is a process that answers every request with an order id.
//
// Left out are the feed's decoding, and the cancels, which levid sends over other connections: a
// quoter that moves cancels first, and an order that waits for two sends of others is not what is
// measured. They are confirmed between two ticks.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <deque>

#include "bench/report.h"
#include "core/engine/hub.h"
#include "core/journal/journal.h"
#include "core/latch/latch.h"
#include "core/machine/machine.h"
#include "core/os/clock.h"
#include "core/os/loop.h"
#include "core/os/socket_calls.h"
#include "core/os/thread.h"
#include "core/venue/mexc/order_encoder.h"
#include "core/venue/order_pool.h"
#include "tests/support/forked.h"

namespace levi::bench {

// Answers whatever ends with an empty line; ends with its owner.
class AnsweringVenue {
 public:
  AnsweringVenue()
      : listener_(os::listen_on({"127.0.0.1", 0, {}}).value()),
        endpoint{"127.0.0.1", os::local_port(listener_.get()).value(), {}},
        child_([this] { return serve(); }) {}

 private:
  int serve() {
    std::vector<pollfd> all{{listener_.get(), POLLIN, 0}};
    for (unsigned orders = 0;;) {
      if (::poll(all.data(), all.size(), -1) < 0) return 1;
      if ((all[0].revents & POLLIN) != 0)
        all.push_back({os::accept_now(listener_.get()).fd.release(), POLLIN, 0});
      for (std::size_t i = 1; i < all.size(); ++i) {
        char buffer[4096];
        if ((all[i].revents & POLLIN) == 0) continue;
        const ssize_t size = ::recv(all[i].fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (size <= 0) continue;
        const std::string body = "{\"orderId\":\"C02__" + std::to_string(++orders) + "\"}";
        const std::string answer =
            "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        if (::send(all[i].fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return 1;
      }
    }
  }

  os::Fd listener_;

 public:
  const os::Endpoint endpoint;

 private:
  test::Forked child_;
};

class TradingPath {
 public:
  explicit TradingPath(bool spin);
  ~TradingPath() { hub_.reset(); }

  // The market moves by half a percent. How long until the first order that follows was sent.
  Nanos tick();

 private:
  void define();
  void apply(const machine::Event& event);
  void carry_out(const machine::Effect& effect);
  void send(const machine::SendOrder& order);
  void on_answer(const venue::OrderTicket& ticket);
  // Looks often: an engine that took in an update rings for nobody.
  void until(const std::function<bool()>& holds) {
    while (!holds()) loop_.run_once(kLook);
  }
  void settle();

  static constexpr Nanos kLook{200us};

  const test::TempFolder memory_{test::kTmpfs};
  const journal::Paths paths_{memory_ / "journal.ring", memory_ / "journal"};
  AnsweringVenue venue_;
  os::Loop loop_;
  latch::Latch latch_;
  journal::Writer writer_;
  machine::Machine machine_;
  mexc::Instrument instrument_;
  mexc::OrderEncoder encoder_;
  venue::OrderPool pool_;
  std::unique_ptr<engine::EngineHub> hub_;
  std::deque<machine::Event> pending_;
  std::vector<machine::CancelOrder> to_cancel_;
  std::deque<machine::Effect> engine_effects_waiting_;
  bool applying_ = false;
  bool up_ = false;
  std::uint64_t version_ = 0;
  unsigned outstanding_ = 0;
  Instant now_;
  MonoTime sent_at_;
};

}  // namespace levi::bench
