// GET /metrics: one look at everything, as Prometheus reads it. Names are those that the runbooks'
// alerts use where they have one (docs/api.md, Metrics); the text is made by prometheus-cpp,
// OpenMetrics by openmetrics.cpp.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>

#include "core/api/api.h"
#include "core/api/event_json.h"
#include "core/api/openmetrics.h"
#include "core/base/version.h"
#include "core/os/clock.h"
#include "core/policy/restart.h"

namespace levi::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

double seconds(Nanos duration) { return static_cast<double>(duration.count()) / 1e9; }
double number(std::uint64_t value) { return static_cast<double>(value); }
double money(Money value) { return static_cast<double>(value.value) / 1e8; }

class Families {
 public:
  void gauge(const char* name, const char* help, double value, Labels labels = {}) {
    ClientMetric& metric = add(name, help, MetricType::Gauge, std::move(labels));
    metric.gauge.value = value;
  }
  void counter(const char* name, const char* help, std::uint64_t value, Labels labels = {}) {
    ClientMetric& metric = add(name, help, MetricType::Counter, std::move(labels));
    metric.counter.value = number(value);
  }
  void summary(const char* name, const char* help, const Histogram& histogram) {
    ClientMetric& metric = add(name, help, MetricType::Summary, {});
    metric.summary.sample_count = histogram.count();
    metric.summary.sample_sum = seconds(histogram.sum());
    for (const double q : {0.5, 0.99}) {
      metric.summary.quantile.push_back({q, seconds(histogram.quantile(q))});
    }
  }
  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  // Metrics of one family follow each other in the code below.
  ClientMetric& add(const char* name, const char* help, MetricType type, Labels labels) {
    if (families_.empty() || families_.back().name != name) {
      families_.push_back({name, help, type, {}});
    }
    ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }
  std::vector<MetricFamily> families_;
};

void add_identity(Families& out, Api& api) {
  const control::Facts& facts = api.options().facts;
  out.gauge("levi_build_info", "Version and identity of this core; always 1.", 1,
            {{"version", kVersion},
             {"build", kBuild},
             {"name", facts.name},
             {"environment", facts.environment},
             {"mode", facts.mode}});
  out.gauge("levi_uptime_seconds", "Since this process started.",
            seconds(os::mono_now() - facts.started));
}

void add_stop(Families& out, Api& api) {
  const auto& status = api.ports().status;
  const latch::Word word = api.ports().latch.load();
  out.gauge("levi_kill_switch", "1 while the latch is sealed: no order leaves.", word.sealed());
  out.gauge("levi_global_stop", "As levi_kill_switch.", word.sealed());
  out.gauge("levi_latch_epoch", "Counts seals.", number(word.epoch()));
  for (unsigned i = 0; i < static_cast<unsigned>(latch::Holder::kCount); ++i) {
    const auto holder = static_cast<latch::Holder>(i);
    out.gauge("levi_latch_held", "1 while this holder keeps the latch sealed.",
              word.held_by(holder), {{"holder", latch::to_string(holder)}});
  }
  out.gauge("levi_kill_switch_latency_ms",
            "Of the last kill over HTTP: request whole to answer sent.",
            static_cast<double>(status.kill_latency_ns.load()) / 1e6);
  out.counter("levi_kills_total", "POST /live/kill that sealed.", status.kills.load());
  if (const auto lease = status.chaos.load(); lease && lease->active) {
    out.gauge("levi_chaos_active", "1 while a chaos run holds this core's lease.", 1,
              {{"run", lease->run.str()},
               {"owner", lease->owner.str()},
               {"scenario", lease->scenario.str()}});
  }
}

double engine_status(machine::EngineState state) {
  switch (state) {
    case machine::EngineState::kRunning:
      return 1;
    case machine::EngineState::kFailed:
      return 2;
    default:
      return 0;
  }
}

// An engine with what is shown of it and the labels of its series.
struct EngineSeries {
  const machine::Engine* engine;
  const control::EngineShown* shown;
  Labels labels;
};
using AllEngines = std::vector<EngineSeries>;

AllEngines engine_series(Api& api) {
  const machine::State& state = api.state();
  const auto& shown = api.ports().status.engines;
  AllEngines all;
  for (const machine::Engine& engine : state.engines) {
    const std::size_t id = engine.definition.engine.value;
    if (!engine.defined || id >= shown.size()) continue;
    all.push_back({&engine,
                   &shown[id],
                   {{"engine", engine.definition.name.str()},
                    {"symbol", symbol_text(state, engine.definition.symbol)}}});
  }
  return all;
}

