// What recovery can see of a core from outside: its public surface, its latch file, its process,
// its supervisor.
//
// A fact that could not be asked is absent, never assumed: unknown is not healthy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/instant.h"

namespace levi::recover {

// How the core is reached. Empty: not known.
struct Reach {
  std::string name;
  std::string api;                // "http://127.0.0.1:8000"
  std::string control;            // "http://127.0.0.1:8001"
  std::string latch_file;         // <runtime>/kill.latch, on this host
  std::string supervisor_socket;  // of a stage
};

struct EngineSeen {
  std::string name;
  std::string status;  // "stopped", "starting", "running", "failed"
  std::string last_error;
  std::int64_t restart_budget_left = 0;
};

struct ComponentSeen {
  std::string name;
  std::string status;
  std::string detail;
};

struct HolderSeen {
  std::string holder;
  std::string reason;
  std::string actor;
};

enum class ProcessSeen { kUnknown, kAlive, kDead };

struct Observation {
  bool api_answers = false;
  bool control_answers = false;
  std::string api_error;
  ProcessSeen process = ProcessSeen::kUnknown;  // by the identity in the latch file
  std::string health;  // "healthy", "degraded", "unhealthy"; empty: not answered
  std::vector<ComponentSeen> components;
  std::optional<std::vector<EngineSeen>> engines;
  std::string market_feed;  // "up", "down", "polling"; empty: not answered
  std::optional<bool> sealed;
  std::vector<HolderSeen> holders;
  std::string chaos_run;  // of an active lease, or by this host's undo logs
  std::string chaos_owner;
  bool supervisor_answers = false;
  bool supervisor_gave_up = false;  // its burst limit is spent
  std::int64_t supervised_pid = 0;  // of the core, as its supervisor says; 0: it runs none now
  Nanos silent{0};                  // how long this core has answered nothing, by our own looks

  bool core_answers() const { return api_answers || control_answers; }
};

// A core may need so long to come up, journal and all, before it answers anything.
inline constexpr Nanos kStartUpMax = 10s;

Observation observe(const Reach& reach);

}  // namespace levi::recover
