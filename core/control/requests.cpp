// What a request to the control port does. The kill path, from `serve` to `answer`, allocates
// nothing and calls the system for the seal and one send.
#include <cstring>

#include "core/base/version.h"
#include "core/control/origin.h"
#include "core/control/pairs.h"
#include "core/control/server.h"
#include "core/os/clock.h"

namespace levi::control {
namespace {

enum class Route { kIndex, kKill, kRestore, kLiveStatus, kHealth, kHealthz, kReadyz };

struct RouteRow {
  std::string_view path;
  Route route;
  std::string_view allow;
};
constexpr std::array<RouteRow, 10> kRoutes{{
    {"/", Route::kIndex, "GET, HEAD"},
    {"/live/kill", Route::kKill, "GET, HEAD, POST"},
    {"/admin/kill", Route::kKill, "GET, HEAD, POST"},
    {"/live/restore", Route::kRestore, "POST"},
    {"/admin/unkill", Route::kRestore, "POST"},
    {"/live/status", Route::kLiveStatus, "GET, HEAD"},
    {"/health", Route::kHealth, "GET, HEAD"},
    {"/api/health", Route::kHealth, "GET, HEAD"},
    {"/healthz", Route::kHealthz, "GET, HEAD"},
    {"/readyz", Route::kReadyz, "GET, HEAD"},
}};

const RouteRow* find_route(std::string_view path) {
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  for (const RouteRow& row : kRoutes) {
    if (row.path == path) return &row;
  }
  return nullptr;
}

constexpr std::string_view kElsewhere =
    "control serves /live/kill, /live/restore, /live/status, /health, /healthz and /readyz; "
    "everything else is on the API port";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

void write_index(Writer& out) {
  out.text("{").key("service").quoted("levid control").key("version").quoted(kVersion);
  out.key("paths").text("[");
  for (const RouteRow& row : kRoutes) out.comma_unless_first().quoted(row.path);
  out.text("]}");
}

}  // namespace

void Server::serve(std::uint32_t i) {
  Connection& slot = slots_[i];
  const std::uint32_t generation = slot.generation;
  if (slot.serving) return;  // a release that ended at once: the loop below goes on
  // Answers go out in the order of the requests: the next one is looked at when the last answer has
  // left.
  while (slot.generation == generation && slot.waits == Waits::kRequest && !slot.has_output() &&
         !slot.close_after && slot.in_used > 0) {
    char* in = buffers_[i].in.data();
    const ParseResult result = parse_request(in, slot.in_used);
    if (result.parsed == Parsed::kMore) return note_partial(i, result);
    slot.begun = os::mono_now();
    if (result.parsed == Parsed::kRefused) return refuse(i, result);
    slot.serving = true;
    slot.close_after = !result.request.keep_alive || slot.peer_ended;
    slot.continued = false;
    set_deadline(i, now_ + options_.idle_max);
    handle(i, result.request);
    if (slot.generation != generation) return;
    slot.serving = false;
    slot.in_used -= static_cast<std::uint32_t>(result.consumed);
    std::memmove(in, in + result.consumed, slot.in_used);
    if (slot.waits != Waits::kRequest && slot.in_used > 0) overtake_release(i);
  }
}

void Server::note_partial(std::uint32_t i, const ParseResult& result) {
  Connection& slot = slots_[i];
  const std::string_view bytes(buffers_[i].in.data(), slot.in_used);
  const Nanos limit = wants_kill(bytes, nullptr) ? options_.kill_body_max : options_.request_max;
  // Counted from the first byte that told; further bytes don't prolong it.
  if (slot.deadline > now_ + limit) set_deadline(i, now_ + limit);
  if (!result.head_whole || !result.request.expects_continue || slot.continued) return;
  slot.continued = true;
  std::memcpy(buffers_[i].out.data(), kContinue.data(), kContinue.size());
  slot.out_begin = 0;
  slot.out_end = kContinue.size();
  (void)flush(i);
}

// Bytes that are no request. If they wanted to kill, they do.
void Server::refuse(std::uint32_t i, const ParseResult& result) {
  slots_[i].close_after = true;
  if (kill_if_meant(i, result.request.body)) return;
  answer_problem(i, result.status, result.why);
}

void Server::give_up_request(std::uint32_t i) {
  Connection& slot = slots_[i];
  if (slot.waits != Waits::kRequest || slot.in_used == 0) return;
  slot.mute = slot.has_output();  // an earlier answer was never read: one more would not be either
  slot.close_after = true;
  slot.begun = os::mono_now();
  const ParseResult result = parse_request(buffers_[i].in.data(), slot.in_used);
  (void)kill_if_meant(i, result.request.body);
}

// Carries out a kill of which only a part came, or which is malformed, unless its query says
// on=false. What can be read of the body gives the reason; half a body never turns a kill into a
// release.
bool Server::kill_if_meant(std::uint32_t i, std::string_view body_so_far) {
  std::string_view query;
  const std::string_view bytes(buffers_[i].in.data(), slots_[i].in_used);
  if (!wants_kill(bytes, &query) || query_says_off(query)) return false;
  kill(i, read_stop_request(query, body_so_far, false), "/live/kill", query);
  return true;
}

void Server::handle(std::uint32_t i, const Request& request) {
  const std::string_view bytes(buffers_[i].in.data(), slots_[i].in_used);
  if (wants_kill(bytes, nullptr)) return handle_stop(i, request, false);
  const RouteRow* row = find_route(request.path);
  if (row == nullptr) return answer_problem(i, 404, kElsewhere);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (row->route == Route::kRestore && request.method == "POST")
    return handle_stop(i, request, true);
  if (!reads || row->route == Route::kRestore) {
    return answer_problem(i, 405, "this path answers only the methods named in Allow", row->allow);
  }
  show(i, request);
}

void Server::handle_stop(std::uint32_t i, const Request& request, bool release_only) {
  const StopRequest stop = read_stop_request(request.query, request.body, true);
  if (!release_only && !stop.says_off) return kill(i, stop, request.path, request.query);
  fill_entry(i, stop, request.path, request.query);
  // No page of a browser speaks to a Unix socket.
  if (is_tcp(i) && is_from_elsewhere(request.host, request.origin)) {
    answer_problem(i, 403, kFromElsewhere);
    return audit(i, 403);
  }
  begin_release(i, stop);
}

void Server::kill(std::uint32_t i, const StopRequest& request, std::string_view path,
                  std::string_view query) {
  SharedStatus& status = ports_.status;
  const Instant wall = os::wall_now();
  const KillOutcome outcome =
      kill_now(ports_.latch, request, wall, options_.drain_max, ports_.abort_order_sockets);
  Writer out = body(i);
  write_kill(out, outcome, request);
  answer(i, 200, out, {});
  // The answer is with the kernel; from here on nobody waits.
  status.kills.fetch_add(1, std::memory_order_relaxed);
  status.kill_latency_ns.store((os::mono_now() - slots_[i].begun).count(),
                               std::memory_order_relaxed);
  if (outcome.sealed.in_flight_zero)
    status.latch_seals_drained.fetch_add(1, std::memory_order_relaxed);
  fill_entry(i, request, path, query);  // also of a slot that has just been closed
  notes_[i].entry.wall = wall;
  audit(i, 200);
  if (ports_.commands.wake_trading_)
    ports_.commands.wake_trading_();  // orders are to be cancelled now
  std::array<char, 231> text;
  Writer line(text);
  line.text("killed by ").text(notes_[i].entry.actor.view()).text(": ").text(request.reason.view());
  log(true, line.view());
}

void Server::begin_release(std::uint32_t i, const StopRequest& request) {
  Connection& slot = slots_[i];
  if (const auto refusal = check_release(ports_.latch, request)) {
    answer_problem(i, refusal->status, refusal->why.view());
    return audit(i, refusal->status);
  }
  StopRequest& kept = notes_[i].release;
  kept = request;
  if (kept.epoch == 0)
    kept.epoch = ports_.latch.load().epoch();  // what the asker could have seen: a later kill wins
  notes_[i].entry.status = 102;
  slot.ticket = ports_.status.audit_ok.load() ? ports_.audit.push(notes_[i].entry) : 0;
  if (slot.ticket == 0) {
    answer_problem(
        i, 503,
        "the audit chain can't be written: the latch is opened only with a trace (disk full?)");
    return audit(i, 503);
  }
  slot.waits = Waits::kAudit;
  ++awaiting_audit_;
  set_deadline(i, now_ + options_.answer_max);
  ports_.audit.hurry();
  check_tickets();
}

void Server::check_tickets() {
  if (awaiting_audit_ == 0) return;
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].waits == Waits::kAudit && ports_.audit.durable(slots_[i].ticket))
      submit_release(i);
  }
}

