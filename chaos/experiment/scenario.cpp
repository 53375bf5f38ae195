#include "chaos/experiment/scenario.h"

#include <algorithm>
#include <charconv>

#include "chaos/experiment/probe.h"
#include "chaos/fault/registry.h"
#include "core/base/strict_yaml.h"
#include "reports/statistics.h"

namespace levi::chaos {
namespace {

constexpr std::int64_t kTrialsMax = 100'000;
constexpr std::size_t kIdBytesMax = 31;  // the target keeps it in its lease
constexpr Nanos kHoldMax = 600s;

using Words = std::vector<std::string>;

std::string join(const Words& words) {
  std::string joined;
  for (const auto& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

bool contains(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A list whose every word must be known.
Words read_words(YamlMap& map, const char* key, const Words& known, const char* what) {
  Words words = map.texts(key);
  for (const auto& word : words) {
    if (!contains(known, word))
      map.fail(key, std::string("unknown ") + what + " '" + word + "'", "known: " + join(known));
    if (std::count(words.begin(), words.end(), word) > 1) {
      map.fail(key, std::string("the ") + what + " '" + word + "' stands twice", "name it once");
    }
  }
  return words;
}

reports::Unit unit_of(const std::string& measure) {
  static const Words kCounts{"lost", "duplicated", "unexpected", "beyond_s"};
  if (measure == "orders_per_second") return reports::Unit::kPerSecond;
  return contains(kCounts, measure) ? reports::Unit::kCount : reports::Unit::kSeconds;
}

std::optional<std::int64_t> read_limit(YamlMap& map, const char* key, reports::Unit unit) {
  if (!map.has(key)) return std::nullopt;
  if (unit != reports::Unit::kSeconds) return map.integer(key, 0, 1'000'000'000);
  return map.duration(key, Nanos{0}).count();
}

// What a fault need not cause, or what may be too short for any witness. Everything else was seen,
// or its trial says nothing.
const Words kMayBeAbsent{"impact", "detect", "mttr", "recover_after_revert", "kill_effect"};
const Words kOfLedgers{"lost", "duplicated", "unexpected"};
const Words kOfKills{"kill_ack", "kill_effect", "orders_cleared", "beyond_s"};

void read_measures(YamlMap& root, Scenario& scenario) {
  root.map("measure", [&](YamlMap& measures) {
    for (const auto& name : known_measures()) {
      measures.map(name.c_str(), [&](YamlMap& limits) {
        MeasureOrder order;
        order.name = name;
        order.unit = unit_of(name);
        order.target.max = read_limit(limits, "max", order.unit);
        order.target.p50 = read_limit(limits, "p50", order.unit);
        order.target.p95 = read_limit(limits, "p95", order.unit);
        order.target.p99 = read_limit(limits, "p99", order.unit);
        const bool percentile = order.target.p50 || order.target.p95 || order.target.p99;
        order.required = percentile || !contains(kMayBeAbsent, name);
        scenario.measures.push_back(std::move(order));
      });
    }
  });
}

void check_parameter(YamlMap& inject, const FaultKind& kind, const std::string& name,
                     const std::string& value) {
  const auto known = kind.parameters.find(name);
  if (known == kind.parameters.end()) {
    Words names;
    for (const auto& [parameter, values] : kind.parameters) names.push_back(parameter);
    inject.fail(name.c_str(), "the fault " + kind.name + " takes no parameter '" + name + "'",
                names.empty() ? "it takes none" : "it takes: " + join(names));
  } else if (!known->second.empty() && !contains(known->second, value)) {
    inject.fail(name.c_str(), "'" + name + "' is '" + value + "'",
                "expected one of: " + join(known->second));
  }
}

// `inject: {fault: feed.reset, on: market}`: all keys but `fault` are the fault's own parameters.
const FaultKind* read_fault(YamlMap& root, Scenario& scenario) {
  const FaultKind* kind = nullptr;
  std::vector<std::pair<std::string, std::string>> entries;
  root.scalars("inject", [&](const std::string& name, const std::string& value) {
    entries.emplace_back(name, value);
  });
  root.map("inject", [&](YamlMap& inject) {
    scenario.fault = inject.text("fault");
    kind = find_fault(scenario.fault);
    if (kind == nullptr) {
      Words names;
      for (const auto& fault : fault_kinds()) names.push_back(fault.name);
      inject.fail("fault", "unknown fault '" + scenario.fault + "'", "known: " + join(names));
    }
    for (const auto& [name, value] : entries) {
      if (name == "fault") continue;
      (void)inject.text(name.c_str(), "");
      if (kind != nullptr) check_parameter(inject, *kind, name, value);
      scenario.parameters[name] = value;
    }
  });
  if (!root.has("inject")) root.fail("inject", "'inject' is missing", "add inject: {fault: NAME}");
  return kind;
}

void read_holds(YamlMap& root, const FaultKind& kind, Scenario& scenario) {
  for (const auto& text : root.texts("for")) {
    const auto hold = parse_duration(text);
    if (!hold) {
      root.fail("for", "'for': " + hold.error().message, hold.error().fix);
    } else if (hold.value() <= Nanos{0} || hold.value() > kHoldMax) {
      root.fail("for", "'for' is " + text,
                "expected more than nothing and at most " + format_duration(kHoldMax));
    } else {
      scenario.holds.push_back(hold.value());
    }
  }
  if (kind.held && scenario.holds.empty()) {
    root.fail("for",
              "the fault " + kind.name +
                  " stands until it is taken back, and 'for' does not say how long",
              "add for: 1s, or a list with one hold per trial");
  }
  if (!kind.held && !scenario.holds.empty()) {
    root.fail("for", "the fault " + kind.name + " is over at once: 'for' has no meaning",
              "remove it");
  }
}

void read_flow(YamlMap& root, Scenario& scenario) {
  root.map("flow", [&](YamlMap& flow) {
    scenario.flow.orders_per_second_min = flow.integer("min", 1, 10'000'000);
    scenario.flow.window = flow.duration("window", scenario.flow.window);
    if (scenario.flow.window <= Nanos{0})
      flow.fail("window", "'flow.window' must be longer than nothing", "write 20ms");
  });
}

// A check that this scenario does not make can't fail.
Words checks_of(const Scenario& scenario) {
  Words checks;
  for (const auto& check : known_checks()) {
    const bool invariant = contains(known_invariants(), check);
    if (!invariant || contains(scenario.invariants, check)) checks.push_back(check);
  }
  for (const auto& probe : scenario.throughout) checks.push_back("throughout:" + probe);
  return checks;
}

void read_controls(YamlMap& root, Scenario& scenario) {
  root.map("controls", [&](YamlMap& controls) {
    controls.map("left_out", [&](YamlMap& left_out) {
      const std::string code = left_out.choice("undecided", reports::known_undecided(), "unproven");
      if (const auto parsed = reports::parse_undecided(code)) scenario.controls.left_out = *parsed;
    });
    controls.list("off", [&](YamlMap& off) {
      OffControl control;
      control.defence = off.text("defence");
      control.fails = off.text("fails");
      control.because = off.text("because");
      if (!contains(known_defences(), control.defence))
        off.fail("defence", "unknown defence '" + control.defence + "'",
                 "known: " + join(known_defences()));
      if (!contains(checks_of(scenario), control.fails))
        off.fail("fails", "this scenario has no check '" + control.fails + "'",
                 "it has: " + join(checks_of(scenario)));
      if (control.because.empty())
        off.fail("because", "'because' is empty: any failure would do",
                 "write words of the violation's detail");
      control.flow_min = off.integer("flow_min", 1, 10'000'000, 0);
      if (control.flow_min > scenario.flow.orders_per_second_min)
        off.fail("flow_min", "'flow_min' is more than the scenario's own flow",
                 "leave it out, or write less than 'flow.min'");
      scenario.controls.off.push_back(std::move(control));
    });
  });
}

void read_limits(YamlMap& root, Scenario& scenario) {
  scenario.trials = static_cast<int>(root.integer("trials", 1, kTrialsMax, scenario.trials));
  scenario.settle = root.duration("settle", scenario.settle);
  scenario.timeout = root.duration("timeout", scenario.timeout);
  scenario.must_pass = root.boolean("must_pass", false);
  if (scenario.settle <= Nanos{0})
    root.fail("settle", "'settle' must be longer than nothing", "write 300ms");
  if (scenario.timeout <= scenario.settle) {
    root.fail("timeout", "'timeout' leaves no time to settle",
              "write more than " + format_duration(scenario.settle));
  }
}

void read_names(YamlMap& root, Scenario& scenario) {
  scenario.id = root.text("id");
  scenario.name = root.text("name");
  scenario.title = root.text("title", "");
  scenario.tags = root.texts("tags");
  const auto plain = [](const std::string& text) {
    return !text.empty() && text.size() <= kIdBytesMax &&
           text.find_first_not_of(
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
               std::string::npos;
  };
  if (!plain(scenario.id))
    root.fail("id", "'id' is '" + scenario.id + "'", "use 1 to 31 letters, digits, '-', '_', '.'");
  if (!plain(scenario.name))
    root.fail("name", "'name' is '" + scenario.name + "'",
              "use 1 to 31 letters, digits, '-', '_', '.'");
}

// A measure that nothing in the scenario could ever give a value.
void check_measures(YamlMap& root, const Scenario& scenario, const FaultKind& kind) {
  for (const auto& measure : scenario.measures) {
    const std::string name = "'" + measure.name + "'";
    if (contains(kOfLedgers, measure.name) && !contains(scenario.invariants, "ledger.reconciled")) {
      root.fail("measure", name + " is counted by the invariant ledger.reconciled",
                "add it to 'invariants'");
    }
    if (contains(kOfKills, measure.name) && !kind.seals)
      root.fail("measure", name + " needs a fault that presses the kill switch", "remove it");
    if (measure.name == "orders_per_second" && scenario.flow.orders_per_second_min == 0)
      root.fail("measure", name + " is counted in the window of 'flow'", "add flow: {min: 1}");
  }
}

// What a check is looked at with: without it the scenario is skipped, never passed unlooked at.
Words needs_of_checks(const Scenario& scenario, const FaultKind& kind) {
  Words needs;
  const auto at_exchange = [](const std::string& probe) {
    const Probe* found = find_probe(probe);
    return found != nullptr && place_of(found->document).at_exchange;
  };
  const bool probed =
      std::any_of(scenario.steady.begin(), scenario.steady.end(), at_exchange) ||
      std::any_of(scenario.throughout.begin(), scenario.throughout.end(), at_exchange);
  if (scenario.judges_ledger() || kind.seals || probed) needs.emplace_back("exchange-admin");
  const auto& invariants = scenario.invariants;
  if (contains(invariants, "audit.chained") || contains(invariants, "store.reconciled"))
    needs.emplace_back("data-folder");
  return needs;
}

void add_needs(const Words& needs, Scenario& scenario) {
  for (const auto& need : needs) {
    if (!contains(scenario.needs, need)) scenario.needs.push_back(need);
  }
}

// The first percentile target that these trials can't decide.
std::optional<std::pair<std::string, std::size_t>> undecidable(const Scenario& scenario) {
  const auto trials = static_cast<std::size_t>(scenario.trials);
  for (const auto& measure : scenario.measures) {
    if (measure.target.p50 && trials < reports::trials_needed(0.50)) {
      return std::pair{measure.name + ".p50", reports::trials_needed(0.50)};
    }
    if (measure.target.p95 && trials < reports::trials_needed(0.95)) {
      return std::pair{measure.name + ".p95", reports::trials_needed(0.95)};
    }
    if (measure.target.p99 && trials < reports::trials_needed(0.99)) {
      return std::pair{measure.name + ".p99", reports::trials_needed(0.99)};
    }
  }
  return std::nullopt;
}

std::string undecidable_text(const Scenario& scenario, const std::string& what,
                             std::size_t needed) {
  return std::to_string(scenario.trials) + " trials can't decide the target " + what +
         ", which needs " + std::to_string(needed);
}

}  // namespace

bool Scenario::judges_ledger() const {
  return contains(invariants, "ledger.reconciled") || contains(invariants, "store.reconciled") ||
         flow.orders_per_second_min > 0;
}

Nanos Scenario::hold(int trial) const {
  if (holds.empty()) return Nanos{0};
  return holds[std::min(static_cast<std::size_t>(trial - 1), holds.size() - 1)];
}

std::string Scenario::variant(int trial) const {
  return variants.empty() ? std::string()
                          : variants[static_cast<std::size_t>(trial - 1) % variants.size()];
}

Status lint(const Scenario& scenario) {
  const auto found = undecidable(scenario);
  if (!found) return ok();
  return error(ErrorCode::kInvalid,
               scenario.id + ": " + undecidable_text(scenario, found->first, found->second),
               "run more trials, or use 'max'");
}

Result<Scenario> parse_scenario(std::string_view text, const std::string& file_name) {
  LEVI_TRY(root, YamlDocument::parse(text, file_name));
  Scenario scenario;
  scenario.source = file_name;
  read_names(root, scenario);
  read_limits(root, scenario);
  scenario.steady = read_words(root, "steady", known_probes(), "probe");
  if (scenario.steady.empty()) {
    root.fail("steady", "'steady' names no probe: nothing would be watched",
              "add steady: [core.healthy]");
  }
  scenario.throughout = read_words(root, "throughout", known_probes(), "probe");
  scenario.invariants = read_words(root, "invariants", known_invariants(), "invariant");
  scenario.needs = read_words(root, "needs", known_needs(), "need");
  read_flow(root, scenario);
  read_controls(root, scenario);
  read_measures(root, scenario);
  const FaultKind* kind = read_fault(root, scenario);
  if (kind != nullptr) {
    read_holds(root, *kind, scenario);
    scenario.variants = read_words(root, "variants", kind->variants, "variant");
    add_needs(kind->needs, scenario);
    add_needs(needs_of_checks(scenario, *kind), scenario);
    check_measures(root, scenario, *kind);
  }
  if (const auto found = undecidable(scenario)) {
    root.fail("trials", undecidable_text(scenario, found->first, found->second),
              "use 'max', or more trials");
  }
  LEVI_TRY_STATUS(root.finish());
  return scenario;
}

}  // namespace levi::chaos
