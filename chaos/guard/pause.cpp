#include "chaos/guard/pause.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::chaos {

void pause_at(std::string_view step, const std::function<bool()>& wait) {
  const char* wanted = std::getenv("LEVI_CHAOS_PAUSE_AT");
  const char* folder = std::getenv("LEVI_CHAOS_PAUSE_DIR");
  if (wanted == nullptr || folder == nullptr || step != wanted) return;
  const std::string here = folder;
  if (os::exists(here + "/go")) return;
  if (!os::write_file_atomic(here + "/at", std::to_string(::getpid()) + "\n")) return;
  const MonoTime end = os::mono_now() + kPauseMax;
  while (!os::exists(here + "/go") && os::mono_now() < end && wait()) {
  }
}

}  // namespace levi::chaos
