// SmallDisk: a filesystem of a given size, to be filled to the last byte.
//
// Needs a mount namespace of its own, which a process without privileges gets together with a user
// namespace. Where that is refused the object is false and the test skips, saying so. The mount is
// seen by this test process and its children alone and goes with them.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>

#include "tests/support/temp_folder.h"

namespace levi::test {

// From its first call on, mounts of this process are its own.
inline bool own_mounts() {
  static const bool done = [] {
    const auto write_file = [](const char* path, const std::string& text) {
      const int fd = open(path, O_WRONLY | O_CLOEXEC);
      if (fd < 0) return;
      if (write(fd, text.data(), text.size()) < 0) {
      }
      close(fd);
    };
    const std::string uid = std::to_string(geteuid());
    const std::string gid = std::to_string(getegid());
    if (unshare(CLONE_NEWNS) != 0) {
      if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
      write_file("/proc/self/setgroups", "deny");
      write_file("/proc/self/uid_map", "0 " + uid + " 1");
      write_file("/proc/self/gid_map", "0 " + gid + " 1");
    }
    return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }();
  return done;
}

class SmallDisk {
 public:
  explicit SmallDisk(std::size_t bytes) : mounted_(own_mounts() && mount_it(bytes, 0)) {}
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  explicit operator bool() const { return mounted_; }
  const std::string& path() const { return folder_.path(); }
  bool resize(std::size_t bytes) const { return mount_it(bytes, MS_REMOUNT); }
  bool make_read_only(std::size_t bytes) const { return mount_it(bytes, MS_REMOUNT | MS_RDONLY); }

 private:
  bool mount_it(std::size_t bytes, unsigned long flags) const {
    const std::string size = "size=" + std::to_string(bytes);
    return mount("tmpfs", folder_.path().c_str(), "tmpfs", flags, size.c_str()) == 0;
  }

  TempFolder folder_;
  bool mounted_;
};

}  // namespace levi::test
