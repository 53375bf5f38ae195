#include "tests/chaos/fake_target.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <csignal>
#include <future>

#include "core/base/check.h"
#include "core/base/json_fields.h"
#include "core/os/file.h"
#include "core/os/thread.h"
#include "tests/chaos/fake_state.h"

namespace levi::chaos {
namespace {

using fake::Json;

constexpr Nanos kOrderEvery = 1ms;
constexpr Nanos kFrameEvery = 20ms;
constexpr Nanos kReconnectAfter = 20ms;
constexpr Nanos kWatchdogAfter = 250ms;
constexpr Nanos kRestartAfter = 50ms;
constexpr int kFillEvery = 10;
constexpr std::size_t kOrdersKept = 20'000;

std::string sha256(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

os::Child start_sleeper() {
  os::SpawnOptions options;
  options.program = "/bin/sleep";
  options.arguments = {"1000000"};
  options.parent_death_signal = SIGKILL;  // of the fake's thread
  auto child = os::Child::spawn(options);
  LEVI_CHECK(child.has_value());
  return std::move(child).value();
}

void answer(const std::shared_ptr<os::HttpReply>& reply, const Json& json, int status = 200) {
  os::HttpResponse response;
  response.status = status;
  response.body = json.dump();
  reply->send(response);
}

std::int64_t number(const os::HttpRequest& request, const char* name, std::int64_t fallback) {
  const auto text = request.parameter(name);
  return text ? std::strtoll(text->c_str(), nullptr, 10) : fallback;
}

}  // namespace

namespace fake {

void Venue::record(Json entry) {
  entry["arrival"] = ledger.size() + 1;
  entry["mono_ns"] = os::mono_now().ns;
  ledger.push_back(std::move(entry));
}

std::int64_t Venue::open_connection(const char* kind) {
  const std::int64_t id = next_connection++;
  connections[id] = {{"connection", id}, {"kind", kind}, {"orders", 0}, {"frozen", false}};
  record({{"kind", "open"}, {"connection", id}});
  return id;
}

void Venue::end_connection(std::int64_t id) {
  if (connections.erase(id) > 0) record({{"kind", "end"}, {"connection", id}});
}

}  // namespace fake

struct FakeTarget::Impl {
  using Request = const os::HttpRequest&;
  using Reply = const std::shared_ptr<os::HttpReply>&;

  Broken broken;
  TargetSpec spec;
  os::Thread thread;
  std::promise<void> ready;
  os::Loop* running = nullptr;
  std::function<void(std::function<void()>)> post;

  // Everything below belongs to the loop's thread.
  std::unique_ptr<os::Loop> loop;
  std::unique_ptr<os::HttpServer> api;
  std::unique_ptr<os::HttpServer> control;
  std::unique_ptr<os::HttpServer> admin;
  std::optional<latch::Latch> latch;
  sqlite3* database = nullptr;
  fake::Core core;
  fake::Venue venue;

  // --- life ---

  void run() {
    loop = std::make_unique<os::Loop>();
    running = loop.get();
    make_folders();
    start_servers();
    start_core();
    for (const char* name : {"mm-btc", "mm-eth"}) {
      core.engines.push_back({name, std::nullopt, "stopped", 0});
    }
    for (std::size_t i = 0; i < core.engines.size(); ++i) start_engine(i);
    venue.order_connection = venue.open_connection("rest");
    connect_market();
    tick_orders();
    tick_frames();
    ready.set_value();
    loop->run();
    end_processes();
    admin.reset();
    control.reset();
    api.reset();
    sqlite3_close(database);
    (void)os::remove_tree(spec.runtime);
    (void)os::remove_tree(spec.data);
    loop.reset();
  }

