#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "core/latch/latch.h"

namespace levi::latch {
namespace {

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace

std::string default_runtime_folder(const std::string& data_folder) {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') {
    const auto tmpfs = os::is_tmpfs(runtime);
    if (tmpfs && tmpfs.value()) return std::string(runtime) + "/levi";
  }
  std::error_code failed;
  auto canonical = std::filesystem::weakly_canonical(data_folder, failed);
  std::string folder = failed ? data_folder : canonical.string();
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  char name[80];
  std::snprintf(name, sizeof name, "/dev/shm/levi-%u-%016" PRIx64, geteuid(), fnv1a(folder));
  return name;
}

Status record_runtime_folder(const std::string& data_folder, const std::string& runtime_folder) {
  const std::string path = data_folder + "/runtime";
  const std::string line = runtime_folder + "\n";
  // As a rule it stands there already, and a start with a full disk need not fail on it.
  const auto standing = os::read_file(path);
  if (standing && standing.value() == line) return ok();
  return os::write_file_atomic(path, line);
}

Result<std::string> runtime_folder_of(const std::string& data_folder) {
  const std::string path = data_folder + "/runtime";
  auto text = os::read_file(path);
  if (!text && text.error().code == ErrorCode::kNotFound)
    return default_runtime_folder(data_folder);
  if (!text) return text;
  std::string& folder = text.value();
  if (folder.ends_with('\n')) folder.pop_back();
  if (!folder.starts_with('/') || folder.find('\n') != std::string::npos) {
    return error(ErrorCode::kCorrupt, path + " names no runtime folder",
                 "start levid again, which writes it anew");
  }
  return folder;
}

std::string latch_path(const std::string& runtime_folder) { return runtime_folder + "/kill.latch"; }

}  // namespace levi::latch
