#include "core/os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "core/base/check.h"

namespace levi::os {
namespace {

constexpr int kFolderDepthMax = 128;  // of remove_tree: deeper is no tree of ours

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Error file_error(const char* verb, const std::string& path, int errno_value) {
  Error e = io_error(std::string("cannot ") + verb + ' ' + path, errno_value);
  if (errno_value == ENOENT) e.code = ErrorCode::kNotFound;
  return e;
}

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

// Deletes what a folder holds through its own descriptor: a link in it is unlinked, never followed,
// and a folder that is swapped for a link meanwhile is refused by O_NOFOLLOW.
Status remove_inside(Fd folder_fd, const std::string& path, int depth) {
  if (depth > kFolderDepthMax) return error(ErrorCode::kInvalid, path + " is nested too deep");
  Folder folder(::fdopendir(folder_fd.get()), &::closedir);
  if (!folder) return file_error("list", path, errno);
  const int at = folder_fd.release();  // now owned by `folder`
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string inner = path + '/' + name;
    if (::unlinkat(at, name.c_str(), 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR && errno != EPERM) return file_error("remove", inner, errno);
    Fd child(::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!child) return file_error("remove", inner, errno);
    LEVI_TRY_STATUS(remove_inside(std::move(child), inner, depth + 1));
    if (::unlinkat(at, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      return file_error("remove", inner, errno);
    }
  }
  if (errno != 0) return file_error("list", path, errno);
  return ok();
}

Result<struct statfs> filesystem_of(const std::string& path) {
  struct statfs info {};
  int result = ::statfs(path.c_str(), &info);
  if (result != 0 && errno == ENOENT) result = ::statfs(parent_of(path).c_str(), &info);
  if (result != 0) return file_error("examine the filesystem of", path, errno);
  return info;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return file_error("open", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return file_error("read", path, errno);
  std::string content;
  // Files of /proc have the size 0 and yet content: the size is only a first guess.
  content.resize(static_cast<std::size_t>(info.st_size) + 512);
  std::size_t used = 0;
  for (;;) {
    if (used == content.size()) content.resize(content.size() * 2);
    const ssize_t got = ::read(fd.get(), content.data() + used, content.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", path, errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  content.resize(used);
  return content;
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ok();
}

Status write_file_atomic(const std::string& path, std::string_view content, unsigned mode) {
  const std::string beside = path + ".tmp";
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  Fd fd(::open(beside.c_str(), flags, mode));
  if (!fd) return file_error("create", beside, errno);
  Status status = write_all(fd.get(), content, beside);
  if (status && ::fchmod(fd.get(), mode) != 0)
    status = file_error("set the mode of", beside, errno);
  if (status && ::fsync(fd.get()) != 0) status = file_error("fsync", beside, errno);
  if (status && ::rename(beside.c_str(), path.c_str()) != 0) {
    status = file_error("replace", path, errno);
  }
  if (!status) {
    ::unlink(beside.c_str());
    return status;
  }
  return fsync_folder(parent_of(path));
}

Status append_line_fsync(int fd, std::string_view line, const std::string& path) {
  std::string with_end(line);
  with_end += '\n';  // One write: a crash cuts the last line, never mixes two.
  LEVI_TRY_STATUS(write_all(fd, with_end, path));
  if (::fdatasync(fd) != 0) return file_error("fdatasync", path, errno);
  return ok();
}

Status make_folders(const std::string& path, unsigned mode) {
  if (path.empty()) return error(ErrorCode::kInvalid, "cannot create a folder without a name");
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    struct stat info {};
    if (::mkdir(part.c_str(), mode) != 0) {
      const int why = errno;
      // EROFS and EACCES come before EEXIST on some filesystems: what counts is that the folder is
      // there.
      if (::stat(part.c_str(), &info) != 0) return file_error("create the folder", part, why);
      if (!S_ISDIR(info.st_mode)) return file_error("create the folder", part, ENOTDIR);
    }
    if (slash == std::string::npos) return ok();
  }
}

Status remove_tree(const std::string& path) {
  if (path.empty() || path.find_first_not_of("/.") == std::string::npos) {
    return error(ErrorCode::kInvalid, "will not remove '" + path + "'");
  }
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return ok();
  if (errno != EISDIR && errno != EPERM) return file_error("remove", path, errno);
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return file_error("remove", path, errno);
  LEVI_TRY_STATUS(remove_inside(std::move(folder), path, 0));
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return file_error("remove", path, errno);
  return ok();
}

Status fsync_folder(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return file_error("open the folder", path, errno);
  // EINVAL: a filesystem that has nothing to sync there.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return file_error("fsync the folder", path, errno);
  return ok();
}

Result<std::vector<std::string>> list_folder(const std::string& path) {
  const Folder folder(::opendir(path.c_str()), &::closedir);
  if (!folder) return file_error("list", path, errno);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return file_error("list", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<bool> is_tmpfs(const std::string& path) {
  LEVI_TRY(info, filesystem_of(path));
  return info.f_type == TMPFS_MAGIC;
}

Result<std::uint64_t> free_bytes(const std::string& folder) {
  LEVI_TRY(info, filesystem_of(folder));
  return std::uint64_t{info.f_bavail} * static_cast<std::uint64_t>(info.f_bsize);
}

std::string own_executable() {
  std::string path(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  LEVI_CHECK(length > 0 && static_cast<std::size_t>(length) < path.size());
  path.resize(static_cast<std::size_t>(length));
  // A rebuilt binary leaves this behind; the new file at the same place is the one to start.
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

std::string own_executable_folder() { return parent_of(own_executable()); }

}  // namespace levi::os