  void make_folders() {
    const std::string name = "levi-fake-" + os::random_text(8);
    spec.runtime = "/dev/shm/" + name;
    spec.data = "/tmp/" + name;
    LEVI_CHECK(os::make_folders(spec.runtime) && os::make_folders(spec.data + "/audit"));
    auto made = latch::Latch::create(latch::latch_path(spec.runtime), {});
    LEVI_CHECK(made.has_value());
    latch.emplace(std::move(made).value());
    for (unsigned holder = 0; holder < latch::kHolderBits; ++holder) {
      if (latch->load().held_by(static_cast<latch::Holder>(holder))) {
        LEVI_CHECK(latch->release(static_cast<latch::Holder>(holder), 0).has_value());
      }
    }
    LEVI_CHECK(sqlite3_open((spec.data + "/levi.db").c_str(), &database) == SQLITE_OK);
    LEVI_CHECK(sqlite3_exec(database,
                            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; CREATE TABLE o (n)",
                            nullptr, nullptr, nullptr) == SQLITE_OK);
  }

  void start_servers() {
    const auto serve = [this](auto handler) {
      auto server = std::make_unique<os::HttpServer>(
          *loop, os::HttpLimits{},
          [this, handler](const os::HttpRequest& request,
                          const std::shared_ptr<os::HttpReply>& reply) {
            (this->*handler)(request, reply);
          });
      LEVI_CHECK(server->listen({"127.0.0.1", 0, ""}).has_value());
      return server;
    };
    api = serve(&Impl::on_api);
    control = serve(&Impl::on_api);
    admin = serve(&Impl::on_admin);
    spec.control_socket = spec.runtime + "/control.sock";
    LEVI_CHECK(control->listen({"", 0, spec.control_socket}).has_value());
    spec.name = "fake";
    spec.environment = "test";
    spec.api = "127.0.0.1:" + std::to_string(api->port());
    spec.control = "127.0.0.1:" + std::to_string(control->port());
    spec.exchange_admin = "127.0.0.1:" + std::to_string(admin->port());
  }

  void end_processes() {
    const auto end = [](std::optional<os::Child>& child) {
      if (!child) return;
      (void)child->kill(SIGKILL);
      (void)child->wait(Nanos{5s});
    };
    end(core.process);
    for (auto& engine : core.engines) end(engine.process);
  }

  // --- processes ---

  void start_core() {
    core.process.emplace(start_sleeper());
    const int pidfd = core.process->pidfd();
    loop->watch(pidfd, os::kReadable, [this, pidfd](std::uint32_t) {
      loop->unwatch(pidfd);
      (void)core.process->wait(Nanos{0});
      core.process.reset();
      on_core_death();
    });
  }

  // As a dead levid does: nobody listens, all connections end; the supervisor starts it again.
  void on_core_death() {
    const std::uint16_t port = api->port();
    api->close_all(true);
    api->stop_listening();
    core.subscribers.clear();
    venue.end_connection(venue.order_connection);
    venue.end_connection(venue.market_connection);
    core.market_up = false;
    fill("while dead", !broken.reconcile);
    loop->after(kRestartAfter, [this, port] {
      ++core.incarnation;
      LEVI_CHECK(api->listen({"127.0.0.1", port, ""}).has_value());
      start_core();
      event("started", {{"incarnation", core.incarnation}});
      venue.order_connection = venue.open_connection("rest");
      connect_market();
      event("reconcile-done", {{"unsettled", 0}});
    });
  }

  void start_engine(std::size_t id) {
    fake::Engine& engine = core.engines[id];
    engine.process.emplace(start_sleeper());
    engine.status = "running";
    event("engine-up",
          {{"engine", id}, {"engine_name", engine.name}, {"pid", engine.process->pid()}});
    const int pidfd = engine.process->pidfd();
    loop->watch(pidfd, os::kReadable, [this, pidfd, id](std::uint32_t) {
      loop->unwatch(pidfd);
      fake::Engine& dead = core.engines[id];
      (void)dead.process->wait(Nanos{0});
      dead.process.reset();
      dead.status = "failed";
      ++dead.restarts;
      event("engine-down", {{"engine", id}, {"engine_name", dead.name}});
      if (!broken.takeover) start_engine(id);
    });
  }

