// Is everything that the venue's ledger has of ours also in the core's store? The store is only a
// projection: it may be late, but nothing may be missing in it, or be there that never was.
//
// Reading opens the database afresh and for reading alone; it never waits long for a writer.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "chaos/experiment/ledger.h"
#include "core/base/result.h"

namespace levi::chaos {

struct StoreRows {
  std::set<std::string> orders;  // order_key
  std::set<std::string> fills;   // fill_key
};

// Of orders above `sequence`, from <data>/levi.db. kBusy: it is locked.
Result<StoreRows> read_store(const std::string& data_folder, std::uint64_t sequence);

struct StoreScope {
  std::string instance;
  std::uint64_t sequence = 0;          // orders above it are compared
  std::uint64_t arrival = UINT64_MAX;  // what came to the venue later need not be in the store yet
};

// What differs, one line each; the first few. Empty: nothing. Pure. The venue was read after the
// store.
std::vector<std::string> compare_store(const std::vector<VenueEntry>& venue, const StoreRows& store,
                                       const StoreScope& scope);

}  // namespace levi::chaos
