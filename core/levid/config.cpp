#include "core/levid/config.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "core/base/strict_yaml.h"
#include "core/latch/latch.h"
#include "core/machine/machine.h"
#include "core/os/file.h"
#include "core/os/resolver.h"

namespace levi::levid {
namespace {

constexpr std::size_t kEnginesMax = 256;
constexpr std::size_t kSymbolsMax = 100;
constexpr Nanos kVenueWindowMax{60s};     // the venue refuses more
constexpr Nanos kHeartbeatMaxMin{100ms};  // engines beat every 50 ms
constexpr Nanos kHeartbeatMaxMax{
    10s};  // sets how often the supervisor looks; rarer would seem to hang

std::string absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

os::Endpoint endpoint(YamlMap& map, const char* key, const std::string& fallback) {
  const std::string text = map.text(key, fallback);
  const auto parsed = os::parse_endpoint(text);
  if (parsed) return parsed.value();
  map.fail(key, "'" + std::string(key) + "': " + parsed.error().message,
           "write host:port, for example " + fallback);
  return {};
}

// HOST:PORT, where the host may be a name. It is not looked up here: a resolver that is down for a
// moment is no mistake of the configuration's, and a start must get over it.
std::string venue_address(YamlMap& map, const char* key, const std::string& fallback) {
  const std::string text = map.text(key, fallback);
  if (os::resolves_at_once(text)) return endpoint(map, key, fallback).text();
  const std::size_t colon = text.rfind(':');
  const std::string_view name = std::string_view(text).substr(0, colon);
  const bool is_name = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  });
  if (is_name && os::parse_endpoint("127.0.0.1" + text.substr(colon))) return text;
  map.fail(key, "'" + std::string(key) + "': '" + text + "' is not an address",
           "write host:port, for example " + fallback);
  return {};
}

os::Endpoint own_endpoint(YamlMap& map, const char* key, const std::string& fallback) {
  const os::Endpoint found = endpoint(map, key, fallback);
  if (!found.is_unix() && !found.host.empty() && !found.is_loopback()) {
    map.fail(key, "'" + std::string(key) + "' binds beyond loopback (" + found.text() + ")",
             "this version has no tokens yet: bind 127.0.0.1 and put a tunnel in front");
  }
  return found;
}

std::string in_words(Nanos duration) {
  return duration >= 1h ? std::to_string(duration / Nanos{1h}) + "h" : format_duration(duration);
}

// Bounds what nobody means to write: a limit that the machine would refuse is none at all.
Nanos duration(YamlMap& map, const char* key, Nanos fallback, Nanos min, Nanos max) {
  const Nanos found = map.duration(key, fallback);
  if (found >= min && found <= max) return found;
  map.fail(key, "'" + std::string(key) + "' must be " + in_words(min) + " to " + in_words(max),
           "the default is " + in_words(fallback));
  return fallback;
}

