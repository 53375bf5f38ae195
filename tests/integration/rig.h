// What the integration tests share: real processes, asked over real sockets, waited for by events.
//
// Every process is a child of the test (or of a supervisor that watches it), and goes with it. Each
// test has an XDG_STATE_HOME of its own, so that no stage of the user's is seen or touched.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"
#include "core/os/process.h"
#include "levictl/stage.h"
#include "levictl/stage_config.h"
#include "tests/support/temp_folder.h"

namespace levi::test {

using Json = nlohmann::json;

inline constexpr Nanos kPatience{30'000'000'000};  // of every wait: reaching it is a failure

// Looks again until it is so. False: the deadline passed.
bool eventually(const std::function<bool()>& is_so, Nanos patience = kPatience);

struct Answer {
  int status = 0;  // 0: nothing answered
  Json body;
  std::string text;  // as received, or why nothing was
};
Answer ask(const std::string& method, const std::string& url, const std::string& body = "",
           Nanos timeout = 5s);

std::string read_all(const std::string& path);  // "" where there is nothing
std::uint16_t free_port();

// A child of the test's: told to listen by --ready-fd, killed at the latest with this object.
class Program {
 public:
  Program() = default;
  Program(const std::string& name, std::vector<std::string> arguments, const std::string& log,
          std::vector<std::pair<std::string, std::string>> environment = {});
  Program(Program&&) = default;
  Program& operator=(Program&&) = default;
  ~Program();

  bool wait_ready();  // false: it ended before
  os::Child& child() { return *child_; }
  std::optional<os::ExitStatus> wait(Nanos patience = kPatience) { return child_->wait(patience); }
  std::string log() const { return read_all(log_); }
  bool runs() const { return child_ && os::is_alive(child_->identity()); }

 private:
  std::optional<os::Child> child_;
  os::Fd ready_;
  std::string log_;
};

// The exchange's admin API: the witness.
class Witness {
 public:
  explicit Witness(std::string admin) : admin_("http://" + std::move(admin)) {}
  Json summary(std::uint64_t after = 0) const;
  std::uint64_t last_arrival() const;
  std::uint64_t open_orders() const;
  // New orders of ours that the exchange took after this arrival.
  std::uint64_t accepted_after(std::uint64_t arrival) const;
  bool orders_flow(std::uint64_t count = 20) const;  // waits until so many more have arrived
  // Waits until the market itself has moved on by so many events: "long enough" without a clock.
  bool market_moves(std::uint64_t events) const;
  Answer inject(const std::string& fault, const std::string& query) const;
  Answer revert(const std::string& tag) const;
  const std::string& url() const { return admin_; }

 private:
  std::string admin_;
};

// One order as the exchange saw it.
struct SeenOrder {
  std::string symbol;
  std::uint64_t sequence = 0;
  std::uint64_t arrival = 0;
  std::uint32_t incarnation = 0;
  bool flatten = false;
  std::int64_t filled_e8 = 0;
};

// The ledger, read page by page as it grows: what arrived from us, and what came of it.
class LedgerReader {
 public:
  explicit LedgerReader(const Witness& witness) : witness_(witness) {}
  void read();                                                                // to its end
  const std::map<std::string, SeenOrder>& orders() const { return orders_; }  // by client id
  const std::map<std::string, std::int64_t>& positions_e8() const { return positions_; }
  std::uint64_t fills() const { return fills_; }
  std::uint64_t duplicates() const { return duplicates_; }
  std::uint64_t next() const { return next_; }
  std::uint64_t highest_sequence() const { return highest_; }

 private:
  void take(const Json& entry);
  void take_order(const Json& entry);
  const Witness& witness_;
  std::map<std::string, SeenOrder> orders_;
  std::map<std::string, std::int64_t> positions_;
  std::uint64_t fills_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t highest_ = 0;
};

std::int64_t amount_e8(const Json& text);

class IntegrationTest : public testing::Test {
 protected:
  IntegrationTest();
  ~IntegrationTest() override;

  // The stage's name is new for each. A failure is the test's.
  void start(cli::StageOptions options = {});
  void stop();
  cli::Stage current() const;  // as its file says now: levid may have been restarted
  Answer api(const std::string& method, const std::string& path, const std::string& body = "");
  Answer control(const std::string& method, const std::string& path, const std::string& body = "");
  Witness witness() const { return Witness(stage_.exchange_admin); }
  bool ready();  // waits for /readyz
  Json latch() { return control("GET", "/live/kill").body; }
  Json component(const std::string& name);
  std::string folder(const std::string& name) const { return home_ / name; }
  std::string logs() const;

  TempFolder home_;
  cli::Stage stage_;
  bool up_ = false;
};

}  // namespace levi::test
