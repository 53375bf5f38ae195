// Probes of the profile `levid`: one question each, answered from a document of the target's public
// surface. Pure.
//
// A probe says true only where the document says so: a missing document, field or witness is false,
// never true.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/instant.h"

namespace levi::chaos {

using Json = nlohmann::json;

enum class Document {
  kHealth,      // GET /health of the core
  kLiveStatus,  // GET /live/status
  kEngines,     // GET /engines
  kVenueRate,   // GET /ledger/rate of the exchange: orders that arrived lately
};
inline constexpr std::size_t kDocumentCount = 4;

struct DocumentPlace {
  bool at_exchange = false;
  const char* path = "";
};
DocumentPlace place_of(Document document);

// Longer than any pause of a stage whose quoters quote again at once; shorter than any hold.
inline constexpr int kFlowWindowMs = 250;

struct Probe {
  std::string name;
  std::string meaning;
  Document document = Document::kHealth;
  // Empty: it holds. Else why not.
  std::string (*failing)(const Json& document) = nullptr;
};

const std::vector<Probe>& probes();
const Probe* find_probe(std::string_view name);
const std::vector<std::string>& known_probes();

}  // namespace levi::chaos
