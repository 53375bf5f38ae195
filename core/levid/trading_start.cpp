// How trading begins: the start is journalled, the venue asked for its instruments until it
// answers, then feeds, reconciliation and engines. Nothing here waits: meanwhile the thread sees
// the latch, answers commands, and cancels what the journal knows of.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/strict_yaml.h"
#include "core/levid/trading.h"
#include "core/os/file.h"

namespace levi::levid {
namespace {

constexpr Nanos kConnectDelayMin{200ms};
constexpr Nanos kConnectDelayMax{5s};

// Ids are places in the machine's tables: a name keeps its id over restarts, a new one takes the
// next.
template <class Items, class NameOf>
std::size_t id_of(const Items& items, std::string_view name, const NameOf& name_of) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].defined && name_of(items[i]) == name) return i;
  }
  return items.size();
}

venue::VenueOptions venue_options(const Config& config, const journal::Identity& identity,
                                  const machine::State& state) {
  venue::VenueOptions options;
  if (!os::resolves_at_once(config.venue_rest)) options.gateway.host = config.venue_rest;
  if (!os::resolves_at_once(config.venue_websocket))
    options.websocket_host = config.venue_websocket;
  options.gateway.credentials = {config.key, config.secret};
  options.gateway.instance = identity.instance;
  options.gateway.incarnation = identity.incarnation;
  options.gateway.ancestors = state.ancestors;
  options.gateway.order_connections = config.order_connections;
  options.gateway.recv_window = config.recv_window;
  options.gateway.answer_timeout = config.answer_timeout;
  options.symbols = config.symbols;
  for (const machine::Instrument& instrument : state.instruments) {
    if (instrument.defined) options.journalled.push_back(instrument.definition);
  }
  options.data_age_max = config.limits.data_age_max;
  options.use_websocket = config.use_websocket;
  options.jitter_seed = os::random_seed();
  options.update_speed = config.update_speed;
  return options;
}

void add_to(std::string& list, const std::string& text) {
  list += (list.empty() ? "" : "; ") + text;
}

// The machine refuses new steps while there are positions or orders in the old ones. What it counts
// in is what the venue's side reads and writes in: else every amount would be another on its way.
machine::InstrumentDefined as_taken(const machine::State& state,
                                    const machine::InstrumentDefined& offered) {
  const std::size_t id = offered.symbol.value;
  const bool known = id < state.instruments.size() && state.instruments[id].defined &&
                     state.instruments[id].definition.name == offered.name;
  return known ? state.instruments[id].definition : offered;
}

}  // namespace

Status Trading::start() {
  LEVI_TRY_STATUS(journal_start());
  // Options that can never work end the start here.
  if (os::resolves_at_once(config_.venue_rest) && os::resolves_at_once(config_.venue_websocket)) {
    LEVI_TRY(rest, os::parse_endpoint(config_.venue_rest));
    LEVI_TRY(websocket, os::parse_endpoint(config_.venue_websocket));
    LEVI_TRY_STATUS(make_venue(rest, websocket));
  }
  loop_.each_round([this] { round(); });
  loop_.after(1s, [this] { each_second(); });
  watch_latch();
  look_at_latch();
  status_.phase.store(control::Phase::kConnecting);
  loop_.after(Nanos{0}, [this] { connect_venue(); });
  return ok();
}

Status Trading::make_venue(const os::Endpoint& rest, const os::Endpoint& websocket) {
  venue::VenueOptions options = venue_options(config_, identity_, machine_.state());
  options.rest = options.gateway.rest = rest;
  options.websocket = websocket;
  LEVI_TRY_ASSIGN(venue_, venue::make_mexc(loop_, latch_, std::move(options),
                                           [this](const machine::Event& event) { apply(event); }));
  gateway_ = &venue_->gateway();
  return ok();
}

// Names are looked up anew by each try: DNS may be down for a while when this machine comes up.
void Trading::find_venue() {
  const auto not_found = [this](const std::string& name, const Error& why) {
    const Error unknown =
        error(ErrorCode::kUnreachable, "cannot find the venue " + name + ": " + why.message,
              "does this machine resolve names?");
    ask_again_for("venue", unknown, [this] { connect_venue(); });
  };
  resolver_.resolve(config_.venue_rest, [this, not_found](const Result<os::Endpoint>& rest) {
    if (!rest) return not_found(config_.venue_rest, rest.error());
    resolver_.resolve(config_.venue_websocket,
                      [this, not_found, at = rest.value()](const Result<os::Endpoint>& websocket) {
                        if (!websocket)
                          return not_found(config_.venue_websocket, websocket.error());
                        const Status made = make_venue(at, websocket.value());
                        if (made) return connect_venue();
                        ask_again_for("venue", made.error(), [this] { connect_venue(); });
                      });
  });
}

