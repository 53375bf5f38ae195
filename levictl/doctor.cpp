#include "levictl/doctor.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/latch/latch.h"
#include "core/os/clock.h"
#include "core/os/file.h"
#include "core/os/process.h"
#include "core/os/thread.h"
#include "levictl/exit_code.h"
#include "levictl/paths.h"
#include "levictl/stage.h"
#include "levictl/text.h"

namespace levi::cli {
namespace {

enum class Grade { kGood, kWarning, kBad };

struct Check {
  std::string name;
  Grade grade;
  std::string detail;
  std::string fix;
};

constexpr std::uint64_t kRuntimeBytesMin = 128u << 20;  // a 64 MiB ring, the latch, and room
constexpr std::uint64_t kStateBytesMin = 512u << 20;
constexpr rlim_t kFilesMin = 4096;

Check binaries() {
  std::string missing;
  for (const char* name : {"levid", "levi-engine", "levi-exchange"}) {
    if (!os::exists(binary_folder() + "/" + name))
      missing += std::string(missing.empty() ? "" : ", ") + name;
  }
  if (!missing.empty())
    return {"binaries", Grade::kBad, missing + " missing in " + binary_folder(),
            "scripts/build.sh"};
  if (!os::exists(binary_folder() + "/levid-sabotage")) {
    return {"binaries", Grade::kWarning, "levid-sabotage is not here",
            "chaos selftest needs a build from source"};
  }
  return {"binaries", Grade::kGood, binary_folder(), ""};
}

// A mount may be read-only, and the name may be a file or another user's: only a write tells.
Status try_to_write(const std::string& folder) {
  const bool there = os::exists(folder);
  Status written = os::make_folders(folder, 0700);
  if (written) written = os::write_file_atomic(folder + "/doctor.tmp", "x");
  static_cast<void>(os::remove_tree(folder + "/doctor.tmp"));
  if (!there) static_cast<void>(::rmdir(folder.c_str()));  // a levid that just moved in stays
  return written;
}

Check runtime_folder() {
  const std::string folder = latch::default_runtime_folder("/var/lib/levi");
  const std::string parent = folder.substr(0, folder.rfind('/'));
  const auto tmpfs = os::is_tmpfs(parent);
  if (!tmpfs || !tmpfs.value()) {
    return {"runtime folder", Grade::kBad, parent + " is not on tmpfs",
            "mount tmpfs there: the kill path must not touch a disk"};
  }
  const auto free = os::free_bytes(parent);
  const std::uint64_t bytes = free ? free.value() : 0;
  const std::string detail = parent + ", " + std::to_string(bytes >> 20) + " MiB free";
  if (const Status written = try_to_write(folder); !written)
    return {"runtime folder", Grade::kBad, written.error().message,
            "levid makes ring, latch and socket there: it must be a folder of this user's"};
  if (bytes < kRuntimeBytesMin)
    return {"runtime folder", Grade::kBad, detail, "128 MiB are needed for ring and latch"};
  return {"runtime folder", Grade::kGood, detail, ""};
}

Check state() {
  const Status made = os::make_folders(state_folder());
  if (!made)
    return {"state folder", Grade::kBad, made.error().message,
            "set XDG_STATE_HOME to a writable folder"};
  const Status written = os::write_file_atomic(state_folder() + "/doctor.tmp", "x");
  static_cast<void>(os::remove_tree(state_folder() + "/doctor.tmp"));
  if (!written)
    return {"state folder", Grade::kBad, written.error().message,
            "undo logs must be written before a fault"};
  const auto free = os::free_bytes(state_folder());
  if (free && free.value() < kStateBytesMin) {
    return {"state folder", Grade::kWarning, std::to_string(free.value() >> 20) + " MiB free",
            "reports and journals need room"};
  }
  return {"state folder", Grade::kGood, state_folder(), ""};
}

Check priorities() {
  os::PriorityGranted granted;
  os::start_thread("doctor", [&] { granted = os::raise_priority(os::Priority::kControl); }).join();
  if (granted.real_time)
    return {"priorities", Grade::kGood, "real-time scheduling is permitted", ""};
  return {"priorities", Grade::kWarning, "no real-time scheduling: a kill may wait behind CPU hogs",
          "LimitRTPRIO=50 in the unit, or CAP_SYS_NICE"};
}

Check locked_memory() {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const bool enough =
      geteuid() == 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= (256u << 20);
  if (enough) return {"locked memory", Grade::kGood, "permitted", ""};
  return {"locked memory", Grade::kWarning,
          std::to_string(limit.rlim_cur >> 10) + " KiB may be locked",
          "LimitMEMLOCK=infinity in the unit"};
}

Check open_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  // levid raises its own soft limit as far as it may: the hard one decides.
  const std::string detail = std::to_string(limit.rlim_max) + " open files at most";
  if (limit.rlim_max >= kFilesMin) return {"open files", Grade::kGood, detail, ""};
  return {"open files", Grade::kBad, detail, "LimitNOFILE=4096 in the unit, or ulimit -Hn 4096"};
}

Check pidfds() {
  const auto self = os::open_process(os::identify_self());
  if (self) return {"pidfds", Grade::kGood, "processes are named by identity, not by number", ""};
  return {"pidfds", Grade::kBad, self.error().message, "Linux 5.3 or newer is needed"};
}

Check stages() {
  std::string dead;
  std::string damaged;
  for (const std::string& name : stage_names()) {
    const auto stage = read_stage(name);
    if (!stage) {
      damaged += (damaged.empty() ? "" : "; ") + stage.error().message;
    } else if (!stage.value().alive() && !stage.value().starting()) {
      dead += (dead.empty() ? "" : ", ") + name;
    }
  }
  if (!damaged.empty())
    return {"stages", Grade::kWarning, damaged, "levictl down --all takes the record away"};
  if (dead.empty()) return {"stages", Grade::kGood, "none left behind", ""};
  return {"stages", Grade::kWarning, "left by a killed supervisor: " + dead, "levictl down --all"};
}

const char* text(Grade grade) {
  switch (grade) {
    case Grade::kGood:
      return "ok";
    case Grade::kWarning:
      return "warn";
    case Grade::kBad:
      return "BAD";
  }
  return "?";
}

}  // namespace

int doctor_command(bool json) {
  const std::vector<Check> checks = {binaries(),      runtime_folder(), state(),  priorities(),
                                     locked_memory(), open_files(),     pidfds(), stages()};
  bool bad = false;
  nlohmann::json list = nlohmann::json::array();
  for (const Check& check : checks) {
    bad = bad || check.grade == Grade::kBad;
    list.push_back({{"check", check.name},
                    {"grade", text(check.grade)},
                    {"detail", check.detail},
                    {"fix", check.fix}});
    if (json) continue;
    std::printf("%-15s %-5s %s%s%s\n", check.name.c_str(), text(check.grade), check.detail.c_str(),
                check.fix.empty() ? "" : "  → ", check.fix.c_str());
  }
  if (json) std::printf("%s\n", json_text(list, 2).c_str());
  return bad ? kFailed : kDone;
}

}  // namespace levi::cli
