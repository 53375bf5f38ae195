#include "core/journal/segment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "core/base/crc32c.h"
#include "core/journal/ring.h"
#include "core/os/file.h"
#include "core/os/reserve.h"

namespace levi::journal {
namespace {

constexpr std::size_t kReadBytes = 256u << 10;
constexpr std::uint64_t kFillBytes = 1u << 20;
constexpr std::string_view kPrefix = "segment-";
constexpr std::string_view kSuffix = ".log";

std::uint32_t crc_of(const SegmentHeader& header) {
  return crc32c(&header, offsetof(SegmentHeader, crc));
}
std::uint32_t crc_of(const SegmentMark& mark, std::uint32_t segment) {
  return crc32c(&segment, sizeof segment, crc32c(&mark, offsetof(SegmentMark, crc)));
}

SegmentHeader filled(SegmentHeader header) {
  header.header_bytes = kSegmentHeaderBytes;
  header.crc = crc_of(header);
  return header;
}

Error bad_header(const std::string& path, const std::string& how) {
  return error(ErrorCode::kCorrupt, path + " at offset 0: " + how,
               "restore it from a backup; what follows it can't be replayed without it");
}

Result<std::size_t> read_at(int fd, void* out, std::size_t bytes, std::uint64_t offset,
                            const std::string& path) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got =
        pread(fd, static_cast<char*>(out) + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read " + path, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Status write_at(int fd, const void* bytes, std::size_t size, std::uint64_t offset,
                const std::string& path) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t put = pwrite(fd, static_cast<const char*>(bytes) + done, size - done,
                               static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return io_error("cannot write " + path, errno);
    done += static_cast<std::size_t>(put);
  }
  return ok();
}

}  // namespace

Status check_instance(const std::array<char, 8>& instance, const std::optional<Identity>& identity,
                      const std::string& path) {
  if (!identity) return ok();
  const InstanceId id = unpack_instance(instance);
  const auto& ancestors = identity->ancestors;
  if (id == identity->instance || std::count(ancestors.begin(), ancestors.end(), id) != 0) {
    return ok();
  }
  return error(
      ErrorCode::kConflict,
      path + " belongs to instance '" + id.str() + "', not to '" + identity->instance.str() + "'",
      "each instance has a data folder of its own; was the file 'incarnation' lost?");
}

std::string segment_path(const std::string& folder, std::uint32_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "/segment-%08u.log", number);
  return folder + name;
}

Result<std::vector<SegmentName>> list_segments(const std::string& folder) {
  std::vector<SegmentName> segments;
  if (!os::exists(folder)) return segments;
  LEVI_TRY(names, os::list_folder(folder));
  for (const std::string& name : names) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const char* end = name.data() + name.size() - kSuffix.size();
    std::uint32_t number = 0;
    const auto parsed = std::from_chars(name.data() + kPrefix.size(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) continue;
    segments.push_back({number, folder + "/" + name});
  }
  std::sort(segments.begin(), segments.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return segments;
}

Result<SegmentReader> SegmentReader::open(const std::string& path,
                                          const std::optional<Identity>& identity) {
  SegmentReader reader;
  reader.path_ = path;
  reader.fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!reader.fd_) return io_error("cannot open " + path, errno);
  SegmentHeader& header = reader.header_;
  LEVI_TRY(got, read_at(reader.fd_.get(), &header, sizeof header, 0, path));
  if (got < sizeof header) return bad_header(path, "it is shorter than its header");
  if (header.magic != kSegmentMagic) return bad_header(path, "no segment (wrong magic)");
  if (header.version != kSegmentVersion) {
    return error(ErrorCode::kUnsupported, path + " has format " + std::to_string(header.version) +
                                              ", this build knows " +
                                              std::to_string(kSegmentVersion));
  }
  if (header.crc != crc_of(header)) return bad_header(path, "the header's CRC is wrong");
  if (header.header_bytes != kSegmentHeaderBytes || header.first_sequence == 0) {
    return bad_header(path, "the header makes no sense");
  }
  LEVI_TRY_STATUS(check_instance(header.instance, identity, path));
  LEVI_TRY_STATUS(reader.read_marks());
  reader.offset_ = reader.buffer_offset_ = kSegmentHeaderBytes;
  return reader;
}

