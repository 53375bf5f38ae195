#include "levictl/data_folder.h"

#include <sys/stat.h>

#include <sstream>

#include "core/latch/latch.h"

namespace levi::cli {
namespace {

// What <data>/incarnation says of the folder; empty where it is not there or not ours to read.
struct Incarnation {
  std::string instance;
  std::uint64_t inode = 0;
};

Incarnation read_incarnation(const std::string& data_folder) {
  Incarnation found;
  const auto text = os::read_file(data_folder + "/incarnation");
  if (!text) return found;
  std::istringstream lines(text.value());
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "instance") words >> found.instance;
    if (key == "folder") words >> found.inode;
  }
  return found;
}

}  // namespace

Result<std::string> find_runtime(const std::string& data_folder) {
  struct stat info {};
  if (::stat(data_folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return error(ErrorCode::kInvalid, "--data " + data_folder + ": there is no such folder",
                 "name the one that stands as 'data' in levid's configuration");
  }
  const Incarnation incarnation = read_incarnation(data_folder);
  if (incarnation.inode != 0 && incarnation.inode != info.st_ino) {
    return error(ErrorCode::kInvalid,
                 "--data " + data_folder + " is a copy, on which no levid has started",
                 "name the folder that it was copied from, or --runtime FOLDER");
  }
  auto runtime = latch::runtime_folder_of(data_folder);
  if (runtime) return runtime;
  return error(ErrorCode::kInvalid, runtime.error().message, "give --runtime FOLDER");
}

Status check_latch_is_of(const std::string& data_folder, const std::string& runtime) {
  const auto latch = latch::Latch::attach(latch::latch_path(runtime));
  if (!latch || latch.value().instance().empty()) return ok();
  const std::string instance = read_incarnation(data_folder).instance;
  if (instance == latch.value().instance().str()) return ok();
  return error(ErrorCode::kInvalid,
               "the latch in " + runtime + " is of instance " + latch.value().instance().str() +
                   ", " + data_folder + " is " +
                   (instance.empty() ? "of none: no levid has started there" : instance),
               "it would stop another core. Give the right --data, or only --runtime FOLDER");
}

}  // namespace levi::cli
