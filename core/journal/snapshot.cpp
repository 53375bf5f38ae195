#include "core/journal/snapshot.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <functional>

#include "core/base/crc32c.h"
#include "core/journal/ring.h"
#include "core/journal/segment.h"
#include "core/os/file.h"

namespace levi::journal {
namespace {

constexpr std::string_view kPrefix = "snapshot-";
constexpr std::string_view kSuffix = ".snap";

std::uint32_t crc_of(const SnapshotHeader& header) {
  return crc32c(&header, offsetof(SnapshotHeader, crc));
}

Error damaged(const std::string& path, std::uint64_t offset, const std::string& how) {
  return error(ErrorCode::kCorrupt, path + " at offset " + std::to_string(offset) + ": " + how);
}

Status remove_file(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return io_error("cannot remove " + path, errno);
  return ok();
}

}  // namespace

std::string snapshot_path(const std::string& folder, RecordSequence at) {
  char name[64];
  std::snprintf(name, sizeof name, "/snapshot-%020llu.snap",
                static_cast<unsigned long long>(at.value));
  return folder + name;
}

Status store_snapshot(const Paths& paths, SnapshotHeader header, std::string_view body) {
  header.body_bytes = body.size();
  header.body_crc = crc32c(body.data(), body.size());
  header.crc = crc_of(header);
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += body;
  return os::write_file_atomic(snapshot_path(paths.segments, {header.sequence}), bytes, 0640);
}

Result<std::vector<RecordSequence>> list_snapshots(const Paths& paths) {
  std::vector<RecordSequence> found;
  if (!os::exists(paths.segments)) return found;
  LEVI_TRY(names, os::list_folder(paths.segments));
  for (const std::string& name : names) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const char* end = name.data() + name.size() - kSuffix.size();
    std::uint64_t sequence = 0;
    const auto parsed = std::from_chars(name.data() + kPrefix.size(), end, sequence);
    if (parsed.ec == std::errc{} && parsed.ptr == end) found.push_back({sequence});
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

Result<Snapshot> read_snapshot(const Paths& paths, RecordSequence at) {
  const std::string path = snapshot_path(paths.segments, at);
  LEVI_TRY(bytes, os::read_file(path));
  SnapshotHeader header;
  if (bytes.size() < sizeof header) return damaged(path, bytes.size(), "it ends there");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kSnapshotMagic) return damaged(path, 0, "no snapshot (wrong magic)");
  if (header.version != kSnapshotVersion) {
    return error(ErrorCode::kUnsupported, path + " has format " + std::to_string(header.version) +
                                              ", this build knows " +
                                              std::to_string(kSnapshotVersion));
  }
  if (header.crc != crc_of(header) || header.header_bytes != sizeof header) {
    return damaged(path, 0, "the header's CRC is wrong");
  }
  if (header.sequence != at.value) return damaged(path, 0, "its name is another snapshot's");
  if (header.instant_ns < 0 || header.instant_ns > kInstantMax ||
      bytes.size() - sizeof header != header.body_bytes) {
    return damaged(path, bytes.size(), "its size is not the one in its header");
  }
  Snapshot snapshot;
  snapshot.at = at;
  snapshot.machine_version = header.machine_version;
  snapshot.instant = {header.instant_ns};
  snapshot.instance = unpack_instance(header.instance);
  snapshot.body = bytes.substr(sizeof header);
  if (crc32c(snapshot.body.data(), snapshot.body.size()) != header.body_crc) {
    return damaged(path, sizeof header, "the body's CRC is wrong");
  }
  return snapshot;
}

Status remove_unneeded(const Paths& paths, const Options& options) {
  LEVI_TRY(snapshots, list_snapshots(paths));
  for (std::size_t i = kSnapshotsKept; i < snapshots.size(); ++i) {
    LEVI_TRY_STATUS(remove_file(snapshot_path(paths.segments, snapshots[i])));
  }
  if (snapshots.size() < kSnapshotsKept) return ok();
  const RecordSequence covered = snapshots[kSnapshotsKept - 1];
  LEVI_TRY(segments, list_segments(paths.segments));
  for (std::size_t i = 0; i + 1 + options.segments_kept_min <= segments.size(); ++i) {
    if (i + 1 >= segments.size()) break;
    LEVI_TRY(next, SegmentReader::open(segments[i + 1].path, std::nullopt));
    if (next.header().first_sequence > covered.value + 1) break;
    LEVI_TRY_STATUS(remove_file(segments[i].path));
  }
  return os::fsync_folder(paths.segments);
}

}  // namespace levi::journal
