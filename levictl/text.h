// Text of other people's on its way out: into JSON, and onto a terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace levi::cli {

// What an operator types and what a core answers need not be UTF-8: such bytes are replaced. A bare
// dump() throws on them, and a kill whose reason was pasted from somewhere would seal nothing.
template <class Json>
std::string json_text(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// As one line that no terminal obeys: control characters (C0, DEL, C1) and bytes that are not UTF-8
// are shown as \n, \t or \xNN. A reason could else forge a line of ours, or hide one.
std::string printable(std::string_view text);

}  // namespace levi::cli
