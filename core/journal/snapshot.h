// Snapshot files and retention (docs/journal-format.md). Private to core/journal.
#pragma once

#include <array>
#include <string>

#include "core/journal/journal.h"

namespace levi::journal {

inline constexpr std::uint64_t kSnapshotMagic = 0x5041'4e53'4956'454cull;  // "LEVISNAP"
inline constexpr std::uint32_t kSnapshotVersion = 1;
inline constexpr std::size_t kSnapshotsKept = 2;

struct SnapshotHeader {
  std::uint64_t magic = kSnapshotMagic;
  std::uint32_t version = kSnapshotVersion;
  std::uint32_t header_bytes = 64;
  std::array<char, 8> instance{};  // length, 7 characters
  std::uint64_t sequence = 0;
  std::int64_t instant_ns = 0;
  std::uint64_t body_bytes = 0;
  std::uint32_t machine_version = 0;
  std::uint32_t reserved = 0;
  std::uint32_t body_crc = 0;
  std::uint32_t crc = 0;  // of all above
};
static_assert(sizeof(SnapshotHeader) == 64);

std::string snapshot_path(const std::string& folder, RecordSequence at);
Status store_snapshot(const Paths& paths, SnapshotHeader header, std::string_view body);

// Keeps the newest snapshots; then deletes segments that the oldest kept one covers, from the
// oldest on, but for the newest `segments_kept_min`. With fewer than kSnapshotsKept nothing is
// deleted.
Status remove_unneeded(const Paths& paths, const Options& options);

}  // namespace levi::journal