// It becomes a header of every request: a line's end in it would be a second header, and a file of
// two lines is the wrong file. The secret is held to the same.
bool is_one_word(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

std::string one_word(YamlMap& map, const std::string& key, const std::string& what,
                     const std::string& text) {
  if (is_one_word(text)) return text;
  map.fail(key.c_str(), "the venue's " + what + " has blanks or control characters in it",
           "it is one word of printable characters, as the venue gave it");
  return "";
}

// A secret stands in an environment variable or in a file, never in the configuration itself.
std::string secret(YamlMap& map, const std::string& what, const std::string& env_fallback) {
  const std::string env_key = what + "_env";
  const std::string file_key = what + "_file";
  const std::string variable = map.text(env_key.c_str(), env_fallback);
  const std::string file = map.text(file_key.c_str(), "");
  if (!file.empty()) {
    const auto content = os::read_file(file);
    if (content) {
      const std::string& text = content.value();
      return one_word(map, file_key, what, text.substr(0, text.find_last_not_of(" \r\n\t") + 1));
    }
    map.fail(file_key.c_str(), content.error().message,
             "write the " + what + " into that file, mode 0600");
    return "";
  }
  const char* value = std::getenv(variable.c_str());
  if (value != nullptr && *value != '\0') return one_word(map, env_key, what, value);
  map.fail(env_key.c_str(), "the venue's " + what + " is not set",
           "export " + variable + "=…, or name a file with " + file_key);
  return "";
}

// MEXC_USE_WS=false polls, whatever the file says; true is what the file says.
void read_forced_polling(YamlMap& map, Config& config) {
  const char* value = std::getenv("MEXC_USE_WS");
  const std::string_view forced = value == nullptr ? "" : value;
  if (forced == "false" || forced == "0") config.use_websocket = false;
  if (forced.empty() || forced == "false" || forced == "0" || forced == "true" || forced == "1")
    return;
  map.fail("use_websocket", "MEXC_USE_WS is '" + std::string(forced) + "' in the environment",
           "export it as true or false, or unset it");
}

void read_venue(YamlMap& map, Config& config) {
  config.venue_name = map.choice("name", {"mexc"}, "mexc");
  config.venue_rest = venue_address(map, "rest", "127.0.0.1:8734");
  config.venue_websocket = venue_address(map, "websocket", config.venue_rest);
  config.key = secret(map, "key", "LEVI_VENUE_KEY");
  config.secret = secret(map, "secret", "LEVI_VENUE_SECRET");
  config.recv_window = duration(map, "recv_window", 2s, 1ms, kVenueWindowMax);
  config.answer_timeout = duration(map, "answer_timeout", 2s, 10ms, 60s);
  config.order_connections = static_cast<unsigned>(map.integer("order_connections", 1, 64, 8));
  config.update_speed = map.choice("update_speed", {"10ms", "100ms"}, "10ms");
  config.use_websocket = map.boolean("use_websocket", true);
  config.limits.polling_after = duration(map, "polling_after", 5s, 0s, 24h);
  read_forced_polling(map, config);
}

Money money(YamlMap& map, const char* key, const char* fallback) {
  // Not as a decimal of the file's own: those have room for 12 decimals, and none for ten million.
  const auto parsed = parse_decimal(map.text(key, fallback), kMoneyExponent);
  if (parsed && parsed.value() > 0 && parsed.value() <= machine::kMoneyMax) return {parsed.value()};
  map.fail(key, "'" + std::string(key) + "' must be a positive amount of at most 8 decimals",
           "write 200 or 0.5, at most 23 billion");
  return {1};
}

void read_limits(YamlMap& map, machine::Limits& limits) {
  limits.daily_loss_max = money(map, "max_daily_loss", "200");
  limits.position_notional_max = money(map, "max_position_size_usd", "1000");
  limits.open_positions_max =
      static_cast<std::uint32_t>(map.integer("max_open_positions", 1, 1000, 5));
  limits.open_orders_max = static_cast<std::uint32_t>(map.integer("max_open_orders", 1, 500, 400));
  limits.data_age_max = duration(map, "max_data_age", 1s, 1ms, 1h);
  limits.restarts_max = static_cast<std::uint32_t>(map.integer("engine_restarts_max", 0, 1000, 5));
  limits.restart_window = duration(map, "engine_restart_window", 600s, 1s, 720h);
}

void read_engine(YamlMap& map, Config& config, std::set<std::string>& names) {
  EngineSettings engine;
  engine.line = map.line();
  engine.name = map.text("name");
  engine.symbol = map.text("symbol");
  engine.strategy = map.text("strategy", "quoter");
  engine.enabled = map.boolean("enabled", true);
  map.scalars("parameters", [&](const std::string& name, const std::string& value) {
    engine.parameters += (engine.parameters.empty() ? "" : ";") + name + "=" + value;
  });
  if (!names.insert(engine.name).second)
    map.fail("name", "two engines are named '" + engine.name + "'");
  if (!FixedString<23>::fits(engine.name))
    map.fail("name", "'" + engine.name + "' is longer than 23 characters");
  bool known = false;
  for (const auto& symbol : config.symbols) known = known || symbol == engine.symbol;
  if (!known) {
    map.fail("symbol", "'" + engine.symbol + "' is not among 'symbols'",
             "add it there, or correct it here");
  }
  config.engines.push_back(std::move(engine));
}

void read_symbols(YamlMap& root, Config& config) {
  config.symbols = root.texts("symbols");
  std::set<std::string> seen;
  for (const auto& symbol : config.symbols) {
    if (!seen.insert(symbol).second)
      root.fail("symbols", "'" + symbol + "' stands twice in 'symbols'");
    if (symbol.empty() || !SymbolName::fits(symbol))
      root.fail("symbols", "'" + symbol + "' is not a symbol");
  }
  if (config.symbols.empty())
    root.fail("symbols", "'symbols' is missing", "add symbols: [BTCUSDT]");
  if (config.symbols.size() > kSymbolsMax)
    root.fail("symbols", "more than 100 symbols", "run a second levid");
}

void read_journal(YamlMap& map, Config& config) {
  config.ring_bytes = static_cast<std::size_t>(map.integer("ring_mib", 1, 4096, 64)) << 20;
  config.segment_bytes = static_cast<std::size_t>(map.integer("segment_mib", 1, 1024, 16)) << 20;
  config.segments_kept = static_cast<unsigned>(map.integer("segments_kept", 1, 10000, 4));
  config.snapshot_every = duration(map, "snapshot_every", 60s, 1s, 24h);
}

void read_store(YamlMap& map, Config& config) {
  constexpr std::int64_t kRowsMax = 1'000'000'000;
  const store::RowsKept usual;
  const auto rows = [&](const char* key, std::uint64_t otherwise) {
    return static_cast<std::uint64_t>(
        map.integer(key, 1000, kRowsMax, static_cast<std::int64_t>(otherwise)));
  };
  config.store_kept = {rows("signals_max", usual.signals), rows("orders_max", usual.orders)};
}

std::string data_folder(YamlMap& root) {
  const std::string folder = root.text("data");
  if (root.has("data") && folder.empty())
    root.fail("data", "'data' is empty", "name the folder for journal, store and audit");
  if (os::exists(folder) && !std::filesystem::is_directory(folder))
    root.fail("data", "'data' is " + folder + ", which is no folder",
              "name the folder for journal, store and audit");
  return absolute(folder);
}

// Port 0 takes a free one, so two of them are not the same.
void check_apart(YamlMap& root, const Config& config) {
  const bool taken = config.api.is_unix() || config.api.port != 0;
  if (!taken || config.api.text() != config.control.text()) return;
  root.fail("control", "'control' is the address of 'api' (" + config.api.text() + ")",
            "give each a port of its own: 127.0.0.1:8000 and 127.0.0.1:8001");
}

void read_root(YamlMap& root, Config& config) {
  config.name = root.text("name", "levid");
  config.environment = root.choice("environment", {"stage", "staging", "production"}, "staging");
  config.live = root.choice("mode", {"LIVE", "DRY"}, "DRY") == "LIVE";
  config.data = data_folder(root);
  config.runtime = absolute(root.text("runtime", ""));
  if (config.runtime.empty()) {
    config.runtime = latch::default_runtime_folder(config.data);
  } else if (const auto tmpfs = os::is_tmpfs(config.runtime); tmpfs && !tmpfs.value()) {
    root.fail(
        "runtime", "'" + config.runtime + "' is not on tmpfs",
        "name a folder in memory, such as /dev/shm/levi: no disk may hold up the kill switch");
  }
  read_symbols(root, config);
  if (!root.has("venue")) root.fail("venue", "'venue' is missing", "see configs/levid.yaml");
  root.map("venue", [&](YamlMap& map) { read_venue(map, config); });
  root.map("limits", [&](YamlMap& map) { read_limits(map, config.limits); });
  // What the ranges above let through and the machine would not take: never found out while
  // running.
  if (const Status usable = machine::check(config.limits); !usable)
    root.fail("limits", usable.error().message);
  std::set<std::string> names;
  root.list("engines", [&](YamlMap& map) { read_engine(map, config, names); });
  if (config.engines.size() > kEnginesMax) root.fail("engines", "more than 256 engines");
  root.map("supervision", [&](YamlMap& map) {
    config.heartbeat_max =
        duration(map, "heartbeat_max", 250ms, kHeartbeatMaxMin, kHeartbeatMaxMax);
    config.standby_count = static_cast<unsigned>(map.integer("standbys", 0, 8, 1));
    config.spin = map.boolean("spin", false);
  });
  config.api = own_endpoint(root, "api", "127.0.0.1:8000");
  config.control = own_endpoint(root, "control", "127.0.0.1:8001");
  check_apart(root, config);
  config.ring_bytes = 64u << 20;
  config.segment_bytes = 16u << 20;
  config.segments_kept = 4;
  root.map("journal", [&](YamlMap& map) { read_journal(map, config); });
  root.map("store", [&](YamlMap& map) { read_store(map, config); });
  config.log_level = root.choice("log_level", {"debug", "info", "warn", "error"}, "info");
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& file) {
  LEVI_TRY(root, YamlDocument::parse(text, file));
  Config config;
  config.file = file;
  read_root(root, config);
  LEVI_TRY_STATUS(root.finish());
  return config;
}

Result<Config> load_config(const std::string& file) {
  const auto text = os::read_file(file);
  if (!text) {
    return error(ErrorCode::kInvalid, text.error().message,
                 "give --config FILE; configs/levid.yaml is a commented example");
  }
  return parse_config(text.value(), file);
}

std::string key_fingerprint(std::string_view key) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  std::string text;
  for (int i = 0; i < 4; ++i) {
    text += "0123456789abcdef"[digest[i] >> 4];
    text += "0123456789abcdef"[digest[i] & 15];
  }
  return text;
}

}  // namespace levi::levid