void Server::submit_release(std::uint32_t i) {
  Connection& slot = slots_[i];
  --awaiting_audit_;
  slot.number = ++requests_ << 1 | 1;  // odd: control's
  slot.waits = Waits::kTrading;
  const StopRequest& request = notes_[i].release;
  if (!ports_.commands.submit(release_command(ports_.latch, request, slot.number))) {
    finish_release(i, 503, "the trading thread's queue is full: try again", ports_.latch.load());
  }
}

void Server::take_answers() {
  while (const auto reply = ports_.commands.next_answer()) on_answer(*reply);
}

void Server::on_answer(const CommandAnswer& reply) {
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].waits != Waits::kTrading || slots_[i].number != reply.request) continue;
    return finish_release(i, http_status(reply.code), reply.text.view(),
                          latch::Word{reply.latch_word});
  }
  // Nobody waits any more (time-out, closed, overtaken), but it happened: the chain shall have it.
  AuditEntry late;
  late.wall = os::wall_now();
  late.status = static_cast<std::uint16_t>(http_status(reply.code));
  late.actor = "trading";
  late.method = "LATE";
  late.path = "/live/restore";
  late.reason = reply.text;
  (void)ports_.audit.push(late);
  log(true, "an answer to a release came after its request had ended");
}

// The connection that waits for a release sends on. Only a kill may overtake: it needs no answer of
// the trading thread, and its seal voids the release, which is pinned to the epoch before.
void Server::overtake_release(std::uint32_t i) {
  const std::string_view bytes(buffers_[i].in.data(), slots_[i].in_used);
  if (!wants_kill(bytes, nullptr)) return;
  if (slots_[i].waits == Waits::kAudit) --awaiting_audit_;
  if (slots_[i].waits == Waits::kAudit || slots_[i].waits == Waits::kTrading) {
    finish_release(i, 409, "overtaken by a kill on the same connection", ports_.latch.load());
  }
}

