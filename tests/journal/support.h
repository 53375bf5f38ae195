// What the journal's tests share: a journal in temporary folders, records that tell their own
// number, and what a replay of it visits.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/journal/journal.h"
#include "tests/support/forked.h"
#include "tests/support/temp_folder.h"

namespace levi::test {

using namespace journal;  // NOLINT: this header serves the journal's tests only

struct JournalFolder {
  TempFolder memory{kTmpfs};
  TempFolder disk{kTmpfs};  // memory too: where a test is about fdatasync, it says so
  Paths paths{memory / "journal.ring", disk / "journal"};
  Options options;

  explicit JournalFolder(std::size_t ring_bytes = 1u << 20, std::size_t segment_bytes = 64u << 10) {
    options.ring_bytes = ring_bytes;
    options.segment_bytes = segment_bytes;
    options.segments_kept_min = 1;
    options.identity = Identity{InstanceId("abcdefg"), {1}, true, false, {}};
  }
  std::string segment(std::uint32_t number) const {
    char name[32];
    std::snprintf(name, sizeof name, "/segment-%08u.log", number);
    return paths.segments + name;
  }
  void reboot() const { std::filesystem::remove(paths.ring); }
};

// The body of record n: n itself, then bytes that follow from it; 8 to about 300 bytes.
inline std::string body_of(std::uint64_t n) {
  Random random(n);
  std::string body(8 + static_cast<std::size_t>(random.below(n % 16 == 0 ? 300 : 64)), '\0');
  std::memcpy(body.data(), &n, 8);
  for (std::size_t i = 8; i < body.size(); ++i) body[i] = static_cast<char>(random.next());
  return body;
}
inline Instant instant_of(std::uint64_t n) { return {static_cast<std::int64_t>(n) * 1000}; }
inline std::uint16_t type_of(std::uint64_t n) { return static_cast<std::uint16_t>(1 + n % 50); }

inline void append(Writer& writer, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t n = writer.last().value + 1;
    LEVI_CHECK(writer.append(type_of(n), body_of(n), instant_of(n)).value == n);
  }
}

inline bool is_record(const Record& record, std::uint64_t n) {
  return record.sequence.value == n && record.type == type_of(n) &&
         record.instant == instant_of(n) && record.body == body_of(n);
}

// Replays and checks that the records are exactly the next ones, without a gap.
struct Replayed {
  Result<Recovered> result = error(ErrorCode::kInvalid, "not run");
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool whole = true;  // every record is the right one
  std::string snapshot;
};
inline Replayed replay_all(const JournalFolder& folder) {
  Replayed seen;
  ReplayHandlers handlers;
  handlers.on_snapshot = [&](std::uint32_t, RecordSequence at, std::string_view body) {
    seen.last = at.value;
    seen.snapshot = body;
    return ok();
  };
  handlers.on_record = [&](const Record& record) {
    if (seen.first == 0) seen.first = record.sequence.value;
    seen.whole = seen.whole && is_record(record, seen.last + 1);
    seen.last = record.sequence.value;
    return ok();
  };
  seen.result = replay(folder.paths, folder.options, handlers);
  return seen;
}

inline Writer open_writer(JournalFolder& folder, std::uint32_t incarnation = 1) {
  folder.options.identity->incarnation = {incarnation};
  const Replayed seen = replay_all(folder);
  if (!seen.result) std::fprintf(stderr, "%s\n", seen.result.error().text().c_str());
  LEVI_CHECK(seen.result && seen.whole);
  auto writer = Writer::open(folder.paths, folder.options, seen.result.value(), {incarnation});
  if (!writer) std::fprintf(stderr, "%s\n", writer.error().text().c_str());
  LEVI_CHECK(writer);
  return std::move(writer.value());
}

inline Persister open_persister(const JournalFolder& folder) {
  auto persister = Persister::open(folder.paths, folder.options);
  LEVI_CHECK(persister);
  return std::move(persister.value());
}

inline void persist_all(Persister& persister) {
  for (;;) {
    const auto done = persister.run_once();
    LEVI_CHECK(done);
    if (done.value() == 0) return;
  }
}

inline std::string bytes_of(const std::string& path) {
  std::string bytes(std::filesystem::file_size(path), '\0');
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  LEVI_CHECK(fd >= 0 &&
             pread(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  close(fd);
  return bytes;
}
inline void overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  LEVI_CHECK(fd >= 0 && pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
                            static_cast<ssize_t>(bytes.size()));
  close(fd);
}
inline void flip_bit(const std::string& path, std::uint64_t offset, int bit = 0) {
  const std::string all = bytes_of(path);
  overwrite(path, offset, std::string(1, static_cast<char>(all[offset] ^ (1 << bit))));
}

// Where record n stands in a segment, or in a ring that was never wrapped.
inline std::uint64_t offset_of(const std::string& path, std::uint64_t n) {
  const std::string all = bytes_of(path);
  const bool ring = path.ends_with(".ring");
  RecordView view;
  for (std::size_t at = ring ? 8192 : kSegmentHeaderBytes; at < all.size();) {
    const auto* bytes = reinterpret_cast<const std::byte*>(all.data()) + at;
    LEVI_CHECK(parse_record(bytes, all.size() - at, view) == Parsed::kRecord);
    if (view.header.sequence == n) return at;
    at += stride_of(view.header.length);
  }
  LEVI_CHECK(!"no such record in this file");
  return 0;
}

// The segment that holds record n.
inline std::string segment_with(const JournalFolder& folder, std::uint64_t n) {
  std::string found;
  for (const auto& entry : std::filesystem::directory_iterator(folder.paths.segments)) {
    if (entry.path().extension() != ".log") continue;
    const std::string path = entry.path().string();
    const std::string all = bytes_of(path);
    RecordView view;
    for (std::size_t at = kSegmentHeaderBytes; at < all.size();) {
      const auto* bytes = reinterpret_cast<const std::byte*>(all.data()) + at;
      if (parse_record(bytes, all.size() - at, view) != Parsed::kRecord) break;
      if (view.header.sequence == n) found = path;
      at += stride_of(view.header.length);
    }
  }
  LEVI_CHECK(!found.empty());
  return found;
}

}  // namespace levi::test
