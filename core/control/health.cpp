#include "core/control/health.h"

#include <cstdio>
#include <string_view>

#include "core/base/version.h"

namespace levi::control {
namespace {

using Number = Component::Number;

double milliseconds(Nanos duration) { return static_cast<double>(duration.count()) / 1e6; }
double as_double(std::uint64_t value) { return static_cast<double>(value); }

Nanos age_of(std::int64_t then_ns, MonoTime now) { return now - MonoTime{then_ns}; }

// A component whose detail is built in place.
class Judged {
 public:
  explicit Judged(const char* name) { component_.name = name; }
  Writer& say(Wellness wellness) {
    component_.wellness = std::max(component_.wellness, wellness);
    if (out_.size() > 0) out_.text("; ");
    return out_;
  }
  Judged& number(const char* name, double value) {
    component_.numbers[numbers_++] = {name, value};
    return *this;
  }
  Component done(std::string_view when_healthy) {
    component_.detail =
        out_.size() > 0 ? FixedString<191>(out_.view()) : FixedString<191>(when_healthy);
    return component_;
  }

 private:
  Component component_;
  std::array<char, 191> text_{};
  Writer out_{text_};
  std::size_t numbers_ = 0;
};

// How long ago a thread last came round, and whether that is too long. 0: it has not begun.
void judge_round(Judged& judged, const char* thread, std::int64_t round_ns, Nanos age_max,
                 MonoTime now) {
  if (round_ns == 0) {
    judged.say(Wellness::kUnhealthy).text("the ").text(thread).text(" thread has not started");
  } else if (age_of(round_ns, now) > age_max) {
    judged.say(Wellness::kUnhealthy)
        .text("the ")
        .text(thread)
        .text(" thread has not come round for ")
        .real(milliseconds(age_of(round_ns, now)), 0)
        .text(" ms");
  }
}

// A start that is not complete says what it waits for: no exchange, a wrong key, a clock that is
// off.
void judge_phase(Judged& judged, const SharedStatus& s) {
  const Phase phase = s.phase.load();
  if (phase == Phase::kRunning) return;
  Writer& out = judged.say(phase == Phase::kStopping ? Wellness::kUnhealthy : Wellness::kDegraded);
  out.text(phase == Phase::kStopping ? "not trading any more: " : "not trading yet: ");
  out.text(to_string(phase));
  const auto what = s.waiting_for.load();
  if (what && !what->empty()) out.text(", waiting for ").text(what->view());
}

Component judge_trading(const SharedStatus& s, const HealthLimits& limits, MonoTime now) {
  Judged judged("trading");
  const std::int64_t round = s.trading_round_ns.load();
  judge_round(judged, "trading", round, limits.round_age_max, now);
  judge_phase(judged, s);
  if (const auto trouble = s.venue_trouble.load(); trouble && !trouble->empty())
    judged.say(Wellness::kDegraded).text(trouble->view());
  judged.number("last_round_age_ms", round == 0 ? -1 : milliseconds(age_of(round, now)))
      .number("open_orders", as_double(s.open_orders.load()))
      .number("positions", as_double(s.positions_open.load()));
  return judged.done("the trading thread runs");
}

Component judge_journal(const SharedStatus& s, const HealthLimits& limits, MonoTime now) {
  Judged judged("journal");
  const double fill = s.ring_fill.load();
  const std::uint64_t last = s.journal_last.load();
  const std::uint64_t durable = s.journal_durable.load();
  if (!s.journal_ok.load()) {
    judged.say(Wellness::kUnhealthy)
        .text("segments can't be written: see levid's log for the file and the reason");
  }
  judge_round(judged, "persist", s.persist_round_ns.load(), limits.round_age_max, now);
  if (fill > limits.ring_fill_degraded) {
    judged.say(fill > limits.ring_fill_unhealthy ? Wellness::kUnhealthy : Wellness::kDegraded)
        .text("the ring holds ")
        .real(fill * 100, 0)
        .text(" % not yet durable");
  }
  judged.number("sequence", as_double(last))
      .number("durable", as_double(durable))
      .number("ring_fill", fill)
      .number("lag_records", as_double(last > durable ? last - durable : 0));
  return judged.done("records reach the disk");
}

Component judge_store(const SharedStatus& s, const HealthLimits& limits) {
  Judged judged("store");
  const std::uint64_t last = s.journal_last.load();
  const std::uint64_t applied = s.store_applied.load();
  const std::uint64_t lag = last > applied ? last - applied : 0;
  if (!s.store_ok.load()) judged.say(Wellness::kDegraded).text("the store can't be written now");
  if (lag > limits.store_lag_max) {
    judged.say(Wellness::kDegraded).text("the projection is ").number(lag).text(" records behind");
  }
  judged.number("applied", as_double(applied)).number("lag_records", as_double(lag));
  return judged.done("the projection follows");
}

Component judge_market_feed(const SharedStatus& s, MonoTime now) {
  Judged judged("market_feed");
  const std::int64_t last = s.last_market_data_ns.load();
  if (!s.market_up.load()) {
    judged.say(Wellness::kDegraded).text("the market feed is down");
  } else if (s.market_polling.load()) {
    judged.say(Wellness::kDegraded).text("polling REST instead of a WebSocket");
  }
  if (const std::int64_t lag_ms = s.market_lag_ms.load(); lag_ms > 0) {
    judged.say(Wellness::kDegraded)
        .text("the stream lags by ")
        .number(lag_ms)
        .text(" ms: its prices are not traded on");
  }
  judged.number("last_frame_age_ms", last == 0 ? -1 : milliseconds(age_of(last, now)))
      .number("reconnects", as_double(s.market_reconnects.load()));
  return judged.done("connected");
}

Component judge_private_feed(const SharedStatus& s) {
  Judged judged("private_feed");
  if (!s.private_up.load()) {
    judged.say(Wellness::kDegraded).text("the private feed is down: fills arrive by queries only");
  }
  return judged.done("connected");
}

Component judge_price_feeds(const SharedStatus& s, const HealthLimits& limits, MonoTime now) {
  Judged judged("price_feeds");
  const std::int64_t last = s.last_market_data_ns.load();
  if (last == 0) {
    judged.say(Wellness::kDegraded).text("no price has arrived yet");
  } else if (age_of(last, now) > limits.data_age_max) {
    judged.say(Wellness::kDegraded)
        .text("the newest price is ")
        .real(milliseconds(age_of(last, now)), 0)
        .text(" ms old");
  }
  judged.number("age_ms", last == 0 ? -1 : milliseconds(age_of(last, now)));
  return judged.done("fresh");
}

// While the supervisor does not come round, a hang is not seen and nobody takes over. Its round is
// told by the trading thread: against that one's own last round it is judged, so that a trading
// thread that hangs is not held against it.
void judge_supervisor(Judged& judged, const SharedStatus& s, const HealthLimits& limits,
                      MonoTime now) {
  const std::int64_t round = s.supervisor_round_ns.load();
  if (round == 0) return;  // no engines are supervised (yet)
  const MonoTime seen = std::min(now, MonoTime{s.trading_round_ns.load()});
  const Nanos age = age_of(round, seen);
  judged.number("supervisor_age_ms", std::max(0.0, milliseconds(age)));
  if (age <= limits.round_age_max) return;
  judged.say(Wellness::kDegraded)
      .text("the supervisor has not looked at the engines for ")
      .real(milliseconds(age), 0)
      .text(" ms: a hang is not noticed, nobody takes over");
}

Component judge_engines(const SharedStatus& s, const HealthLimits& limits, MonoTime now) {
  Judged judged("engines");
  const std::uint64_t running = s.engines_running.load();
  const std::uint64_t defined = s.engines_defined.load();
  const std::uint64_t failed = s.engines_failed.load();
  if (failed > 0) {
    judged.say(Wellness::kDegraded)
        .number(failed)
        .text(" failed: restart budget spent, start them by hand");
  }
  if (running + failed < defined) {
    judged.say(Wellness::kDegraded).number(running).text(" of ").number(defined).text(" running");
  }
  judged.number("running", as_double(running))
      .number("defined", as_double(defined))
      .number("failed", as_double(failed));
  judge_supervisor(judged, s, limits, now);
  return judged.done(defined == 0 ? "none defined" : "all running");
}

Component judge_latch(const SharedStatus& s, const latch::Latch& latch) {
  Judged judged("latch");
  const latch::Word word = latch.load();
  if (!s.latch_path_ok.load()) {
    judged.say(Wellness::kUnhealthy)
        .text("the latch file was replaced or removed: sealed; restart levid");
  } else if (word.sealed() && word.holders() == 0) {
    judged.say(Wellness::kUnhealthy).text("the latch file is damaged: sealed; restart levid");
  }
  judged.number("sealed", word.sealed() ? 1 : 0)
      .number("epoch", as_double(word.epoch()))
      .number("in_flight", as_double(latch.in_flight()));
  return judged.done(word.sealed() ? "sealed: no order leaves" : "open");
}

Component judge_clock(const SharedStatus& s, const HealthLimits& limits) {
  Judged judged("clock");
  const std::int64_t offset = s.clock_offset_ms.load();
  if (offset > limits.clock_offset_ms_max || offset < -limits.clock_offset_ms_max) {
    judged.say(Wellness::kDegraded)
        .text("this host's clock is ")
        .number(offset)
        .text(" ms from the venue's: set it, orders may be refused");
  }
  judged.number("offset_ms", static_cast<double>(offset));
  return judged.done("in step with the venue");
}

Component judge_control(const SharedStatus& s, const HealthLimits& limits, MonoTime now) {
  Judged judged("control");
  const std::int64_t round = s.control_round_ns.load();
  if (round == 0) {
    judged.say(Wellness::kUnhealthy).text("the control thread has not started");
  } else if (age_of(round, now) > limits.round_age_max) {
    judged.say(Wellness::kUnhealthy)
        .text("the control thread has not come round for ")
        .real(milliseconds(age_of(round, now)), 0)
        .text(" ms");
  }
  if (!s.audit_ok.load()) {
    judged.say(Wellness::kDegraded)
        .text("the audit chain can't be written: the latch won't be opened");
  }
  judged.number("connections", as_double(s.control_connections.load()))
      .number("evicted", as_double(s.control_evicted.load()))
      .number("audit_lost", as_double(s.audit_lost.load()));
  return judged.done("answers");
}

void write_component(Writer& out, const Component& component) {
  out.key(component.name).text("{").field("status", to_string(component.wellness));
  out.field("detail", component.detail.view());
  for (const Number& number : component.numbers) {
    if (number.name[0] == '\0') continue;
    const bool whole = number.value == static_cast<double>(static_cast<std::int64_t>(number.value));
    out.key(number.name).real(number.value, whole ? 0 : 3);
  }
  out.text("}");
}

}  // namespace

const char* to_string(Wellness wellness) {
  switch (wellness) {
    case Wellness::kHealthy:
      return "healthy";
    case Wellness::kDegraded:
      return "degraded";
    case Wellness::kUnhealthy:
      return "unhealthy";
  }
  return "unhealthy";
}

Health judge_health(const SharedStatus& status, const latch::Latch& latch,
                    const HealthLimits& limits, MonoTime now) {
  Health health;
  health.components = {judge_trading(status, limits, now),
                       judge_journal(status, limits, now),
                       judge_store(status, limits),
                       judge_market_feed(status, now),
                       judge_private_feed(status),
                       judge_engines(status, limits, now),
                       judge_latch(status, latch),
                       judge_clock(status, limits),
                       judge_price_feeds(status, limits, now),
                       judge_control(status, limits, now)};
  for (const Component& c : health.components)
    health.overall = std::max(health.overall, c.wellness);
  return health;
}

int write_health(Writer& out, const Facts& facts, const Health& health, MonoTime now) {
  const auto text = [&](const char* name, const std::string& value) {
    out.field(name, std::string_view(value));
  };
  out.text("{").field("status", to_string(health.overall));
  out.field("version", kVersion).field("build", kBuild);
  text("name", facts.name);
  text("environment", facts.environment);
  text("mode", facts.mode);
  out.field("pid", facts.pid).field("start_ticks", facts.start_ticks);
  text("boot_id", facts.boot_id);
  out.field("time_namespace", facts.time_namespace).field("incarnation", facts.incarnation);
  text("instance", facts.instance);
  out.field("uptime_s", milliseconds(now - facts.started) / 1000);
  text("venue", facts.venue);
  text("key_fingerprint", facts.key_fingerprint);
  out.key("components").text("{");
  for (const Component& component : health.components) write_component(out, component);
  out.text("}}");
  return health.overall == Wellness::kUnhealthy ? 503 : 200;
}

int write_ready(Writer& out, const SharedStatus& status, const Health& health) {
  const Phase phase = status.phase.load();
  bool ready = phase == Phase::kRunning;
  const auto blocks = [](const Component& c) {
    // The store and a failed engine don't keep the core from doing its work for the others.
    const std::string_view name = c.name;
    return c.wellness == Wellness::kUnhealthy ||
           (c.wellness != Wellness::kHealthy && (name == "market_feed" || name == "private_feed") &&
            c.detail.view().substr(0, 7) != "polling");
  };
  for (const Component& c : health.components) ready = ready && !blocks(c);
  out.text("{").key("ready").boolean(ready).key("reasons").text("[");
  if (phase != Phase::kRunning) {
    out.comma_unless_first().text("\"phase: ").text(to_string(phase));
    if (const auto waiting = status.waiting_for.load(); waiting && !waiting->empty())
      out.text(": ").escaped(waiting->view());
    out.text("\"");
  }
  for (const Component& c : health.components) {
    if (!blocks(c)) continue;
    out.comma_unless_first().text("\"").text(c.name).text(": ").escaped(c.detail.view()).text("\"");
  }
  out.text("]}");
  return ready ? 200 : 503;
}

}  // namespace levi::control