void Server::finish_release(std::uint32_t i, int status, std::string_view text, latch::Word word) {
  Connection& slot = slots_[i];
  slot.waits = Waits::kRequest;
  set_deadline(i, now_ + options_.idle_max);
  notes_[i].entry.duration_ns = (os::mono_now() - slot.begun).count();
  const std::uint32_t generation = slot.generation;
  if (status == 200) {
    Writer out = body(i);
    write_release(out, word, text.empty() ? "released" : text);
    answer(i, 200, out, {});
  } else {
    answer_problem(i, status, text);
  }
  audit(i, status);
  log(false, status == 200 ? "released a holder of the latch" : "a release was refused");
  if (slot.generation == generation) serve(i);
}

void Server::on_deadline(std::uint32_t i) {
  switch (slots_[i].waits) {
    case Waits::kAudit:
      --awaiting_audit_;
      return finish_release(i, 503,
                            "the audit chain did not take the line in time: nothing was released",
                            ports_.latch.load());
    case Waits::kTrading:
      return finish_release(i, 503,
                            "the trading thread did not answer in time: the release may still "
                            "happen, look at GET /live/kill",
                            ports_.latch.load());
    case Waits::kRequest:
      return end_request_wait(i);
    case Waits::kEnd:
      return close_slot(i);
    case Waits::kFree:
      return;
  }
}

