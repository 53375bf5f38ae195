// How often the whole test binary has taken memory: its operator new counts.
#pragma once

#include <cstddef>

namespace levi::test {

std::size_t allocations();  // by the calling thread, so far

}  // namespace levi::test
