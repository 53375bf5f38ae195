// JSON calls to a core.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::cli {

struct JsonAnswer;

// GET or POST with a JSON body (empty: none). An answer that is no JSON, or an HTTP error, is an
// Error that carries the problem document's detail; `status` tells which.
Result<nlohmann::json> call_json(const std::string& method, const std::string& url,
                                 const std::string& body, Nanos timeout, int* status = nullptr);

}  // namespace levi::cli
