// The target of an experiment: where its public surface is, and blocking calls to it.
//
// chaos knows a target only by what anyone could know: HTTP, the control socket, the latch file,
// its processes, its data folder, and the practice exchange's admin port. Owned by one thread;
// every call has a deadline and keeps no connection.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/os/http.h"
#include "core/os/process.h"

namespace levi::chaos {

using Json = nlohmann::json;

// What a run is told about its target, by stage.json or by options. Empty means: not known, and
// what needs it is skipped.
struct TargetSpec {
  std::string name;
  std::string environment;     // "stage", "staging", ...
  std::string api;             // "127.0.0.1:8000"
  std::string control;         // "127.0.0.1:8001"
  std::string control_socket;  // absolute path
  std::string runtime;         // folder of kill.latch
  std::string data;            // folder of levi.db and audit/
  std::string exchange;        // REST and WebSocket of the venue
  std::string exchange_admin;  // the practice exchange's own port: the witness, and the injector of
                               // network faults
  // Fields of /health that must be exactly so ("build", "venue", "key_fingerprint", "mode", ...).
  std::map<std::string, std::string> expect;
};

// stage.json, or a file of the same shape given to --target-file. Unknown keys are other programs'
// business.
Result<TargetSpec> parse_target(const std::string& text, const std::string& file_name);
Result<TargetSpec> read_target(const std::string& path);
std::string to_text(const TargetSpec& spec);  // what parse_target reads

class Target {
 public:
  explicit Target(TargetSpec spec) : spec_(std::move(spec)) {}
  const TargetSpec& spec() const { return spec_; }

  // 2xx: the body. 409 kConflict, 401 and 403 kRefused, 404 kNotFound, other answers kIo with the
  // problem's detail; kUnreachable or kTimeout where nobody answers. `body` null sends none.
  Result<Json> api(const std::string& method, const std::string& path,
                   const Json& body = nullptr) const;
  Result<Json> exchange(const std::string& method, const std::string& path,
                        const Json& body = nullptr) const;

  Result<Json> health() const;  // also of an unhealthy target, which answers 503

  // levid's process as /health names it: only of this boot of this machine, never pid 1 or our own.
  Result<os::ProcessIdentity> core_process() const;

 private:
  TargetSpec spec_;
};

inline constexpr Nanos kCallTimeout = 2s;

// The JSON of an answer, or the Error that its status means.
Result<Json> read_answer(const std::string& call, const os::HttpResponse& response,
                         int accepted = 200);

// One call, its answer read as Target::api does. `base` is "host:port" or "unix:/path"; a status of
// `accepted` is as good as 200.
Result<Json> call_json(const std::string& base, const std::string& method, const std::string& path,
                       const Json& body, Nanos timeout, int accepted = 200);

// A process that a target named: refused unless it lives in this boot and is neither init nor one
// of us.
Result<os::ProcessIdentity> local_process(const Json& named, const std::string& boot_id);

}  // namespace levi::chaos
