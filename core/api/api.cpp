#include "core/api/api.h"

#include <algorithm>

#include "core/control/kill.h"
#include "core/control/origin.h"
#include "core/control/request.h"
#include "core/os/clock.h"
#include "core/os/process.h"

namespace levi::api {
namespace {

constexpr std::size_t kRecordsPerLook = 4096;        // then the loop serves requests again
constexpr std::size_t kRecordsPerCatchUp = 100'000;  // before an answer: a few ms at most
constexpr Nanos kKeepAliveEvery = 15s;

// True where `path` fits the pattern; `subject` gets what stands for "{}", decoded.
bool fits(std::string_view pattern, std::string_view path, std::string& subject) {
  const std::size_t hole = pattern.find("{}");
  if (hole == std::string_view::npos) return pattern == path;
  const std::string_view tail = pattern.substr(hole + 2);
  if (path.size() <= hole + tail.size() || path.substr(0, hole) != pattern.substr(0, hole) ||
      !path.ends_with(tail)) {
    return false;
  }
  const std::string_view held = path.substr(hole, path.size() - hole - tail.size());
  if (held.find('/') != std::string_view::npos) return false;
  subject = os::percent_decode(held);
  return true;
}

const char* path_of(machine::CommandKind kind) {
  switch (kind) {
    case machine::CommandKind::kResume:
      return "/live/restore";
    case machine::CommandKind::kFlatten:
      return "/live/flatten";
    case machine::CommandKind::kEngineStart:
      return "/engines/start";
    case machine::CommandKind::kEngineStop:
      return "/engines/stop";
    case machine::CommandKind::kEngineRestart:
      return "/engines/restart";
    default:
      return "/";
  }
}

}  // namespace

Api::Api(os::Loop& loop, ApiOptions options, journal::RingHandle ring, ApiPorts ports,
         Replica replica)
    : loop_(loop),
      options_(std::move(options)),
      ports_(std::move(ports)),
      replica_(std::move(replica)),
      scribe_(audit_folder(options_.data_folder), ports_.control_audit, audit_ring_, ports_.status),
      commands_(loop, ports_.commands, options_.answer_max,
                [this](const machine::Command* command, const control::CommandAnswer& answer) {
                  audit_late(command, answer);
                }),
      lease_(loop, ports_.status,
             [this](const machine::ChaosMark& mark) { return commands_.tell(mark); }),
      ring_(std::move(ring)),
      streams_({options_.streams_max, options_.stream_pending_bytes_max, options_.stream_stall_max},
               options_.facts, options_.journal, ring_, replica_),
      store_(options_.store_path),
      waker_(loop, [this] { wake(); }) {
  ports_.commands.wake_http_ = [this] { waker_.wake(); };
  audit_ring_.wake_producer_ = [this] { waker_.wake(); };
}

void Api::begin() {
  scribe_.start();
  replica_.remember_fills(options_.journal, ring_);
  lease_.adopt(state().chaos);
  look();
}

void Api::end() {
  loop_.cancel(look_timer_);
  streams_.end_all();
  for (const Opening& opening : openings_) loop_.cancel(opening.timer);
  openings_.clear();
}

void Api::wake() {
  commands_.take_answers();
  check_openings();
}

void Api::look() {
  const bool caught_up = replica_.advance(
      kRecordsPerLook, [this](const journal::Record& record, const machine::Event& event) {
        streams_.on_record(record, event);
      });
  const MonoTime now = os::mono_now();
  const bool past = streams_.advance_past(now);
  if (now >= keep_alive_at_) {
    keep_alive_at_ = now + kKeepAliveEvery;
    streams_.keep_alive();
  }
  look_timer_ = loop_.after(caught_up && !past ? options_.look_every : 0ns, [this] { look(); });
}

void Api::catch_up() {
  replica_.advance(kRecordsPerCatchUp,
                   [this](const journal::Record& record, const machine::Event& event) {
                     streams_.on_record(record, event);
                   });
  streams_.hand_over();
}

Instant Api::instant_now() const {
  const Incarnation mine{options_.facts.incarnation};
  const auto newest = const_cast<Replica&>(replica_).clock().at(mine, replica_.instant());
  if (!newest) return replica_.instant();
  return std::max(replica_.instant(), replica_.instant() + (os::mono_now() - *newest));
}

// /proc tells it while the process lives; it is asked once per process.
std::uint64_t Api::engine_start_ticks(const machine::Engine& engine) {
  if (engine.state != machine::EngineState::kRunning || engine.pid <= 0) return 0;
  const std::size_t id = engine.definition.engine.value;
  if (id >= processes_.size()) processes_.resize(id + 1);
  KnownProcess& known = processes_[id];
  if (known.pid != engine.pid || known.start_ticks == 0) {
    const auto identity = os::identify(engine.pid);
    known = {engine.pid, identity ? identity.value().start_ticks : 0};
  }
  return known.start_ticks;
}

void Api::handle(os::HttpRequest request, std::shared_ptr<os::HttpReply> reply) {
  ++requests_;
  const auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->reply = std::move(reply);
  call->begun = os::mono_now();
  route(call);
}

void Api::route(const CallPtr& call) {
  const os::HttpRequest& request = call->request;
  if (control::wants_kill(request.method + " " + request.target, nullptr)) {
    const auto stop = control::read_stop_request(request.query(), request.body, true);
    return stop.says_off ? open(call, live::restore) : kill(call, stop);
  }
  std::string_view path = request.path();
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const bool head = request.method == "HEAD";  // the server leaves the body out
  std::string allowed;
  for (const Route& row : routes()) {
    if (!fits(row.path, path, call->subject)) continue;
    if (row.method == (head ? std::string_view("GET") : std::string_view(request.method))) {
      return row.opens ? open(call, row.handler) : row.handler(*this, call);
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(row.method);
  }
  if (path == "/live/kill" || path == "/admin/kill") allowed += ", POST";
  if (!allowed.empty()) return call->method_not_allowed(allowed);
  call->problem(404,
                "there is no " + std::string(request.path()) + " here; GET / lists what there is");
}

void Api::open(const CallPtr& call, void (*handler)(Api& api, const CallPtr& call)) {
  const os::HttpRequest& request = call->request;
  if (!control::is_from_elsewhere(request.header("host"), request.header("origin"))) {
    return handler(*this, call);
  }
  call->problem(403, control::kFromElsewhere);
  audit(*call);
}

void Api::kill(const CallPtr& call, const control::StopRequest& request) {
  const control::KillOutcome outcome = control::kill_now(
      ports_.latch, request, os::wall_now(), options_.drain_max, ports_.abort_order_sockets);
  std::array<char, 4096> buffer;
  control::Writer out(buffer);
  control::write_kill(out, outcome, request);
  call->answer(200, std::string(out.view()));
  ports_.status.kills.fetch_add(1, std::memory_order_relaxed);
  ports_.status.kill_latency_ns.store((os::mono_now() - call->begun).count(),
                                      std::memory_order_relaxed);
  if (ports_.commands.wake_trading_) ports_.commands.wake_trading_();
  call->actor = request.actor;
  call->reason = request.reason;
  audit(*call);
}

std::optional<os::HttpResponse> Api::handle_broken(const os::HttpRequest& begun,
                                                   std::string_view rest, const std::string& peer) {
  // The head is either parsed, or it is all still there.
  const std::string head =
      begun.method.empty() ? std::string(rest) : begun.method + " " + begun.target;
  std::string_view query;
  if (!control::wants_kill(head, &query) || control::query_says_off(query)) return std::nullopt;
  const auto begun_at = os::mono_now();
  const auto request = control::read_stop_request(query, begun.body, false);
  const control::KillOutcome outcome = control::kill_now(
      ports_.latch, request, os::wall_now(), options_.drain_max, ports_.abort_order_sockets);
  std::array<char, 4096> buffer;
  control::Writer out(buffer);
  control::write_kill(out, outcome, request);
  ports_.status.kills.fetch_add(1, std::memory_order_relaxed);
  if (ports_.commands.wake_trading_) ports_.commands.wake_trading_();
  Call call;
  call.begun = begun_at;
  call.request.method = "POST";
  call.request.target = "/live/kill?" + std::string(query);
  call.actor = request.actor;
  call.reason = request.reason;
  call.status = 200;
  control::AuditEntry entry = entry_of(call, 200);
  entry.peer = peer;
  (void)audit_ring_.push(entry);
  os::HttpResponse response;
  response.body = out.view();
  return response;
}

control::AuditEntry Api::entry_of(const Call& call, int status) const {
  control::AuditEntry entry;
  entry.wall = os::wall_now();
  entry.duration_ns = (os::mono_now() - call.begun).count();
  entry.status = static_cast<std::uint16_t>(status);
  entry.actor = call.actor.empty() ? FixedString<31>("unknown") : call.actor;
  if (call.reply) entry.peer = call.reply->peer();
  entry.method = std::string_view(call.request.method);
  entry.path = call.request.path();
  entry.query = control::query_for_audit(call.request.query());
  entry.reason = call.reason;
  return entry;
}

void Api::audit(const Call& call) {
  (void)audit_ring_.push(entry_of(call, call.status));
  audit_ring_.hurry();  // the answer has gone
}

// Nobody waits for it any more, but it happened: the chain shall have it.
void Api::audit_late(const machine::Command* command, const control::CommandAnswer& answer) {
  control::AuditEntry late;
  late.wall = os::wall_now();
  late.status = static_cast<std::uint16_t>(control::http_status(answer.code));
  late.actor = "trading";
  late.method = "LATE";
  late.path = command == nullptr ? "/" : path_of(command->kind);
  late.reason = answer.text;
  (void)audit_ring_.push(late);
  audit_ring_.hurry();
}

void Api::after_audit(const CallPtr& call, std::function<void()> act) {
  const bool able = ports_.status.audit_ok.load(std::memory_order_acquire);
  const std::uint64_t ticket = able ? audit_ring_.push(entry_of(*call, 102)) : 0;
  if (ticket == 0) {
    const auto head = scribe_.head();
    call->problem(503, "the audit chain can't be written, and nothing is opened without a trace: " +
                           (head ? head->trouble.str() : std::string()));
    return audit(*call);
  }
  const auto timer = loop_.after(options_.answer_max, [this, ticket] {
    const auto late = std::find_if(openings_.begin(), openings_.end(),
                                   [&](const Opening& o) { return o.ticket == ticket; });
    const CallPtr waiting = late->call;
    openings_.erase(late);
    waiting->problem(503, "the audit chain did not take the line in time: nothing was done");
    audit(*waiting);
  });
  openings_.push_back({call, std::move(act), ticket, timer});
  audit_ring_.hurry();
}

void Api::check_openings() {
  while (!openings_.empty() && audit_ring_.durable(openings_.front().ticket)) {
    const Opening opening = std::move(openings_.front());
    openings_.erase(openings_.begin());
    loop_.cancel(opening.timer);
    opening.act();
  }
}

void events(Api& api, const CallPtr& call) {
  api.catch_up();
  api.streams().open(call);
}

}  // namespace levi::api
