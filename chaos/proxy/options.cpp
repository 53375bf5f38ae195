#include "chaos/proxy/options.h"

#include <charconv>
#include <functional>
#include <map>

namespace levi::proxy {

const char* const kUsageText =
    R"(levi-proxy: breaks the network between a client and its server on request, over Toxiproxy's HTTP API.

usage: levi-proxy [flags]        (one dash or two)

  -host HOST          where the API listens (default localhost; anything else needs LEVI_PROXY_TOKEN)
  -port PORT          of the API (default 8474; 0 takes a free one and prints it)
  -config FILE        JSON: an array of proxies, as POST /populate takes it
  -seed N             the same seed afflicts the same connections again (default: drawn, and printed)
  -proxy-metrics      bytes of each proxy at GET /metrics
  -runtime-metrics    memory, descriptors and connections at GET /metrics
  -connect HOST:PORT  an HTTP CONNECT proxy: a client's httpsProxy; known upstreams go through their proxies
  -tls-ca FILE        makes a scratch CA and writes its certificate there, for proxies that end TLS
  -drain DURATION     on SIGTERM, how long open connections may go on (default 5s)
  -compat             Toxiproxy's old ways: a refused upstream is a clean end, no token is needed
  -version            print the version
  LOG_LEVEL           panic, fatal, error, warn, info (default), debug, trace

example: a feed that goes silent
  levi-proxy &
  curl -d '{"name":"feed","listen":"localhost:9001","upstream":"localhost:8734"}' localhost:8474/proxies
  curl -d '{"type":"timeout","for":5000}' localhost:8474/proxies/feed/toxics
The client of localhost:9001 now hears nothing for five seconds, and is then disconnected.
)";

namespace {

Status read_seed(const std::string& text, Options& options) {
  std::int64_t seed = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    return error(ErrorCode::kInvalid, "invalid value \"" + text + "\" for flag -seed",
                 "give a whole number");
  }
  options.seed = static_cast<std::uint64_t>(seed);
  return ok();
}

Status read_drain(const std::string& text, Options& options) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(parsed.ptr, text.data() + text.size());
  if (parsed.ec != std::errc{} || number < 0 || number > 86'400 || (unit != "s" && unit != "ms")) {
    return error(ErrorCode::kInvalid, "invalid value \"" + text + "\" for flag -drain",
                 "write 5s or 200ms");
  }
  options.drain = unit == "s" ? Nanos{number * 1s} : Nanos{number * 1ms};
  return ok();
}

using Texts = std::map<std::string, std::function<Status(const std::string&)>>;

Texts text_flags(Options& options) {
  const auto into = [](std::string& field) {
    return [&field](const std::string& value) {
      field = value;
      return ok();
    };
  };
  return {{"host", into(options.host)},
          {"port", into(options.port)},
          {"config", into(options.config)},
          {"connect", into(options.connect)},
          {"tls-ca", into(options.tls_ca)},
          {"seed", [&](const std::string& value) { return read_seed(value, options); }},
          {"drain", [&](const std::string& value) { return read_drain(value, options); }}};
}

std::map<std::string, bool*> plain_flags(Options& options) {
  return {{"proxy-metrics", &options.proxy_metrics},
          {"runtime-metrics", &options.runtime_metrics},
          {"compat", &options.compat},
          {"version", &options.version},
          {"help", &options.help},
          {"h", &options.help}};
}

}  // namespace

Result<Options> read_options(const std::vector<std::string>& arguments) {
  Options options;
  const Texts texts = text_flags(options);
  const auto plain = plain_flags(options);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    name.erase(0, name.starts_with("--") ? 2 : name.starts_with('-') ? 1 : name.size());
    const std::size_t equals = name.find('=');
    std::optional<std::string> value;
    if (equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    if (const auto flag = plain.find(name); flag != plain.end()) {
      *flag->second = !value || *value == "true" || *value == "1";
      continue;
    }
    const auto text = texts.find(name);
    if (text == texts.end()) {
      return error(ErrorCode::kInvalid, "unknown argument '" + arguments[i] + "'",
                   "see levi-proxy -help");
    }
    if (!value) {
      if (++i == arguments.size()) {
        return error(ErrorCode::kInvalid, "flag needs an argument: -" + name);
      }
      value = arguments[i];
    }
    LEVI_TRY_STATUS(text->second(*value));
  }
  return options;
}

}  // namespace levi::proxy