Status Trading::journal_start() {
  machine::Started started;
  started.incarnation = identity_.incarnation;
  const std::string boot = os::boot_id();
  std::copy_n(boot.begin(), std::min(boot.size(), started.boot_id.size()), started.boot_id.begin());
  started.instance = identity_.instance;
  started.wall_ns = os::wall_now().ns;
  latch_word_ = latch_.load().raw;
  started.latch_word = latch_word_;
  LEVI_TRY_STATUS(journal_or_fail(started));
  LEVI_TRY_STATUS(journal_or_fail(config_.limits));
  // Who sealed while no levid ran is told in a LatchSeen: `Started` has only the word.
  if (latch_.load().sealed()) want_latch_text(latch::Word{latch_word_}.holders());
  return ok();
}

void Trading::set_waiting_for(std::string why) {
  waiting_for_ = std::move(why);
  status_.waiting_for.store(std::string_view(waiting_for_));
}

void Trading::connect_venue() {
  if (stopping_) return;
  if (wait_for_ring()) return;
  if (!venue_) return find_venue();
  venue_->load_instruments([this](auto instruments) { on_instruments(instruments); });
}

// Definitions that are not journalled are never made up for.
bool Trading::wait_for_ring() {
  if (!ring_nearly_full()) return false;
  set_waiting_for("the journal ring is nearly full: the disk does not follow");
  loop_.after(kConnectDelayMin, [this] { connect_venue(); });
  return true;
}

void Trading::on_instruments(const Result<std::vector<machine::InstrumentDefined>>& instruments) {
  if (stopping_ || wait_for_ring()) return;
  status_.clock_offset_ms.store(venue_->clock_offset().count() / 1'000'000);
  if (instruments) return begin_trading(instruments.value());
  ask_again_for("venue", instruments.error(), [this] { connect_venue(); });
}

void Trading::begin_trading(const std::vector<machine::InstrumentDefined>& instruments) {
  const auto symbol_name = [](const machine::Instrument& item) {
    return item.definition.name.view();
  };
  std::vector<machine::InstrumentDefined> numbered;
  symbols_trouble_.clear();
  for (machine::InstrumentDefined definition : instruments) {
    const std::size_t id = id_of(machine_.state().instruments, definition.name.view(), symbol_name);
    definition.symbol = {static_cast<std::uint16_t>(id)};
    apply(definition);
    numbered.push_back(as_taken(machine_.state(), definition));
    tell_if_refused(definition, numbered.back());
  }
  venue_->set_instruments(numbered);
  close_unlisted(numbered);
  define_engines();
  venue_known_ = true;
  venue_->market().start();
  venue_->private_stream().start();
  if (!latch::Word{latch_word_}.sealed() && config_.live)
    venue_->gateway().open_order_connections();
  reconcile(reconcile_since_);
  connect_delay_ = Nanos{0};
  bring_up_engines();
}

void Trading::tell_if_refused(const machine::InstrumentDefined& offered,
                              const machine::InstrumentDefined& taken) {
  const bool same = offered.price_exponent == taken.price_exponent &&
                    offered.quantity_exponent == taken.quantity_exponent;
  if (same) return;
  add_to(symbols_trouble_, offered.name.str() +
                               ": the venue changed its steps while a position or an order counts "
                               "in the old ones: not traded");
}

// Configured, known from before, and not at the venue any more: nobody trades on what it was.
void Trading::close_unlisted(const std::vector<machine::InstrumentDefined>& listed) {
  for (std::size_t i = 0; i < machine_.state().instruments.size(); ++i) {
    const machine::Instrument& instrument = machine_.state().instruments[i];
    machine::InstrumentDefined closed = instrument.definition;
    const auto has_its_name = [&](const auto& one) { return closed.name == one.name; };
    const bool is_configured =
        std::any_of(config_.symbols.begin(), config_.symbols.end(),
                    [&](const std::string& name) { return closed.name.view() == name; });
    if (!instrument.defined || !is_configured || !closed.tradable ||
        std::any_of(listed.begin(), listed.end(), has_its_name))
      continue;
    closed.tradable = false;
    apply(closed);
  }
}

