#include "chaos/fault/registry.h"

#include <algorithm>

#include "chaos/fault/kinds.h"
#include "core/base/json_fields.h"

namespace levi::chaos {

const std::vector<FaultKind>& fault_kinds() {
  static const std::vector<FaultKind> kKinds{engine_kill(), feed_reset(),  feed_half_open(),
                                             db_lock(),     kill_switch(), core_kill()};
  return kKinds;
}

const FaultKind* find_fault(std::string_view name) {
  const auto& kinds = fault_kinds();
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const FaultKind& k) { return k.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

std::string to_line(const Undo& undo) {
  return Json{{"kind", undo.kind}, {"tag", undo.tag}, {"parameters", undo.parameters}}.dump();
}

Result<Undo> parse_undo(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  Undo undo{text_at(json, "kind"), text_at(json, "tag"), object_at(json, "parameters")};
  if (find_fault(undo.kind) == nullptr) {
    return error(
        ErrorCode::kCorrupt, "an undo of the unknown fault '" + undo.kind + "'",
        "it was written by another version of levictl: run that version's 'levictl chaos undo'");
  }
  if (undo.tag.rfind("chaos:", 0) != 0) {
    return error(ErrorCode::kCorrupt, "an undo without our tag ('" + undo.tag + "')");
  }
  return undo;
}

}  // namespace levi::chaos