  // --- the feed ---

  void connect_market() {
    venue.market_connection = venue.open_connection("public");
    core.market_up = true;
    core.last_frame = os::mono_now();
    event("feed-up", {{"feed", "market"}, {"source", 0}});
  }

  void lose_market(const char* why) {
    venue.end_connection(venue.market_connection);
    core.market_up = false;
    event("feed-down", {{"feed", "market"}, {"source", 0}, {"why", why}});
    if (broken.reconnect) return;
    loop->after(kReconnectAfter, [this] {
      if (core.market_up) return;
      ++core.reconnects;
      connect_market();
    });
  }

  bool frozen() const {
    const auto found = venue.connections.find(venue.market_connection);
    return found != venue.connections.end() && boolean_at(found->second, "frozen");
  }

  void tick_frames() {
    const MonoTime now = os::mono_now();
    if (core.market_up && !frozen()) core.last_frame = now;
    if (core.market_up && now - core.last_frame > kWatchdogAfter && !broken.watchdog)
      lose_market("silent");
    expire_leases(now);
    loop->after(kFrameEvery, [this] { tick_frames(); });
  }

  void expire_leases(MonoTime now) {
    for (auto fault = venue.faults.begin(); fault != venue.faults.end();) {
      const bool over = integer_at(fault->second, "until") < now.ns;
      if (over) thaw();
      fault = over ? venue.faults.erase(fault) : std::next(fault);
    }
  }

  void thaw() {
    for (auto& [id, connection] : venue.connections) connection["frozen"] = false;
  }

  // --- orders ---

  void tick_orders() {
    if (!broken.no_flow && core.process) send_order();
    loop->after(kOrderEvery, [this] { tick_orders(); });
  }

  bool store_takes(std::uint64_t sequence) {
    const std::string sql = "INSERT INTO o VALUES (" + std::to_string(sequence) + ")";
    const bool taken = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
    if (taken == core.store_behind) {
      core.store_behind = !taken;
      event("store-state", {{"behind", core.store_behind}});
    }
    return taken;
  }

  void send_order() {
    const bool stored = store_takes(core.sequence + 1);
    if (broken.async_store && !stored) return;
    const bool passed = latch->begin_send(core.sequence + 1);
    if (!passed && !broken.latch_check) return;
    const std::uint64_t sequence = ++core.sequence;
    const std::string client =
        format_client_order_id(
            {OrderKind::kNormal, fake::kInstance, Incarnation{core.incarnation}, {sequence}})
            .str();
    if (!venue.connections.contains(venue.order_connection))
      venue.order_connection = venue.open_connection("rest");
    Json& connection = venue.connections[venue.order_connection];
    connection["orders"] = integer_at(connection, "orders") + 1;
    venue.record({{"kind", "order"},
                  {"connection", venue.order_connection},
                  {"client_id", client},
                  {"status", "accepted"},
                  {"price", "100.00"},
                  {"quantity", "1.0"}});
    if (passed) latch->end_send(sequence, true);
    core.orders.push_back({sequence, client, "filled"});
    if (core.orders.size() > kOrdersKept) core.orders.pop_front();
    if (sequence % kFillEvery == 0) fill("trade", true);
  }

  // A fill at the venue of the newest order, and, where it is `booked`, in the core.
  void fill(const char* what, bool booked) {
    if (core.orders.empty()) return;
    const fake::Order& order = core.orders.back();
    const std::string trade = std::string(what) + std::to_string(++core.trades);
    venue.record({{"kind", "fill"},
                  {"client_id", order.client_id},
                  {"trade_id", trade},
                  {"fill_price", "100.00"},
                  {"fill_quantity", "1.0"}});
    if (!booked) return;
    core.fills.push_back({{"number", core.fills.size() + 1},
                          {"sequence", order.sequence},
                          {"client_id", order.client_id},
                          {"trade_id", trade},
                          {"price", "100"},
                          {"quantity", "1"}});
  }

