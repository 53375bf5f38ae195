#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/latch/layout.h"
#include "core/latch/texts.h"
#include "core/os/clock.h"
#include "core/os/process.h"
#include "core/os/reserve.h"

namespace levi::latch {
namespace {

Error damaged(const std::string& path, const std::string& how) {
  return error(ErrorCode::kCorrupt, "kill latch " + path + " is damaged: " + how,
               "treated as sealed; restart levid, which makes it anew, sealed");
}

InstanceId instance_of(const std::array<std::atomic<std::uint8_t>, 8>& bytes) {
  InstanceId id;
  id.size_ = bytes[0].load();
  if (!id.valid()) return {};
  for (std::size_t i = 0; i < 7; ++i) id.data_[i] = static_cast<char>(bytes[i + 1].load());
  return id;
}

void set_instance(std::array<std::atomic<std::uint8_t>, 8>& bytes, const InstanceId& id) {
  bytes[0].store(id.size_);
  for (std::size_t i = 0; i < 7; ++i) bytes[i + 1].store(static_cast<std::uint8_t>(id.data_[i]));
}

Status lock(int fd, const std::string& path) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return ok();
  if (errno == EWOULDBLOCK) {
    return error(ErrorCode::kBusy, "kill latch " + path + " belongs to a levid that is running",
                 "stop that levid, or give this one a runtime folder of its own");
  }
  return io_error("cannot lock " + path, errno);
}

// Whole before it is named: killers never see half a latch. Space is reserved, so that a full tmpfs
// can't raise SIGBUS.
Result<os::Fd> make_file(const std::string& path) {
  unlink(path.c_str());
  os::Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return io_error("cannot create " + path, errno);
  const int failed = os::reserve_space(fd.get(), 0, kFileBytes);
  if (failed != 0) return io_error("cannot reserve space for " + path, failed);
  return fd;
}

std::string nearest_existing(const std::string& folder) {
  std::filesystem::path path = folder.empty() ? "." : folder;
  while (!os::exists(path.string()) && path.has_parent_path() && path != path.parent_path()) {
    path = path.parent_path();
  }
  return path.string();
}

Latch::Gateway this_process() {
  const auto self = os::identify_self();
  return {self.pid, self.start_ticks};
}

}  // namespace

Latch::Latch(std::string path, os::Fd fd, os::Mapping mapping)
    : path_(std::move(path)),
      fd_(std::move(fd)),
      mapping_(std::move(mapping)),
      guard_(mapping_.data(), mapping_.size()) {}

Result<Latch> Latch::map(const std::string& path, os::Fd fd) {
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return io_error("cannot look at " + path, errno);
  if (!S_ISREG(info.st_mode)) return damaged(path, "not a regular file");
  if (static_cast<std::size_t>(info.st_size) !=
      kFileBytes) {  // Before it is mapped: behind the end is SIGBUS.
    return damaged(path,
                   std::to_string(info.st_size) + " bytes, not " + std::to_string(kFileBytes));
  }
  LEVI_TRY(mapping, os::Mapping::map(fd.get(), kFileBytes, true, path));
  return Latch(path, std::move(fd), std::move(mapping));
}

Status Latch::check_header() const {
  const Layout& l = layout();
  struct stat info {};
  if (fstat(fd_.get(), &info) != 0) return io_error("cannot look at " + path_, errno);
  if (guard_.broken() || static_cast<std::size_t>(info.st_size) != kFileBytes) {
    return damaged(path_, "it was truncated");
  }
  if (l.magic.load() != kMagic) return damaged(path_, "no latch (wrong magic)");
  if (l.version.load() != kLayoutVersion) {
    return damaged(path_, "layout " + std::to_string(l.version.load()) + ", this build knows " +
                              std::to_string(kLayoutVersion));
  }
  if (l.inode.load() != info.st_ino) return damaged(path_, "a copy of another latch file");
  if (Word{l.word.load()}.epoch() == 0) return damaged(path_, "epoch 0");
  return ok();
}

Result<Latch> Latch::attach(const std::string& path) {
  os::Fd fd(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) {
    return error(ErrorCode::kNotFound, "there is no kill latch at " + path,
                 "missing means sealed; levid makes it when it starts");
  }
  if (!fd) return io_error("cannot open kill latch " + path, errno);
  LEVI_TRY(latch, map(path, std::move(fd)));
  LEVI_TRY_STATUS(latch.check_header());
  return latch;
}

Result<Latch> Latch::make_anew(const std::string& path, const CreateOptions& options,
                               Holder holder) {
  const std::string beside = path + ".new";
  LEVI_TRY(fd, make_file(beside));
  LEVI_TRY_STATUS(lock(fd.get(), beside));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return io_error("cannot look at " + beside, errno);
  LEVI_TRY(latch, map(path, std::move(fd)));
  Layout& l = latch.layout();
  const std::uint64_t epoch = (options.epoch_after + 1) & (~std::uint64_t{0} >> kHolderBits);
  const Word word{(epoch == 0 ? 1 : epoch) << kHolderBits | std::uint64_t{1}
                                                                << static_cast<unsigned>(holder)};
  l.word.store(word.raw);
  l.inode.store(info.st_ino);
  l.version.store(kLayoutVersion);
  set_instance(l.instance, options.instance);
  write_text(l.texts[static_cast<std::size_t>(holder)][word.epoch() % kTextBuffers], word.epoch(),
             "levid",
             holder == Holder::kLatchFile ? "the latch file was missing or damaged"
                                          : "the first opening is an explicit resume",
             os::wall_now());
  latch.set_gateway(this_process());
  l.magic.store(kMagic);
  if (rename(beside.c_str(), path.c_str()) != 0) {
    return io_error("cannot rename " + beside + " to " + path, errno);
  }
  return latch;
}

InstanceId Latch::instance() const { return instance_of(layout().instance); }

// A standing latch keeps its word, whoever holds it. A send that died half-way counts as sent: S
// must not fall.
void Latch::adopt(const CreateOptions& options) {
  Layout& l = layout();
  const std::uint64_t in_flight = l.in_flight.load();
  if (in_flight > l.last_sequence.load()) l.last_sequence.store(in_flight);
  leave_section();
  if (!options.instance.empty() && instance_of(l.instance) != options.instance) {
    (void)seal(Holder::kNewInstance, "levid", "the first opening is an explicit resume",
               os::wall_now(), Nanos{0});
    l.last_sequence.store(0);
    set_instance(l.instance, options.instance);
  }
  set_gateway(this_process());
}

Result<Latch> Latch::create(const std::string& path, const CreateOptions& options) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  LEVI_TRY(tmpfs, os::is_tmpfs(nearest_existing(folder)));
  if (!tmpfs) {
    return error(ErrorCode::kUnsupported,
                 folder + " is not tmpfs: a disk must not stand in the way of the kill switch",
                 "set the runtime folder to a place on tmpfs, such as /dev/shm/levi");
  }
  LEVI_TRY_STATUS(os::make_folders(folder, 0700));
  os::Fd fd(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return make_anew(path, options, options.holder_if_missing);
  if (!fd) return io_error("cannot open kill latch " + path, errno);
  LEVI_TRY_STATUS(lock(fd.get(), path));
  auto standing = map(path, std::move(fd));
  if (standing && standing.value().check_header()) {
    standing.value().adopt(options);
    return standing;
  }
  if (!standing && standing.error().code != ErrorCode::kCorrupt) return standing.error();
  return make_anew(path, options, Holder::kLatchFile);
}

}  // namespace levi::latch
