// A stage: practice exchange and levid on loopback in a scratch folder, under a supervisor process
// (DESIGN §2).
//
// The supervisor restarts levid as systemd would, and ends everything when its owner goes or on
// `down`. What a stage is stands in $XDG_STATE_HOME/levictl/stages/<name>.json, written before its
// first file and process, so that the next command of ours can clear away a stage whose supervisor
// was killed, or whose start was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/os/process.h"

namespace levi::cli {

struct StageOptions {
  std::string name = "default";  // the one that `levictl up` makes and every command finds
  std::string sabotage;          // not empty: levid-sabotage with LEVI_SABOTAGE set to it
  std::uint64_t seed = 1;        // of the practice exchange's market flow
  // Of the exchange's answers. It bounds the order flow (a few thousand a second), so that on two
  // CPUs those who watch are not starved by those who trade; 0 for as fast as it goes.
  Nanos venue_latency{500us};
  std::string
      config;  // levid.yaml to use instead of the generated one's engines and limits; may be empty
  std::string symbols;          // of the practice exchange, "A,B"; empty: its own choice
  bool end_with_owner = false;  // the calling process is the owner
  bool open_latch =
      true;  // the first opening of the new instance, explicitly asked for by starting a stage
};

// A process of the stage as it stands in the file.
struct StageProcess {
  os::ProcessIdentity identity;
  std::string binary;
};

struct Stage {
  std::string name;
  std::string folder;  // scratch: configuration, logs, data
  std::string data;
  std::string runtime;
  std::string api;  // "127.0.0.1:40123"
  std::string control;
  std::string control_socket;
  std::string exchange;
  std::string exchange_admin;
  std::string supervisor_socket;
  std::string binary;  // "levid" or "levid-sabotage"
  std::string sabotage;
  std::uint64_t seed = 0;
  Nanos venue_latency{0};
  std::string symbols;
  StageProcess supervisor;
  StageProcess levid;
  StageProcess practice_exchange;
  std::optional<os::ProcessIdentity> owner;
  os::ProcessIdentity starter;  // who brings it up; of interest until there is a supervisor

  bool alive() const { return os::is_alive(supervisor.identity); }
  bool starting() const { return supervisor.identity.pid == 0 && os::is_alive(starter); }
};

// kInvalid: it becomes part of paths and of a socket's address.
Status check_stage_name(const std::string& name);
std::string stage_file(const std::string& name);  // the path of <name>.json
// kNotFound where there is none. kCorrupt: it can't be read, and nobody knows what it names.
Result<Stage> read_stage(const std::string& name);
Status write_stage(const Stage& stage);
// Unless the file is another stage's by now: one of the same name that was started since.
Status remove_stage_file(const Stage& stage);
std::vector<std::string> stage_names();

// Starts the supervisor and waits until levid is ready (trading, unless it is sabotaged) or says
// why not. One start at a time per user: another waits, so that it finds the stage of its name
// either not begun or ready. kConflict where that is up. kInterrupted (see os::catch_interrupts):
// what had come up is taken back.
Result<Stage> start_stage(const StageOptions& options);
// Asks the supervisor to end the stage and waits; a dead supervisor's processes and files are
// cleared away.
Status stop_stage(const Stage& stage);
// Takes away a record that can't be read. Returns what of its stage may still lie about, to be
// told.
Result<std::string> forget_stage(const std::string& name);
// Clears away every stage whose supervisor is gone, or who was bringing it up. Returns what was
// removed, one line each.
std::vector<std::string> clear_dead_stages();
// Only those that were to end with an owner, who is gone too: nobody else will ever come back for
// them.
std::vector<std::string> clear_orphaned_stages();

// The hidden subcommand: runs until the stage ends.
int stage_supervisor_main(const std::string& stage_name, int ready_fd);

}  // namespace levi::cli
