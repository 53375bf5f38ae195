// levid's configuration: one commented YAML (configs/levid.yaml), secrets from environment or file,
// unknown keys are errors.
#pragma once

#include <string>
#include <vector>

#include "core/base/decimal.h"
#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/machine/event.h"
#include "core/os/socket.h"
#include "core/store/rows_kept.h"

namespace levi::levid {

struct EngineSettings {
  std::string name;
  std::string symbol;
  std::string strategy;
  std::string parameters;  // "levels=3;spread_bps=10"
  int line = 0;            // where it begins in the file
  bool enabled = true;
};

struct Config {
  std::string file;
  std::string name;
  std::string environment;  // "stage", "staging", "production"
  bool live = true;         // false (DRY): everything runs, no order leaves
  std::string data;         // absolute
  std::string runtime;      // absolute; by default latch::default_runtime_folder(data)

  std::string venue_name;
  std::string venue_rest;  // "127.0.0.1:8734", or a name: looked up by the start
  std::string venue_websocket;
  std::string key;  // secrets: never printed
  std::string secret;
  Nanos recv_window{2s};
  Nanos answer_timeout{2s};
  Nanos settle_again{60s};  // not configured: how often a start's unsettled questions are put again
  unsigned order_connections = 8;
  std::string update_speed;
  bool use_websocket = true;
  std::vector<std::string> symbols;

  machine::Limits limits;
  std::vector<EngineSettings> engines;
  Nanos heartbeat_max{250ms};
  bool spin = false;
  unsigned standby_count = 1;

  os::Endpoint api;
  os::Endpoint control;
  std::size_t ring_bytes = 0;
  std::size_t segment_bytes = 0;
  unsigned segments_kept = 0;
  Nanos snapshot_every{60s};
  store::RowsKept store_kept;
  std::string log_level;
};

// Reads, checks everything, resolves secrets. Every error is kInvalid with file and line: nothing
// is started on one.
Result<Config> load_config(const std::string& file);
Result<Config> parse_config(std::string_view text, const std::string& file);

// The first 8 hex digits of SHA-256 of the API key: names a key without showing it.
std::string key_fingerprint(std::string_view key);

}  // namespace levi::levid