  // --- the core's event stream ---

  void event(const char* type, Json data) {
    core.events.push_back({{"sequence", core.events.size() + 1},
                           {"type", type},
                           {"mono_ns", os::mono_now().ns},
                           {"data", std::move(data)}});
    for (auto& subscriber : core.subscribers) write_event(subscriber, core.events.back());
  }

  static void write_event(fake::Subscriber& subscriber, const Json& json) {
    subscriber.reply->write("id: " + std::to_string(integer_at(json, "sequence")) + "\nevent: " +
                            text_at(json, "type") + "\ndata: " + json.dump() + "\n\n");
  }

  void subscribe(Request request, Reply reply) {
    reply->begin_stream("text/event-stream", 1 << 20);
    fake::Subscriber subscriber{reply};
    const std::string last(request.header("Last-Event-ID"));
    const std::size_t after = last.empty() ? core.events.size() : std::stoul(last);
    reply->write("event: hello\ndata: " +
                 Json{{"boot_id", os::boot_id()},
                      {"time_namespace", own_time_namespace()},
                      {"sequence", after}}
                     .dump() +
                 "\n\n");
    for (std::size_t i = after; i < core.events.size(); ++i)
      write_event(subscriber, core.events[i]);
    core.subscribers.push_back(std::move(subscriber));
  }

  static std::uint64_t own_time_namespace();

  // --- the core's API ---

  void audit(Request request) {
    if (broken.audit) return;
    const std::string body = "{\"n\":" + std::to_string(++core.audit_lines) + ",\"path\":\"" +
                             std::string(request.path()) + "\",\"previous\":\"" +
                             core.audit_previous + "\"";
    core.audit_previous = sha256(body + "}");
    const std::string path = spec.data + "/audit/2026-11-21.jsonl";
    std::string text = os::read_file(path) ? os::read_file(path).value() : std::string();
    (void)os::write_file_atomic(path, text + body + ",\"hash\":\"" + core.audit_previous + "\"}\n");
  }

  void on_api(Request request, Reply reply) {
    const std::string path(request.path());
    const bool changing = request.method != "GET";
    if (changing) audit(request);
    if (path == "/events") return subscribe(request, reply);
    if (path == "/health") return answer(reply, health());
    if (path == "/live/status") return answer(reply, live_status());
    if (path == "/engines") return answer(reply, engines());
    if (path.rfind("/engines/", 0) == 0) return start_by_request(path, reply);
    if (path == "/live/kill") return changing ? kill(request, reply) : answer(reply, kill_status());
    if (path == "/live/restore") return restore(reply);
    if (path == "/orders") return orders(request, reply);
    if (path == "/fills") return fills(request, reply);
    if (path == "/chaos/lease") return lease(request, reply);
    answer(reply, {{"title", "no such path"}}, 404);
  }

  Json health() const {
    Json json{{"status", core.store_behind ? "degraded" : "healthy"},
              {"name", "fake"},
              {"environment", broken.production ? "production" : "test"},
              {"boot_id", os::boot_id()},
              {"instance", fake::kInstance},
              {"components",
               {{"store",
                 {{"status", core.store_behind ? "degraded" : "healthy"}, {"detail", "locked"}}}}}};
    if (core.process) {
      json["pid"] = core.process->pid();
      json["start_ticks"] = core.process->identity().start_ticks;
    }
    return json;
  }

  Json live_status() const {
    const bool sealed = latch->load().sealed();
    return {{"sealed", sealed},
            {"holders", sealed ? Json::array({"chaos"}) : Json::array()},
            {"trading_state", sealed ? "HALTED" : "ACTIVE"},
            {"ws_status",
             {{"market", core.market_up ? "up" : "down"},
              {"private", "up"},
              {"reconnects", core.reconnects},
              {"last_frame_age_ms", (os::mono_now() - core.last_frame) / 1ms}}}};
  }

