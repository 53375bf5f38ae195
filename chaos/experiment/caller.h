// Calls to the target and its exchange while the loop goes on: events are taken in and probes asked
// meanwhile.
//
// Owned by the run's thread; never called from a handler of the loop. Keep-alive connections of its
// own.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "chaos/experiment/pump.h"
#include "chaos/fault/target.h"
#include "core/os/http.h"

namespace levi::chaos {

class Caller {
 public:
  static Result<std::unique_ptr<Caller>> make(Pump& pump, const TargetSpec& spec);

  // Errors as Target::api. They also work in a broken run: what must be taken back is taken back.
  Result<Json> api(const std::string& method, const std::string& path, const Json& body = nullptr);
  Result<Json> exchange(const std::string& method, const std::string& path,
                        const Json& body = nullptr);
  bool broken() const { return pump_.broken(); }  // interrupted, or without a guard
  bool has_exchange() const { return exchange_ != nullptr; }
  os::Loop& loop() { return pump_.loop(); }

  // One answer, whatever its status. Never waits: `done` is called from the loop.
  void fetch(bool at_exchange, const std::string& path, Nanos timeout, os::HttpClient::Done done);

  // Sends to the core and goes on: for a sign of life. `done` is called from the loop with the
  // answer, read as Target::api does.
  void send(const std::string& method, const std::string& path, const Json& body,
            std::function<void(const Result<Json>&)> done);

 private:
  explicit Caller(Pump& pump) : pump_(pump) {}
  Result<Json> call(os::HttpClient& client, const std::string& method, const std::string& path,
                    const Json& body);

  Pump& pump_;
  std::unique_ptr<os::HttpClient> api_;
  std::unique_ptr<os::HttpClient> exchange_;
};

}  // namespace levi::chaos
