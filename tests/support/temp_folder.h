// TempFolder: a folder of its own for one test, gone with the object.
//
// A test that is killed can't clean up: so each name carries the owner's pid, and the next test to
// make a folder in the same place removes those whose owner is gone.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/check.h"

namespace levi::test {

inline constexpr const char* kTmpfs = "/dev/shm";  // memory: rings and latches
inline constexpr const char* kDisk = "/tmp";       // whatever the machine has: segments, databases

class TempFolder {
 public:
  explicit TempFolder(const std::string& base = kDisk) {
    remove_orphans(base);
    std::string name = base + "/levi-test." + std::to_string(getpid()) + ".XXXXXX";
    LEVI_CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  static void remove_orphans(const std::string& base) {
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(base, failed)) {
      const std::string name = entry.path().filename().string();
      if (name.rfind("levi-test.", 0) != 0) continue;
      const pid_t owner = static_cast<pid_t>(std::atol(name.c_str() + 10));
      if (owner <= 0 || kill(owner, 0) == 0 || errno != ESRCH) continue;
      std::filesystem::remove_all(entry.path(), failed);
    }
  }

  std::string path_;
};

}  // namespace levi::test