  Json engines() const {
    Json list = Json::array();
    int running = 0;
    for (std::size_t id = 0; id < core.engines.size(); ++id) {
      const fake::Engine& engine = core.engines[id];
      running += engine.status == "running" ? 1 : 0;
      Json json{{"id", id},
                {"name", engine.name},
                {"status", engine.status},
                {"restarts", engine.restarts}};
      if (engine.process) {
        json["pid"] = engine.process->pid();
        json["start_ticks"] = engine.process->identity().start_ticks;
      }
      list.push_back(std::move(json));
    }
    return {
        {"total", core.engines.size()}, {"running", running}, {"stopped", 0}, {"engines", list}};
  }

  void start_by_request(const std::string& path, Reply reply) {
    for (std::size_t id = 0; id < core.engines.size(); ++id) {
      if (path != "/engines/" + core.engines[id].name + "/start") continue;
      if (!core.engines[id].process && !broken.takeover) start_engine(id);
      return answer(reply, {{"ok", true}});
    }
    answer(reply, {{"title", "no such engine"}}, 404);
  }

  void kill(Request request, Reply reply) {
    const Json body = Json::parse(request.body, nullptr, false);
    const auto field = [&](const char* name) {
      return request.parameter(name) ? *request.parameter(name) : text_at(body, name);
    };
    const auto holder = latch::parse_holder(field("holder"));
    const auto sealed = latch->seal(holder.value_or(latch::Holder::kOperator), field("actor"),
                                    field("reason"), os::wall_now(), Nanos{200us});
    if (!broken.latch_check) venue.end_connection(venue.order_connection);
    event("latch-seen", {{"word", sealed.word.raw}});
    answer(reply, {{"ok", true},
                   {"sealed", true},
                   {"epoch", sealed.word.epoch()},
                   {"sequence", sealed.sequence}});
  }

  Json kill_status() const {
    Json holders = Json::array();
    if (latch->load().held_by(latch::Holder::kChaos)) {
      holders.push_back({{"holder", "chaos"}, {"actor", latch->slot(latch::Holder::kChaos).actor}});
    }
    return {
        {"sealed", latch->load().sealed()}, {"epoch", latch->load().epoch()}, {"holders", holders}};
  }

  void restore(Reply reply) {
    const auto released = latch->release(latch::Holder::kChaos, 0);
    if (!released) return answer(reply, {{"detail", released.error().message}}, 409);
    event("latch-seen", {{"word", released.value().raw}});
    answer(reply, {{"ok", true}});
  }

  void orders(Request request, Reply reply) {
    const auto after = static_cast<std::uint64_t>(number(request, "after", 0));
    const auto limit = static_cast<std::size_t>(number(request, "limit", 100));
    Json list = Json::array();
    for (const auto& order : core.orders) {
      if (order.sequence <= after || list.size() >= limit) continue;
      list.push_back(
          {{"sequence", order.sequence}, {"client_id", order.client_id}, {"state", order.state}});
    }
    answer(reply, {{"orders", list},
                   {"sequence_last", core.sequence},
                   {"oldest", core.orders.empty() ? 1 : core.orders.front().sequence}});
  }

  void fills(Request request, Reply reply) {
    const auto after = static_cast<std::size_t>(number(request, "after", 0));
    const auto limit = static_cast<std::size_t>(number(request, "limit", 100));
    Json list = Json::array();
    for (std::size_t i = after; i < core.fills.size() && list.size() < limit; ++i)
      list.push_back(core.fills[i]);
    answer(reply, {{"fills", list}, {"next", after + list.size()}, {"oldest", 1}});
  }

  void lease(Request request, Reply reply) {
    if (request.method == "DELETE") {
      if (core.lease && text_at(*core.lease, "run") == request.parameter("run").value_or(""))
        core.lease.reset();
      return answer(reply, {{"ok", true}});
    }
    if (request.method == "GET")
      return answer(reply, {{"lease", core.lease ? *core.lease : Json()}});
    const Json body = Json::parse(request.body, nullptr, false);
    if (core.lease && text_at(*core.lease, "run") != text_at(body, "run")) {
      return answer(reply, {{"detail", "run " + text_at(*core.lease, "run") + " holds the lease"}},
                    409);
    }
    core.lease = body;
    answer(reply, {{"ok", true}});
  }

