#include "core/control/audit_entry.h"

#include <algorithm>
#include <array>

#include "core/control/pairs.h"
#include "core/control/writer.h"

namespace levi::control {
namespace {

// Every key that a changing request has (docs/api.md), and nothing else: nobody can list all the
// names that a secret may have.
constexpr std::array<std::string_view, 7> kKnownKeys = {"on",    "reason", "actor", "holder",
                                                        "epoch", "symbol", "run"};

bool is_known(std::string_view key) {
  return std::find(kKnownKeys.begin(), kKnownKeys.end(), key) != kKnownKeys.end();
}

}  // namespace

FixedString<191> query_for_audit(std::string_view query) {
  std::array<char, 191> buffer;
  Writer out(buffer);
  QueryPairs pairs(query);
  while (pairs.next()) {
    if (out.size() > 0) out.text("&");
    const bool has_value = !pairs.raw_value().empty();
    // Judged decoded: "%6fn" is `on` too. A bare word that is no key of ours may be the secret
    // itself.
    if (is_known(pairs.key())) {
      out.text(pairs.raw_key());
      if (has_value) out.text("=").text(pairs.raw_value());
    } else if (has_value) {
      out.text(pairs.raw_key()).text("=***");
    } else {
      out.text("***");
    }
  }
  return FixedString<191>(out.view());
}

}  // namespace levi::control