Status SegmentReader::read_marks() {
  durable_ = {header_.first_sequence - 1};
  for (const std::size_t offset : kSegmentMarkOffsets) {
    SegmentMark mark;
    LEVI_TRY(got, read_at(fd_.get(), &mark, sizeof mark, offset, path_));
    if (got < sizeof mark || mark.written == 0) continue;
    if (mark.crc != crc_of(mark, header_.segment)) continue;
    durable_ = std::max(durable_, RecordSequence{mark.sequence});
  }
  return ok();
}

// Makes the bytes from `offset_` on stand at the front of the buffer. Read, not mapped: a disk
// error is then an error, not SIGBUS.
Status SegmentReader::fill() {
  const std::uint64_t used = offset_ - buffer_offset_;
  buffer_.erase(0, static_cast<std::size_t>(used));
  buffer_offset_ = offset_;
  const std::size_t had = buffer_.size();
  buffer_.resize(had + kReadBytes);
  auto got = read_at(fd_.get(), buffer_.data() + had, kReadBytes, buffer_offset_ + had, path_);
  buffer_.resize(had + (got ? got.value() : 0));  // an error leaves no zeroes that look like an end
  if (!got) return got.error();
  at_end_ = got.value() < kReadBytes;
  return ok();
}

Result<Parsed> SegmentReader::next(RecordView& out) {
  if (!at_end_ && buffer_offset_ + buffer_.size() < offset_ + kRecordBytesMax) {
    LEVI_TRY_STATUS(fill());
  }
  const auto used = static_cast<std::size_t>(offset_ - buffer_offset_);
  // Full to the last byte; or cut inside the filling behind the last record.
  if (used >= buffer_.size()) return Parsed::kEnd;
  const std::size_t available = buffer_.size() - used;
  const Parsed parsed =
      parse_record(reinterpret_cast<const std::byte*>(buffer_.data()) + used, available, out);
  if (parsed == Parsed::kPadding) return Parsed::kDamaged;  // only rings have it
  if (parsed == Parsed::kRecord) offset_ += stride_of(out.header.length);
  return parsed;
}

bool SegmentReader::zero_word_at_offset() const {
  const auto used = static_cast<std::size_t>(offset_ - buffer_offset_);
  if (used + 8 > buffer_.size()) return false;
  std::uint64_t word = 0;
  std::memcpy(&word, buffer_.data() + used, 8);
  return word == 0;
}

Result<std::uint64_t> SegmentReader::salvage() {
  std::uint64_t highest = 0;
  RecordView view;
  for (;;) {
    LEVI_TRY(parsed, next(view));
    if (parsed == Parsed::kRecord) {
      highest = std::max(highest, view.header.sequence);
      continue;
    }
    if (buffer_offset_ + buffer_.size() <= offset_ + 8) return highest;
    do {  // most of what follows is space that was never written
      offset_ += 8;
    } while (zero_word_at_offset());
  }
}