  // --- the exchange's admin port ---

  void on_admin(Request request, Reply reply) {
    const std::string path(request.path());
    if (path == "/health") return answer(reply, {{"boot_id", os::boot_id()}});
    if (path == "/connections") {
      Json list = Json::array();
      for (const auto& [id, connection] : venue.connections) list.push_back(connection);
      return answer(reply, list);
    }
    if (path == "/ledger") return ledger(request, reply);
    if (path == "/ledger/summary") return answer(reply, {{"open_orders", 0}});
    if (path == "/ledger/rate") return rate(request, reply);
    if (path == "/faults" && request.method == "DELETE") {
      thaw();
      return answer(reply,
                    {{"reverted", venue.faults.erase(request.parameter("tag").value_or(""))}});
    }
    if (path == "/faults") {
      Json list = Json::array();
      for (const auto& [tag, fault] : venue.faults) list.push_back(fault);
      return answer(reply, {{"faults", list}});
    }
    if (path.rfind("/faults/", 0) == 0)
      return inject(path.substr(8), Json::parse(request.body, nullptr, false), reply);
    answer(reply, {{"error", "no such path"}}, 404);
  }

  void ledger(Request request, Reply reply) {
    const auto after = static_cast<std::size_t>(number(request, "after", 0));
    const auto limit = static_cast<std::size_t>(number(request, "limit", 1000));
    Json list = Json::array();
    for (std::size_t i = after; i < venue.ledger.size() && list.size() < limit; ++i)
      list.push_back(venue.ledger[i]);
    answer(reply, {{"entries", list},
                   {"last", venue.ledger.size()},
                   {"next", after + list.size()},
                   {"truncated_before", 1}});
  }

  void rate(Request request, Reply reply) {
    const MonoTime from = os::mono_now() - Nanos{number(request, "window_ms", 20) * 1'000'000};
    int orders = 0;
    for (auto entry = venue.ledger.rbegin(); entry != venue.ledger.rend(); ++entry) {
      if (integer_at(*entry, "mono_ns") < from.ns) break;
      orders += text_at(*entry, "kind") == "order" ? 1 : 0;
    }
    answer(reply, {{"orders", orders}});
  }

  void inject(const std::string& kind, const Json& body, Reply reply) {
    if (kind == "reset") {
      lose_market("reset");
    } else {
      venue.connections[venue.market_connection]["frozen"] = true;
      venue.faults[text_at(body, "tag")] = {
          {"tag", text_at(body, "tag")},
          {"kind", kind},
          {"active", true},
          {"until", (os::mono_now() + Nanos{integer_at(body, "lease_ms") * 1'000'000}).ns}};
    }
    answer(reply, {{"hit_count", 1}});
  }
};

}  // namespace levi::chaos

#include "chaos/experiment/event_stream.h"

namespace levi::chaos {

std::uint64_t FakeTarget::Impl::own_time_namespace() { return chaos::own_time_namespace(); }

FakeTarget::FakeTarget(Broken broken) : impl_(std::make_unique<Impl>()) {
  impl_->broken = broken;
  auto started = impl_->ready.get_future();
  impl_->thread = os::start_thread("fake-target", [this] { impl_->run(); });
  started.wait();
}

FakeTarget::~FakeTarget() {
  impl_->running->stop();
  impl_->thread.join();
}

const TargetSpec& FakeTarget::spec() const { return impl_->spec; }

void FakeTarget::lease_to(const std::string& run) {
  const Target target(impl_->spec);
  LEVI_CHECK(target.api("POST", "/chaos/lease", Json{{"run", run}}).has_value());
}

}  // namespace levi::chaos