// What the processes do. One family after the other, each over all engines.
void add_engine_processes(Families& out, const AllEngines& engines, Instant now) {
  const double mono_to_unix = seconds(os::wall_now() - Instant{os::mono_now().ns});
  for (const auto& [engine, shown, labels] : engines) {
    out.gauge("levi_engine_status", "0 stopped or starting, 1 running, 2 failed.",
              engine_status(engine->state), labels);
  }
  for (const auto& [engine, shown, labels] : engines) {
    const bool running = engine->state == machine::EngineState::kRunning;
    out.gauge("levi_engine_uptime_seconds", "Of the running process.",
              running ? seconds(now - engine->started) : 0, labels);
  }
  for (const auto& [engine, shown, labels] : engines) {
    const std::int64_t last = shown->last_heartbeat_ns.load();
    out.gauge("levi_engine_last_heartbeat", "Unix time of the last heartbeat; 0 before the first.",
              last == 0 ? 0 : mono_to_unix + static_cast<double>(last) / 1e9, labels);
  }
  for (const auto& [engine, shown, labels] : engines) {
    out.counter("levi_engine_ticks_handled_total", "Ticks that the running process has handled.",
                shown->ticks_handled.load(), labels);
  }
  for (const auto& [engine, shown, labels] : engines) {
    out.gauge("levi_md_queue", "Ticks that wait in an engine's channel, looked at each second.",
              number(shown->ticks_waiting.load()), labels);
  }
}

// How often they died, and how often they still may.
void add_engine_restarts(Families& out, const AllEngines& engines,
                         const policy::RestartLimits& limits, Instant now) {
  for (const auto& [engine, shown, labels] : engines) {
    out.counter("levi_engine_restarts_total", "Restarts after a death or a command.",
                engine->restarts, labels);
  }
  for (const auto& [engine, shown, labels] : engines) {
    out.counter("levi_engine_restart_failures_total",
                "Restarts that did not lead to a running process.", engine->restart_failures,
                labels);
  }
  for (const auto& [engine, shown, labels] : engines) {
    out.counter("levi_engine_errors_total", "Deaths and failed starts.",
                engine->restarts + engine->restart_failures, labels);
  }
  for (const auto& [engine, shown, labels] : engines) {
    out.gauge("levi_engine_restart_budget_left", "Restarts that the window still allows.",
              policy::restarts_left(engine->restart_times, limits, now), labels);
  }
}

void add_engines(Families& out, Api& api) {
  const auto& limits = api.state().limits;
  const AllEngines engines = engine_series(api);
  const Instant now = api.instant_now();
  add_engine_processes(out, engines, now);
  add_engine_restarts(out, engines, {limits.restarts_max, limits.restart_window}, now);
  out.gauge("levi_engines_running", "Engines whose process runs.",
            number(api.ports().status.engines_running.load()));
  out.gauge("levi_engines_defined", "Engines in the configuration.",
            number(api.ports().status.engines_defined.load()));
}

const char* feed_name(std::size_t source) {
  return source == machine::kPrivateSource.value ? "private" : "market";
}

void add_feeds(Families& out, Api& api) {
  const auto& status = api.ports().status;
  const auto& feeds = api.state().feeds;
  const auto each = [&](auto add) {
    for (std::size_t i = 0; i < feeds.size(); ++i) {
      add(feeds[i], Labels{{"source", std::to_string(i)}, {"feed", feed_name(i)}});
    }
  };
  out.gauge("levi_last_md_ts", "Unix time of the last market frame accepted; 0 before the first.",
            static_cast<double>(status.last_market_data_wall_ms.load()) / 1e3);
  each([&](const machine::Feed& feed, const Labels& labels) {
    out.gauge("levi_feed_up", "1 while this feed delivers, by WebSocket or polling.", feed.up,
              labels);
  });
  each([&](const machine::Feed& feed, const Labels& labels) {
    out.counter("levi_ws_disconnects_total", "Losses of a feed.", feed.disconnects, labels);
  });
  each([&](const machine::Feed& feed, const Labels& labels) {
    out.gauge("levi_ws_reconnect_duration_seconds",
              "From the last loss to the first frame accepted.", seconds(feed.last_reconnect_took),
              labels);
  });
  out.counter("levi_md_gaps_total", "Gaps in a book's versions.", api.state().counters.gaps);
  out.gauge("levi_clock_offset_seconds", "This host's clock against the venue's.",
            static_cast<double>(status.clock_offset_ms.load()) / 1e3);
}

