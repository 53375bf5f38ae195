// Every fault there is: one file each, one line here (docs/adding-a-fault.md).
#pragma once

#include <string_view>
#include <vector>

#include "chaos/fault/fault.h"

namespace levi::chaos {

const std::vector<FaultKind>& fault_kinds();
const FaultKind* find_fault(std::string_view name);  // nullptr: no such fault

}  // namespace levi::chaos
