// Any bytes as ring, segment, snapshot and incarnation file. Nothing may fail a check; records that
// are visited follow each other, journal time does not run backwards, and a journal that was
// accepted can be written on.
//
// Input: a byte of options (1: mend the headers' CRCs, 2: mend the records' CRCs, 4: no ring), then
// patches of (file, offset in two bytes, length, bytes) to a small sound journal.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/journal/journal.h"
#include "core/os/file.h"
#include "tests/support/temp_folder.h"

namespace {

using namespace levi;
using namespace levi::journal;

constexpr std::size_t kRingHeader = 8192;

void put(const std::string& path, const std::string& bytes) {
  const os::Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  LEVI_CHECK(fd && os::write_all(fd.get(), bytes, path));
}

// A sound journal, made once, and the folder that each input is tried in.
struct Base {
  test::TempFolder folder{test::kTmpfs};
  Paths paths{folder / "ring", folder / "journal"};
  Options options;
  std::string files[4];
  std::string names[4] = {paths.ring, paths.segments + "/segment-00000001.log",
                          paths.segments + "/segment-00000002.log",
                          paths.segments + "/snapshot-00000000000000000090.snap"};

  Base() {
    options.ring_bytes = 64u << 10;
    options.segment_bytes = 16u << 10;
    options.identity = Identity{InstanceId("abcdefg"), {1}, true, false, {}};
    auto writer = Writer::open(paths, options, {}, {1});
    auto persister = Persister::open(paths, options);
    LEVI_CHECK(writer && persister);
    for (int i = 0; i < 200; ++i) {
      LEVI_CHECK(writer.value()
                     .append(10, std::string(static_cast<std::size_t>(i % 80), 'x'), {i})
                     .value != 0);
      if (i == 190) LEVI_CHECK(persister.value().run_once());
    }
    LEVI_CHECK(persister.value().write_snapshot(1, {90}, "a state"));
    for (int i = 0; i < 4; ++i) files[i] = os::read_file(names[i]).value();
  }
};

void mend(std::string& file, std::size_t crc_at) {
  const std::uint32_t crc = crc32c(file.data(), crc_at);
  std::memcpy(file.data() + crc_at, &crc, 4);
}

void mend_records(std::string& file, std::size_t at) {
  while (at + sizeof(RecordHeader) <= file.size()) {
    RecordHeader header;
    std::memcpy(&header, file.data() + at, sizeof header);
    if (header.length < sizeof header || at + header.length > file.size()) return;
    const std::size_t body = header.type == kTypePadding ? 0 : header.length - sizeof header;
    if (body > kBodyBytesMax) return;
    header.crc = record_crc(header, file.data() + at + sizeof header, body);
    std::memcpy(file.data() + at, &header, sizeof header);
    at += stride_of(header.length);
  }
}

Result<Recovered> visit(const Base& base) {
  std::uint64_t last = 0;
  Instant instant{0};
  ReplayHandlers handlers;
  handlers.on_snapshot = [&](std::uint32_t, RecordSequence at, std::string_view) {
    last = at.value;
    return ok();
  };
  handlers.on_record = [&](const Record& record) {
    LEVI_CHECK(record.sequence.value == last + 1 && record.instant >= instant);
    LEVI_CHECK(record.body.size() <= kBodyBytesMax);
    last = record.sequence.value;
    instant = record.instant;
    return ok();
  };
  return replay(base.paths, base.options, handlers);
}

void go_on(const Base& base, const Recovered& found) {
  auto writer = Writer::open(base.paths, base.options, found, {2});
  if (!writer) return;
  const RecordSequence written = writer.value().append(10, "goes on", found.last_instant);
  if (written.value == 0) return;  // the patched watermark says that the ring is full
  LEVI_CHECK(written.value == found.last.value + 1);
  auto reader = Reader::open(base.paths, writer.value().ring(), {found.last.value / 2});
  for (int i = 0; reader && i < 300; ++i) {
    const auto record = reader.value().next();
    if (!record || !record.value()) break;
  }
  auto persister = Persister::open(writer.value().ring(), base.paths, base.options);
  if (persister) (void)persister.value().run_once();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Base base;
  if (size == 0) return 0;
  const std::uint8_t choices = data[0];
  std::string files[4];
  for (int i = 0; i < 4; ++i) files[i] = base.files[i];
  for (std::size_t at = 1; at + 4 < size;) {
    std::string& file = files[data[at] % 4];
    const std::size_t offset = data[at + 1] | static_cast<std::size_t>(data[at + 2]) << 8;
    const std::size_t length = std::min<std::size_t>(data[at + 3], size - at - 4);
    if (data[at] >= 0xf0) {
      file.resize(std::min(offset, file.size()));
    } else if (offset + length <= file.size()) {
      std::memcpy(file.data() + offset, data + at + 4, length);
    }
    at += 4 + length;
  }
  if ((choices & 2) != 0) {
    mend_records(files[0], kRingHeader);
    mend_records(files[1], kSegmentHeaderBytes);
    mend_records(files[2], kSegmentHeaderBytes);
  }
  if ((choices & 1) != 0) {
    const std::size_t crcs[4] = {36, 52, 52, 60};
    for (int i = 0; i < 4; ++i) {
      if (files[i].size() > crcs[i] + 4) mend(files[i], crcs[i]);
    }
  }
  LEVI_CHECK(os::remove_tree(base.paths.segments) && os::make_folders(base.paths.segments));
  unlink(base.paths.ring.c_str());
  for (int i = (choices & 4) != 0 ? 1 : 0; i < 4; ++i) put(base.names[i], files[i]);
  put(base.folder / "incarnation", std::string(reinterpret_cast<const char*>(data), size));
  (void)take_incarnation(base.folder.path());
  const auto found = visit(base);
  if (found) go_on(base, found.value());
  return 0;
}