void add_trading(Families& out, Api& api) {
  const machine::State& state = api.state();
  const machine::Counters& counters = state.counters;
  for (const auto trading : {machine::TradingState::kActive, machine::TradingState::kReducing,
                             machine::TradingState::kHalted}) {
    out.gauge("levi_trading_state", "1 for the state that trading is in.", state.trading == trading,
              {{"state", to_string(trading)}});
  }
  out.gauge("levi_positions_open", "Symbols with a position.", state.open_positions);
  out.gauge("levi_orders_open", "Orders that are not terminal.", state.open_orders);
  out.gauge("levi_orders_unsettled", "Orders whose outcome or fills are not known.",
            machine::unsettled(state));
  out.counter("levi_orders_sent_total", "Orders handed to the gateway.", counters.orders_sent);
  out.counter("levi_fills_total", "Fills booked.", counters.fills);
  out.counter("levi_fills_duplicate_total", "Fills that were told again, and not booked again.",
              counters.fills_duplicate);
  for (std::size_t i = 1; i < static_cast<std::size_t>(machine::Refusal::kCount); ++i) {
    out.counter("levi_intents_refused_total", "Intents that the risk gate refused.",
                counters.refused[i], {{"reason", to_string(static_cast<machine::Refusal>(i))}});
  }
  out.gauge("levi_equity_now",
            "Realised and unrealised profit of this journal, in the quote asset.",
            money(state.equity));
  out.gauge("levi_realized_today", "Realised profit of this UTC day, in the quote asset.",
            money(state.realised_today));
  out.gauge("levi_equity_day_start", "levi_equity_now at the start of this UTC day.",
            money(state.equity_day_start));
  out.summary("levi_tick_to_order_seconds",
              "From the tick or update that set an order off to the order handed to the kernel.",
              api.ports().status.tick_to_order);
  const auto error = [&](const char* kind, std::uint64_t count) {
    out.counter("levi_errors_total", "What went wrong, by kind.", count, {{"kind", kind}});
  };
  error("order-rejected", counters.rejected);
  error("order-unknown", counters.unknown);
  error("foreign-order", counters.foreign);
  error("event-ignored", counters.ignored);
  error("audit-lost", api.ports().status.audit_lost.load());
  error("stream-cut-off", api.streams().cut_off());
  error("fee-unknown", api.ports().status.fees_unknown.load());
  error("deal-unattributed", api.ports().status.deals_unattributed.load());
}

void add_plumbing(Families& out, Api& api) {
  const auto& status = api.ports().status;
  const std::uint64_t last = status.journal_last.load();
  const auto behind = [last](std::uint64_t at) { return number(last > at ? last - at : 0); };
  out.gauge("levi_journal_sequence", "The newest record.", number(last));
  out.gauge("levi_journal_durable_lag_records", "Records that are not on the disk yet.",
            behind(status.journal_durable.load()));
  out.gauge("levi_journal_ring_fill", "0..1: the share of the ring that is not durable.",
            status.ring_fill.load());
  out.gauge("levi_journal_ok", "0 while segments can't be written.", status.journal_ok.load());
  out.gauge("levi_store_lag_records", "Records that the store does not show yet.",
            behind(status.store_applied.load()));
  out.gauge("levi_store_ok", "0 while the store can't be written.", status.store_ok.load());
  out.gauge("levi_replica_lag_records", "Records that this API has not seen yet.",
            behind(api.replica().at().value));
  out.gauge("levi_last_audit_log_ts",
            "Unix time of the newest audit line of this process; 0 before the first.",
            static_cast<double>(status.audit_last_wall_ns.load()) / 1e9);
  out.counter("levi_audit_lines_total", "Audit lines written by this process.",
              status.audit_lines.load());
  out.gauge("levi_audit_ok", "0 while the audit chain can't be written.", status.audit_ok.load());
  out.gauge("levi_event_streams", "Clients of /events.", number(api.streams().count()));
  out.gauge("levi_control_connections", "Open connections of the control port.",
            number(status.control_connections.load()));
  out.counter("levi_control_evicted_total",
              "Connections that the control port closed to make room.",
              status.control_evicted.load());
  out.counter("levi_http_requests_total", "Requests to this port.", api.requests());
}

}  // namespace

void metrics(Api& api, const CallPtr& call) {
  api.catch_up();
  Families out;
  add_identity(out, api);
  add_stop(out, api);
  add_engines(out, api);
  add_feeds(out, api);
  add_trading(out, api);
  add_plumbing(out, api);
  os::HttpResponse response;
  if (wants_openmetrics(call->request.header("accept"))) {
    response.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.body = openmetrics_text(out.take());
  } else {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = prometheus::TextSerializer().Serialize(out.take());
  }
  call->status = 200;
  call->reply->send(response);
}

}  // namespace levi::api
