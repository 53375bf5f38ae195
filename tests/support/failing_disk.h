// FailingDisk: a filesystem that turns read-only under whoever writes to it, as ext4 does after an
// I/O error. (A plain remount is refused while a file is open for writing.)
//
// Needs root, a loop device and mkfs.ext4. Without them the object is false and the test skips,
// saying so. The mount is seen by this test process and its children alone and goes with them.
#pragma once

#include "core/os/process.h"
#include "tests/support/small_disk.h"

namespace levi::test {

class FailingDisk {
 public:
  explicit FailingDisk(std::size_t bytes) {
    mounted_ = geteuid() == 0 && own_mounts() &&
               shell("truncate -s " + std::to_string(bytes) + " '" + image() +
                     "' && mkfs.ext4 -q '" + image() + "'") &&
               mount_it();
  }
  FailingDisk(const FailingDisk&) = delete;
  FailingDisk& operator=(const FailingDisk&) = delete;
  ~FailingDisk() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  explicit operator bool() const { return mounted_; }
  const std::string& path() const { return folder_.path(); }

  // From now on every write fails with EROFS, through open descriptors as well.
  bool fail() const {
    return mount(nullptr, folder_.path().c_str(), nullptr, MS_REMOUNT, "abort") == 0;
  }
  // What an operator does: nobody may have a file open there.
  bool repair() {
    mounted_ = umount2(folder_.path().c_str(), 0) != 0;
    // 0: clean, 1: corrected.
    return !mounted_ && shell("e2fsck -fy '" + image() + "' || [ $? -eq 1 ]") && mount_it();
  }

 private:
  std::string image() const { return image_folder_.path() + "/image"; }
  bool mount_it() {
    mounted_ = shell("mount -t ext4 -o loop '" + image() + "' '" + folder_.path() + "'");
    return mounted_;
  }
  static bool shell(const std::string& command) {
    os::SpawnOptions options;
    options.program = "/bin/sh";
    options.arguments = {"-c", "PATH=$PATH:/usr/sbin:/sbin; { " + command + "; } >/dev/null 2>&1"};
    auto child = os::Child::spawn(options);
    const auto status = child ? child.value().wait(Nanos{60'000'000'000}) : std::nullopt;
    return status && status->exited && status->code == 0;
  }

  TempFolder image_folder_;
  TempFolder folder_;
  bool mounted_ = false;
};

}  // namespace levi::test
