#include "levictl/paths.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "core/os/file.h"

namespace levi::cli {
namespace {

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string home_folder() {
  const std::string home = from_environment("HOME");
  if (!home.empty()) return home;
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_dir : "/tmp";
}

}  // namespace

std::string state_folder() {
  const std::string state = from_environment("XDG_STATE_HOME");
  return (state.empty() ? home_folder() + "/.local/state" : state) + "/levictl";
}

std::string binary_folder() {
  const std::string own = os::own_executable_folder();
  // A test or benchmark in build/tests or build/bench: the programs stand in build/bin. Asked of
  // the one program of which nothing beside the tests has the name: CMake makes the folders levid
  // and levictl there, and levid's own tests link levi-engine.
  const std::string bin = own.substr(0, own.rfind('/')) + "/bin";
  return !os::exists(own + "/levi-exchange") && os::exists(bin + "/levi-exchange") ? bin : own;
}

std::string reports_folder() {
  // <checkout>/build/bin/levictl: the checkout is known by its CMakeLists.txt.
  const std::string build = binary_folder().substr(0, binary_folder().rfind('/'));
  const std::string checkout = build.substr(0, build.rfind('/'));
  if (os::exists(checkout + "/CMakeLists.txt") && os::exists(build + "/build.ninja"))
    return build + "/reports";
  return state_folder() + "/reports";
}

}  // namespace levi::cli
