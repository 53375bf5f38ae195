// Connection: a client's socket, the upstream's socket, and the link in each direction.
//
// Made by a proxy when it accepts, destroyed through Runtime::bury when it is over; on the loop's
// thread. Connecting upstream never waits: the client's bytes stay in its socket meanwhile. Holds
// no descriptor beyond the two sockets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "chaos/proxy/link.h"
#include "chaos/proxy/runtime.h"
#include "chaos/proxy/transport.h"

namespace levi::proxy {

class Connection;

// A peer that vanished without a word is noticed in the end. What a listener accepts inherits it.
void keep_alive(int fd);

enum class Finish { kComplete, kClosed, kReset, kRefused };

// What a connection needs of its proxy.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void on_bytes(Direction direction, bool sent, std::size_t bytes) = 0;
  virtual void on_connected(Connection& connection) = 0;  // afflict it now: nothing was read yet
  virtual void on_first_byte(const Connection& connection, Direction direction) = 0;
  virtual void on_delayed(const Connection& connection, Direction direction,
                          const ToxicEntry& toxic, Nanos asked, Nanos achieved) = 0;
  virtual void on_dropped(const Connection& connection, Direction direction,
                          const ToxicEntry& toxic, std::size_t bytes) = 0;
  virtual void on_finished(Connection& connection, Finish how, const std::string& why) = 0;  // last
  // The upstream's side of a fresh socket: TLS, where the proxy ends it.
  virtual std::unique_ptr<Transport> wrap_upstream(os::Fd fd) = 0;
};

class Connection final : public LinkEvents {
 public:
  // `greeting` goes to the client as it is, in the clear, once the upstream has answered: of a
  // CONNECT tunnel.
  Connection(Runtime& runtime, ConnectionOwner& owner, std::uint64_t ordinal,
             std::unique_ptr<Transport> client, std::string greeting = {});
  ~Connection() override;

  void connect(const std::string& upstream);
  // Ends it now; on_finished follows. What was queued for either side still goes out, unless reset.
  void finish(Finish how, const std::string& why);

  std::uint64_t ordinal() const { return ordinal_; }
  std::string client_name() const;  // "127.0.0.1:40512"
  bool linked() const { return linked_; }
  bool finished() const { return finished_; }
  bool broken() const { return broken_; }  // ended by what no peer meant, as a certificate refused
  std::uint64_t bytes(Direction direction) const { return bytes_[index(direction)]; }

  // Whether its compressor would break if messages were lost or moved in that direction.
  bool has_context_takeover(Direction direction) const { return exchange_.takeover(direction); }
  // Toxics come and go; call `settle` behind the last change.
  Link& link(Direction direction) { return links_[index(direction)]; }
  void settle();

 private:
  struct End {
    std::unique_ptr<Transport> transport;
    std::uint32_t interest = 0;
    bool watched = false;
    bool hung = false;  // the kernel said that the peer is gone for good
  };
  enum Side : std::size_t { kClient = 0, kServer = 1 };

  static std::size_t index(Direction d) { return d == Direction::kUpstream ? 0 : 1; }
  End& end_of(Side side) { return ends_[side]; }
  Link& from(Side side) { return links_[side]; }    // reads that side
  Link& to(Side side) { return links_[1 - side]; }  // writes it

  void start_connect(const os::Endpoint& endpoint);
  void on_connect_decided();
  void fail_connect(std::uint16_t port, const std::string& why);
  void start_links();
  void refuse(const std::string& why);
  void on_ready(Side side, std::uint32_t ready);
  void read_from(Side side);
  void update_interest(Side side);
  void watch(Side side, std::uint32_t interest);
  void unwatch(Side side);
  void arm_timer();
  void settle_messages();
  void check_over();
  void close_end(Side side, bool reset);

  void on_received(Direction direction, std::size_t bytes) override;
  void on_sent(Direction direction, std::size_t bytes) override;
  void on_end_passed(Direction direction) override;
  void on_sink_gone(Direction direction) override;
  void on_ending(Direction direction, Ending ending) override;
  void on_answer(const Message* request, std::string answer, bool close) override;
  bool refuses_upgrade() override;
  std::vector<std::string>& spare_buffers() override { return runtime_.spare; }
  KernelPipe& pipe() override { return runtime_.pipe; }
  void on_delayed(Direction direction, const ToxicEntry& toxic, Nanos asked,
                  Nanos achieved) override;
  void on_dropped(Direction direction, const ToxicEntry& toxic, std::size_t bytes) override;

  Runtime& runtime_;
  ConnectionOwner& owner_;
  const std::uint64_t ordinal_;
  std::string greeting_;
  End ends_[2];
  Exchange exchange_;
  Link links_[2];
  std::uint64_t bytes_[2] = {0, 0};
  std::uint64_t timer_ = 0;
  MonoTime timer_at_ = kNever;
  std::uint16_t upstream_port_ = 0;
  bool other_loopback_ = false;  // is still to be tried
  bool connecting_ = false;
  bool linked_ = false;
  bool over_ = false;  // finish as soon as the call that noticed it is through
  Finish over_how_ = Finish::kComplete;
  std::string over_why_;
  bool finished_ = false;
  bool broken_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for the resolver's late answers
};

}  // namespace levi::proxy
