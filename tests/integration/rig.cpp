#include "tests/integration/rig.h"

#include <unistd.h>

#include <cstdlib>

#include "core/base/check.h"
#include "core/base/decimal.h"
#include "core/base/ids.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/http.h"
#include "core/os/loop.h"
#include "core/os/socket.h"
#include "core/os/unused_port.h"
#include "levictl/paths.h"

namespace levi::test {
namespace {

constexpr Nanos kLookAgain{5'000'000};
constexpr std::uint64_t kPage = 2000;  // about 700 KB: the client takes at most 1 MiB

std::string new_stage_name() {
  static int count = 0;
  return "test" + std::to_string(getpid()) + "n" + std::to_string(++count);
}

}  // namespace

bool eventually(const std::function<bool()>& is_so, Nanos patience) {
  const MonoTime deadline = os::mono_now() + patience;
  os::Loop pause;
  while (!is_so()) {
    if (os::mono_now() > deadline) return false;
    pause.run_until(os::mono_now() + kLookAgain);
  }
  return true;
}

Answer ask(const std::string& method, const std::string& url, const std::string& body,
           Nanos timeout) {
  os::HttpHeaders headers;
  if (!body.empty()) headers.push_back({"Content-Type", "application/json"});
  const auto answer = os::http_call(method, url, body, timeout, headers);
  if (!answer) return {0, Json(), answer.error().text()};
  Json parsed = Json::parse(answer.value().body, nullptr, false);
  if (parsed.is_discarded()) parsed = Json();
  return {answer.value().status, std::move(parsed), answer.value().body};
}

std::string read_all(const std::string& path) {
  auto text = os::read_file(path);
  return text ? std::move(text).value() : std::string();
}

std::uint16_t free_port() {
  const auto port = os::unused_port();
  LEVI_CHECK(port.has_value());
  return port.value();
}

Program::Program(const std::string& name, std::vector<std::string> arguments,
                 const std::string& log,
                 std::vector<std::pair<std::string, std::string>> environment)
    : log_(log) {
  auto pipe = os::make_pipe();
  LEVI_CHECK(pipe.has_value());
  os::SpawnOptions options;
  options.program = cli::binary_folder() + "/" + name;
  options.arguments = std::move(arguments);
  options.arguments.insert(options.arguments.end(), {"--ready-fd", "3"});
  options.descriptors = {{pipe.value().second.get(), 3}};
  options.environment_add = std::move(environment);
  options.stdout_path = options.stderr_path = log;
  options.parent_death_signal = 9;
  auto child = os::Child::spawn(options);
  LEVI_CHECK(child.has_value());
  child_ = std::move(child).value();
  ready_ = std::move(pipe.value().first);
}

Program::~Program() {
  if (!child_) return;
  static_cast<void>(child_->kill(9));
  static_cast<void>(child_->wait(kPatience));
}

bool Program::wait_ready() {
  os::Loop loop;
  bool ready = false;
  loop.watch(ready_.get(), os::kReadable, [&](std::uint32_t) {
    char buffer[1024];
    ready = ::read(ready_.get(), buffer, sizeof buffer) > 0;
    loop.stop();
  });
  loop.run_until(loop.now() + kPatience);
  loop.unwatch(ready_.get());
  return ready;
}

Json Witness::summary(std::uint64_t after) const {
  return ask("GET", admin_ + "/ledger/summary?prefix=LV&after=" + std::to_string(after)).body;
}

std::uint64_t Witness::last_arrival() const {
  return ask("GET", admin_ + "/health").body.value("last_arrival", std::uint64_t{0});
}

std::uint64_t Witness::open_orders() const {
  return summary(last_arrival()).value("open_orders", UINT64_MAX);
}

std::uint64_t Witness::accepted_after(std::uint64_t arrival) const {
  const Json seen = summary(arrival);
  return seen.is_object() ? seen.value("accepted", std::uint64_t{0}) : 0;
}

bool Witness::orders_flow(std::uint64_t count) const {
  const std::uint64_t before = last_arrival();
  return eventually([&] { return accepted_after(before) >= count; });
}

bool Witness::market_moves(std::uint64_t events) const {
  const auto moved = [&] {
    return ask("GET", admin_ + "/flow").body.value("events", std::uint64_t{0});
  };
  const std::uint64_t before = moved();
  return eventually([&] { return moved() >= before + events; });
}

Answer Witness::inject(const std::string& fault, const std::string& query) const {
  return ask("POST", admin_ + "/faults/" + fault + "?" + query);
}

Answer Witness::revert(const std::string& tag) const {
  return ask("DELETE", admin_ + "/faults?tag=" + tag);
}

std::int64_t amount_e8(const Json& text) {
  const auto amount = parse_decimal(text.get<std::string>(), kMoneyExponent);
  LEVI_CHECK(amount.has_value());
  return amount.value();
}

void LedgerReader::read() {
  const std::uint64_t end = witness_.last_arrival();  // It grows while we read.
  do {
    const Json page = ask("GET", witness_.url() + "/ledger?after=" + std::to_string(next_) +
                                     "&kinds=order,fill&limit=" + std::to_string(kPage))
                          .body;
    ASSERT_TRUE(page.is_object());
    const Json& entries = page["entries"];
    for (const Json& entry : entries) take(entry);
    next_ = page["next"].get<std::uint64_t>();
    ASSERT_FALSE(entries.empty() && next_ < end);
  } while (next_ < end);
}

void LedgerReader::take(const Json& entry) {
  const std::string kind = entry["kind"].get<std::string>();
  if (kind == "order") return take_order(entry);
  if (kind != "fill") return;
  const std::string client = entry["client_id"].get<std::string>();
  const auto order = orders_.find(client);
  ASSERT_NE(order, orders_.end()) << "a fill of an order that never arrived: " << entry.dump();
  const std::int64_t quantity = amount_e8(entry["fill_quantity"]);
  order->second.filled_e8 += quantity;
  std::string side = entry["side"].get<std::string>();
  positions_[entry["symbol"].get<std::string>()] += side == "BUY" ? quantity : -quantity;
  ++fills_;
}

void LedgerReader::take_order(const Json& entry) {
  const std::string status = entry.value("status", "");
  if (status == "duplicate") ++duplicates_;
  if (status != "accepted") return;
  const std::string client = entry["client_id"].get<std::string>();
  const auto parts = parse_client_order_id(client);
  ASSERT_TRUE(parts.has_value()) << client;
  SeenOrder order;
  order.symbol = entry["symbol"].get<std::string>();
  order.sequence = parts->sequence.value;
  order.incarnation = parts->incarnation.value;
  order.flatten = parts->kind == OrderKind::kFlatten;
  order.arrival = entry["arrival"].get<std::uint64_t>();
  if (!order.flatten) highest_ = std::max(highest_, order.sequence);
  if (!orders_.emplace(client, order).second) ++duplicates_;
}

IntegrationTest::IntegrationTest() {
  setenv("XDG_STATE_HOME", home_.path().c_str(), 1);
  unsetenv("LEVICTL_TARGET");
  unsetenv("CI");  // levictl asks more there; the test of that sets it
  unsetenv("MEXC_USE_WS");
}

IntegrationTest::~IntegrationTest() {
  if (HasFailure() && up_) {
    std::fprintf(stderr, "%s\n", logs().c_str());
  }
  if (up_) stop();
  static_cast<void>(cli::clear_dead_stages());
}

void IntegrationTest::start(cli::StageOptions options) {
  options.name = new_stage_name();
  options.end_with_owner = true;
  auto stage = cli::start_stage(options);
  ASSERT_TRUE(stage) << stage.error().text();
  stage_ = std::move(stage).value();
  up_ = true;
}

void IntegrationTest::stop() {
  up_ = false;
  const Status down = cli::stop_stage(stage_);
  EXPECT_TRUE(down) << down.error().text();
}

cli::Stage IntegrationTest::current() const {
  auto stage = cli::read_stage(stage_.name);
  return stage ? std::move(stage).value() : stage_;
}

Answer IntegrationTest::api(const std::string& method, const std::string& path,
                            const std::string& body) {
  return ask(method, "http://" + stage_.api + path, body);
}

Answer IntegrationTest::control(const std::string& method, const std::string& path,
                                const std::string& body) {
  return ask(method, "http://" + stage_.control + path, body);
}

bool IntegrationTest::ready() {
  return eventually([&] { return control("GET", "/readyz").status == 200; });
}

Json IntegrationTest::component(const std::string& name) {
  const Json health = control("GET", "/health").body;
  return health.is_object() && health.contains("components") ? health["components"][name] : Json();
}

std::string IntegrationTest::logs() const {
  std::string text;
  for (const char* name : {"/supervisor.log", "/levid.log"}) {
    std::string log = read_all(stage_.folder + name);
    if (log.size() > 4000) log.erase(0, log.size() - 4000);
    text += std::string(name) + ":\n" + log;
  }
  return text;
}

}  // namespace levi::test