void Trading::publish_trouble() {
  std::string trouble = symbols_trouble_;
  if (const std::string more = venue_->trouble(); !more.empty()) add_to(trouble, more);
  if (trouble == venue_trouble_) return;
  venue_trouble_ = trouble;
  status_.venue_trouble.store(std::string_view(venue_trouble_));
  if (!venue_trouble_.empty()) spdlog::error("venue: {}", venue_trouble_);
}

// What stands at the venue is looked after whether engines can be started or not.
void Trading::bring_up_engines() {
  if (stopping_) return;
  const Status hub = start_hub();
  if (hub) return set_waiting_for("");
  ask_again_for("engines", hub.error(), [this] { bring_up_engines(); });
}

void Trading::ask_again_for(const char* what, const Error& why, std::function<void()> again) {
  const std::string text = why.text();
  if (text != waiting_for_) spdlog::error("{}: {}; trying again", what, text);
  set_waiting_for(text);
  connect_delay_ = std::clamp(connect_delay_ * 2, kConnectDelayMin, kConnectDelayMax);
  loop_.after(connect_delay_, std::move(again));
}

void Trading::define_engines() {
  const auto engine_name = [](const machine::Engine& item) { return item.definition.name.view(); };
  const auto symbol_name = [](const machine::Instrument& item) {
    return item.definition.name.view();
  };
  // One whose symbol the venue does not have, and never had, has nothing to trade.
  const auto has_symbol = [&](const auto& settings) {
    const auto& all = machine_.state().instruments;
    return id_of(all, settings.symbol, symbol_name) < all.size();
  };
  for (const auto& settings : config_.engines) {
    if (!has_symbol(settings)) continue;
    machine::EngineDefined definition;
    definition.engine = {
        static_cast<std::uint16_t>(id_of(machine_.state().engines, settings.name, engine_name))};
    definition.symbol = {static_cast<std::uint16_t>(
        id_of(machine_.state().instruments, settings.symbol, symbol_name))};
    definition.name = std::string_view(settings.name);
    definition.strategy = std::string_view(settings.strategy);
    definition.enabled = settings.enabled;
    apply(definition);
  }
  // An engine that the configuration no longer names (or whose symbol is none) stays known,
  // switched off.
  for (std::size_t i = 0; i < machine_.state().engines.size(); ++i) {
    const machine::Engine& engine = machine_.state().engines[i];
    const bool named =
        std::any_of(config_.engines.begin(), config_.engines.end(), [&](const auto& settings) {
          return settings.name == engine.definition.name.view() && has_symbol(settings);
        });
    if (!engine.defined || named || !engine.definition.enabled) continue;
    machine::EngineDefined gone = engine.definition;
    gone.enabled = false;
    apply(gone);
  }
}

Status Trading::start_hub() {
  engine::HubOptions options;
  options.engine_binary = os::own_executable_folder() + "/levi-engine";
  options.heartbeat_max = config_.heartbeat_max;
  options.standby_count = config_.standby_count;
  options.spin = config_.spin;
  options.log_folder = config_.data + "/log";
  LEVI_TRY_STATUS(os::make_folders(options.log_folder));
  for (const auto& engine : machine_.state().engines) {
    if (!engine.defined) continue;
    const auto& instrument =
        machine_.state().instruments[engine.definition.symbol.value].definition;
    engine::EngineConfig one;
    one.id = engine.definition.engine;
    one.name = engine.definition.name.str();
    one.symbol = instrument.name.str();
    one.symbol_id = instrument.symbol;
    one.strategy = engine.definition.strategy.str();
    one.price_exponent = instrument.price_exponent;
    one.quantity_exponent = instrument.quantity_exponent;
    for (const auto& settings : config_.engines) {
      if (settings.name == one.name) one.parameters = settings.parameters;
    }
    options.engines.push_back(std::move(one));
  }
  LEVI_TRY(hub, engine::EngineHub::start(loop_, std::move(options),
                                         [this](const machine::Event& event) { apply(event); }));
  hub_ = std::move(hub);
  trading_told_ = engine::kTakesNone;
  for (const auto& effect : std::exchange(engine_effects_waiting_, {})) carry_out(effect);
  return ok();
}

}  // namespace levi::levid