// Idle too long, or a request that never became whole, or an answer that nobody reads.
void Server::end_request_wait(std::uint32_t i) {
  Connection& slot = slots_[i];
  const std::uint32_t generation = slot.generation;
  const bool unread = slot.has_output();
  give_up_request(i);
  if (slot.generation != generation || slot.waits == Waits::kEnd) return;
  if (unread || slot.in_used == 0 || slot.has_output()) return close_slot(i);
  slot.close_after = true;
  answer_problem(i, 408, "the request did not arrive whole in time");
}

void Server::show(std::uint32_t i, const Request& request) {
  const RouteRow* row = find_route(request.path);
  const MonoTime now = os::mono_now();
  int status = 200;
  Writer out = body(i);
  switch (row->route) {
    case Route::kIndex:
      write_index(out);
      break;
    case Route::kKill:
      write_latch_state(out, ports_.latch, ports_.status, now);
      break;
    case Route::kLiveStatus:
      write_live_status(out, ports_.latch, ports_.status, options_.facts,
                        options_.health.round_age_max, now);
      break;
    case Route::kHealth:
      status = write_health(out, options_.facts,
                            judge_health(ports_.status, ports_.latch, options_.health, now), now);
      break;
    case Route::kReadyz:
      status = write_ready(out, ports_.status,
                           judge_health(ports_.status, ports_.latch, options_.health, now));
      break;
    default:
      out.text("{\"status\":\"alive\"}");
  }
  answer(i, status, out, {.head_only = request.method == "HEAD"});
}

void Server::fill_entry(std::uint32_t i, const StopRequest& request, std::string_view path,
                        std::string_view query) {
  AuditEntry& entry = notes_[i].entry;
  entry.wall = os::wall_now();
  entry.actor = request.actor.empty() ? FixedString<31>("unknown") : request.actor;
  entry.peer = slots_[i].peer;
  entry.method = "POST";
  entry.path = FixedString<63>(path);
  entry.query = query_for_audit(query);
  entry.reason = request.reason;
}

void Server::audit(std::uint32_t i, int status) {
  AuditEntry& entry = notes_[i].entry;
  entry.status = static_cast<std::uint16_t>(status);
  entry.duration_ns = (os::mono_now() - slots_[i].begun).count();
  (void)ports_.audit.push(entry);  // a full ring counts its loss
}

Writer Server::body(std::uint32_t i) {
  return Writer(std::span<char>(buffers_[i].out).subspan(kHeadRoom));
}

void Server::answer(std::uint32_t i, int status, const Writer& body_written, AnswerForm form) {
  Connection& slot = slots_[i];
  if (slot.mute) return;
  auto& out = buffers_[i].out;
  if (body_written.overflowed())
    return answer_problem(i, 500, "the answer is larger than its buffer");
  std::array<char, kHeadRoom> head;
  Writer head_out(head);
  head_out.text("HTTP/1.1 ")
      .number(static_cast<std::int64_t>(status))
      .text(" ")
      .text(http_title(status));
  head_out.text("\r\nContent-Type: application/").text(form.problem ? "problem+json" : "json");
  if (!form.allow.empty()) head_out.text("\r\nAllow: ").text(form.allow);
  head_out.text("\r\nContent-Length: ").number(static_cast<std::uint64_t>(body_written.size()));
  head_out.text(slot.close_after ? "\r\nConnection: close\r\n\r\n"
                                 : "\r\nConnection: keep-alive\r\n\r\n");
  const std::size_t begin = kHeadRoom - head_out.size();
  std::memcpy(out.data() + begin, head_out.view().data(), head_out.size());
  slot.out_begin = static_cast<std::uint32_t>(begin);
  slot.out_end = static_cast<std::uint32_t>(kHeadRoom + (form.head_only ? 0 : body_written.size()));
  if (flush(i) && slot.has_output()) set_deadline(i, now_ + options_.request_max);
}

void Server::answer_problem(std::uint32_t i, int status, std::string_view detail,
                            std::string_view allow) {
  Writer out = body(i);
  write_problem(out, status, detail);
  answer(i, status, out, {.problem = true, .allow = allow});
}

}  // namespace levi::control
