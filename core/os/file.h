// Files: whole reads, atomic writes, mappings, locks. Every error names the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/os/fd.h"

namespace levi::os {

Result<std::string> read_file(const std::string& path);
Status write_all(int fd, std::string_view bytes,
                 const std::string& path);  // retries EINTR and short writes
// Beside it (path + ".tmp"), fsynced, renamed, folder fsynced: after a crash the old or the new
// content stands.
Status write_file_atomic(const std::string& path, std::string_view content, unsigned mode = 0644);
Status append_line_fsync(int fd, std::string_view line,
                         const std::string& path);  // adds '\n', fdatasyncs
Status make_folders(const std::string& path, unsigned mode = 0755);
Status remove_tree(const std::string& path);  // refuses "/" and "" ; a missing path is fine
Status fsync_folder(const std::string& path);
Result<std::vector<std::string>> list_folder(const std::string& path);  // names, sorted
bool exists(const std::string& path);
Result<bool> is_tmpfs(const std::string& path);  // the filesystem that holds it (or its folder, if
                                                 // it is not there yet)
Result<std::uint64_t> free_bytes(const std::string& folder);
std::string own_executable();         // absolute path of the running program
std::string own_executable_folder();  // build/bin, or /usr/bin when installed

// Exclusive flock held while the object lives. kBusy when another process holds it.
class FileLock {
 public:
  static Result<FileLock> take(const std::string& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// A shared mapping. Unmapped on destruction; the file stays.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  static Result<Mapping> map(int fd, std::size_t size, bool writable, const std::string& name);
  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

Result<Fd> make_memfd(const std::string& name, std::size_t size);

}  // namespace levi::os