Result<SegmentWriter> SegmentWriter::create(const std::string& folder, const SegmentHeader& header,
                                            std::uint64_t bytes) {
  SegmentWriter writer;
  writer.number_ = header.segment;
  writer.path_ = segment_path(folder, header.segment);
  const std::string beside = writer.path_ + ".tmp";
  writer.fd_.reset(::open(beside.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!writer.fd_)
    return io_error("cannot create " + beside, errno, "is the data folder writable?");
  const SegmentHeader whole = filled(header);
  Status made = writer.reserve(bytes);
  if (made) made = writer.fill(kSegmentHeaderBytes);
  if (made) made = write_at(writer.fd_.get(), &whole, sizeof whole, 0, beside);
  if (made) made = writer.sync();
  if (made && rename(beside.c_str(), writer.path_.c_str()) != 0) {
    made = io_error("cannot rename " + beside, errno);
  }
  if (!made) {
    unlink(beside.c_str());
    return made.error();
  }
  LEVI_TRY_STATUS(os::fsync_folder(folder));
  return writer;
}

Result<std::optional<SegmentWriter>> SegmentWriter::adopt(const std::string& folder,
                                                          const SegmentHeader& header) {
  if (!os::exists(segment_path(folder, header.segment))) return std::optional<SegmentWriter>();
  LEVI_TRY(writer, reopen(folder, header.segment, kSegmentHeaderBytes));
  const SegmentHeader wanted = filled(header);
  SegmentHeader standing;
  LEVI_TRY(got, read_at(writer.fd_.get(), &standing, sizeof standing, 0, writer.path_));
  if (got != sizeof standing || std::memcmp(&standing, &wanted, sizeof wanted) != 0) {
    return bad_header(writer.path_, "the ring's records of this segment begin otherwise");
  }
  return std::optional<SegmentWriter>(std::move(writer));
}

Result<SegmentWriter> SegmentWriter::reopen(const std::string& folder, std::uint32_t number,
                                            std::uint32_t offset) {
  SegmentWriter writer;
  writer.number_ = number;
  writer.path_ = segment_path(folder, number);
  writer.fd_.reset(::open(writer.path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!writer.fd_) return io_error("cannot open " + writer.path_, errno);
  struct stat info {};
  if (fstat(writer.fd_.get(), &info) != 0) return io_error("cannot look at " + writer.path_, errno);
  if (info.st_size < offset) {
    return error(ErrorCode::kCorrupt, writer.path_ + " at offset " + std::to_string(info.st_size) +
                                          ": it ends there, durable were " +
                                          std::to_string(offset) + " bytes");
  }
  writer.reserved_ = static_cast<std::uint64_t>(info.st_size);
  writer.filled_ =
      ~std::uint64_t{0};  // Records may stand behind `offset`, written and vouched for.
  for (const std::size_t place : kSegmentMarkOffsets) {
    SegmentMark mark;
    LEVI_TRY(got, read_at(writer.fd_.get(), &mark, sizeof mark, place, writer.path_));
    if (got == sizeof mark && mark.crc == crc_of(mark, number)) {
      writer.marks_written_ = std::max(writer.marks_written_, mark.written);
    }
  }
  return writer;
}

Status SegmentWriter::reserve(std::uint64_t bytes) {
  if (bytes <= reserved_) return ok();
  const int failed = os::reserve_space(fd_.get(), reserved_, bytes - reserved_);
  if (failed != 0) {
    return io_error("cannot reserve " + std::to_string(bytes - reserved_) + " bytes for " + path_,
                    failed, "make room on that filesystem; orders are halted until then");
  }
  reserved_ = bytes;
  return ok();
}

// Zeros, ahead of the records. Space that is only reserved becomes the file's by a change of its
// extents, which ext4 makes after the data: where its journal is aborted in between, fdatasync
// reports nothing and the data is gone (seen on Linux 6.18: "failed to convert unwritten extents").
// A record over zeros that are durable changes data alone.
Status SegmentWriter::fill(std::uint64_t bytes) {
  if (bytes <= filled_) return ok();
  static const std::string zeros(kFillBytes, '\0');
  while (filled_ < bytes) {
    const std::uint64_t step = std::min(kFillBytes, reserved_ - filled_);
    LEVI_TRY_STATUS(write_at(fd_.get(), zeros.data(), step, filled_, path_));
    filled_ += step;
  }
  return sync();
}

Status SegmentWriter::write(std::uint64_t offset, const std::byte* bytes, std::size_t size) {
  LEVI_TRY_STATUS(reserve(offset + size));
  LEVI_TRY_STATUS(fill(offset + size));
  return write_at(fd_.get(), bytes, size, offset, path_);
}

Status SegmentWriter::write_mark(RecordSequence durable) {
  SegmentMark mark;
  mark.sequence = durable.value;
  mark.written = marks_written_ + 1;
  mark.crc = crc_of(mark, number_);
  LEVI_TRY_STATUS(
      write_at(fd_.get(), &mark, sizeof mark, kSegmentMarkOffsets[mark.written % 2], path_));
  marks_written_ = mark.written;
  return ok();
}

Status SegmentWriter::sync() {
  if (fdatasync(fd_.get()) != 0) return io_error("cannot make " + path_ + " durable", errno);
  return ok();
}

void give_back_behind(const std::string& path, std::uint64_t offset) {
  const os::Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat info {};
  if (!fd || fstat(fd.get(), &info) != 0) return;
  if (info.st_size <= static_cast<off_t>(offset)) return;
  std::uint64_t word = 0;
  const auto got = read_at(fd.get(), &word, sizeof word, offset, path);
  if (got && word == 0) (void)!ftruncate(fd.get(), static_cast<off_t>(offset));
}

}  // namespace levi::journal
