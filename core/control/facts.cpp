#include "core/control/facts.h"

#include <sys/stat.h>

#include "core/os/clock.h"
#include "core/os/process.h"

namespace levi::control {

void fill_own_identity(Facts& facts) {
  const os::ProcessIdentity self = os::identify_self();
  facts.pid = self.pid;
  facts.start_ticks = self.start_ticks;
  facts.boot_id = self.boot_id;
  facts.started = os::mono_now();
  struct stat found {};
  facts.time_namespace = ::stat("/proc/self/ns/time", &found) == 0 ? found.st_ino : 0;
}

}  // namespace levi::control
