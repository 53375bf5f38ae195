// How many rows of levi.db stay; the oldest go in the transaction that makes it more. Without
// bound, a flow of intents would fill the disk that the journal needs.
#pragma once

#include <cstdint>

namespace levi::store {

struct RowsKept {
  std::uint64_t signals = 1'000'000;
  std::uint64_t orders = 1'000'000;  // of those that are over; fills stay all
};

}  // namespace levi::store
