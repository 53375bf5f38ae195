#include "exchange/server/options.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "core/base/version.h"
#include "core/os/file.h"

namespace levi::exchange {
namespace {

constexpr int kWrongUsage = 2;
constexpr std::size_t kSymbolsMax = 500;
constexpr int kRateMax = 100'000;
constexpr std::int64_t kLatencyMaxUs = 60'000'000;
constexpr const char* kExample = R"(Example:
  LEVI_PRACTICE_KEY=k LEVI_PRACTICE_SECRET=s levi-exchange --symbols BTCUSDT,ETHUSDT --seed 7 --rate 200
  curl 'http://127.0.0.1:8734/api/v3/depth?symbol=BTCUSDT&limit=5'
  curl 'http://127.0.0.1:8735/ledger?after=0&limit=10'
A keys file:
  keys: [{key: K, secret: S, name: trader, balances: {USDT: 1000000, BTC: 20}}]
Keys of one name share one account.)";

struct Raw {
  std::vector<std::string> symbols{"BTCUSDT", "ETHUSDT", "SOLUSDT"};
  std::string limits = "off";
  std::string keys_file;
  int ready_descriptor = -1;
  std::int64_t latency_us = 0;
};

void declare(CLI::App& app, ExchangeOptions& options, Raw& raw) {
  app.set_version_flag("--version", kBuild);
  app.footer(kExample);
  app.add_option("--port", options.port, "REST and WebSocket port on 127.0.0.1; 0 takes a free one")
      ->capture_default_str();
  app.add_option("--admin-port", options.admin_port, "Admin port on 127.0.0.1; 0 takes a free one")
      ->capture_default_str();
  app.add_option("--symbols", raw.symbols, "Comma-separated")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--seed", options.seed,
                 "Of the market flow: the same seed, the same stream of orders")
      ->capture_default_str();
  app.add_option("--rate", options.pace.events_per_second,
                 "Market flow: orders per second and symbol; 0 stands still")
      ->check(CLI::Range(0, kRateMax))
      ->capture_default_str();
  app.add_option("--latency-us", raw.latency_us,
                 "Every REST answer comes this much later, as from a venue far away, us")
      ->check(CLI::Range(std::int64_t{0}, kLatencyMaxUs))
      ->capture_default_str();
  app.add_option("--venue-limits", raw.limits, "Request weights and rates as the venue has them")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  app.add_option("--recv-window-max", options.rest.recv_window_max_ms,
                 "Largest recvWindow that is accepted, ms")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  app.add_option("--ledger", options.ledger_path,
                 "Append the witness ledger to this file as well (JSON lines)");
  app.add_option("--ledger-entries-max", options.ledger_entries_max, "Entries kept in memory")
      ->check(CLI::Range(1'000, 50'000'000))
      ->capture_default_str();
  app.add_option("--keys-file", raw.keys_file,
                 "API keys and starting balances, YAML or JSON; "
                 "without one: LEVI_PRACTICE_KEY and LEVI_PRACTICE_SECRET");
  app.add_option("--ready-fd", raw.ready_descriptor,
                 "Write the line that says the ports to this descriptor, too");
}

Result<std::vector<KeySpec>> read_keys(const Raw& raw, const PracticeKey& practice,
                                       const std::vector<SymbolSpec>& symbols) {
  if (!raw.keys_file.empty()) {
    LEVI_TRY(text, os::read_file(raw.keys_file));
    return parse_keys(text, raw.keys_file);
  }
  if (practice.key.empty() || practice.secret.empty()) {
    return error(ErrorCode::kInvalid, "no API key is known",
                 "set LEVI_PRACTICE_KEY and LEVI_PRACTICE_SECRET, or give --keys-file");
  }
  return std::vector<KeySpec>{
      {practice.key, practice.secret, "practice", default_balances(symbols)}};
}

Status complete(ExchangeOptions& options, const Raw& raw, const PracticeKey& practice) {
  options.latency = std::chrono::microseconds(raw.latency_us);
  options.rest.limits = raw.limits == "on";
  if (raw.ready_descriptor >= 0) options.ready_descriptor = raw.ready_descriptor;
  if (raw.symbols.size() > kSymbolsMax)
    return error(ErrorCode::kInvalid, "more than 500 symbols", "give fewer");
  for (const std::string& name : raw.symbols) {
    LEVI_TRY(spec, make_symbol(name));
    for (const SymbolSpec& known : options.symbols) {
      if (known.name == spec.name)
        return error(ErrorCode::kInvalid, name + " is given twice", "remove one");
    }
    options.symbols.push_back(spec);
  }
  LEVI_TRY(keys, read_keys(raw, practice, options.symbols));
  options.keys = std::move(keys);
  return ok();
}

}  // namespace

ParsedOptions parse_options(int argc, const char* const* argv, const PracticeKey& practice) {
  CLI::App app{
      "levi-exchange: a practice exchange that speaks MEXC spot v3, and the witness of what "
      "reached it.",
      "levi-exchange"};
  ExchangeOptions options;
  Raw raw;
  declare(app, options, raw);
  try {
    app.parse(argc, argv);
  } catch (
      const CLI::ParseError& problem) {  // CLI11 knows no other way; its exit codes are not ours.
    return {std::nullopt, app.exit(problem) == 0 ? 0 : kWrongUsage};
  }
  const Status completed = complete(options, raw, practice);
  if (!completed) {
    std::cerr << "levi-exchange: " << completed.error().text() << '\n';
    return {std::nullopt, kWrongUsage};
  }
  return {std::move(options), 0};
}

}  // namespace levi::exchange
