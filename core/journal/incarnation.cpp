#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <sstream>

#include "core/journal/journal.h"
#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::journal {
namespace {

constexpr std::uint32_t kIncarnationMax = (1u << 24) - 1;  // what a client order id can carry
constexpr std::size_t kAncestorsMax = 64;

// What a copy can't take along: cp, rsync, tar and a restored backup make a new folder, whose birth
// time nobody can set. Not the device: its number may change at each boot. Moving the folder within
// its filesystem keeps both. A clone of the whole block device is not seen.
struct Folder {
  std::uint64_t inode = 0;
  std::uint64_t birth_ns = 0;  // 0 where the filesystem doesn't know
  friend bool operator==(const Folder&, const Folder&) = default;
};

struct Content {
  Identity identity;
  Folder folder;
};

Result<Folder> look_at(const std::string& path) {
  struct statx info {};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &info) != 0) {
    return io_error("cannot look at data folder " + path, errno);
  }
  Folder folder;
  folder.inode = info.stx_ino;
  if ((info.stx_mask & STATX_BTIME) != 0) {
    folder.birth_ns =
        static_cast<std::uint64_t>(info.stx_btime.tv_sec) * 1'000'000'000u + info.stx_btime.tv_nsec;
  }
  return folder;
}

bool good_id(const std::string& text) {
  if (text.size() != kInstanceIdLength) return false;
  for (const char c : text) {
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) return false;
  }
  return true;
}

bool parse_line(const std::string& line, Content& content) {
  std::istringstream in(line);
  std::string key;
  std::string id;
  in >> key;
  if (key == "instance" && in >> id && good_id(id)) {
    content.identity.instance = InstanceId(id);
  } else if (key == "ancestor" && in >> id && good_id(id)) {
    content.identity.ancestors.emplace_back(id);
  } else if (key == "incarnation") {
    in >> content.identity.incarnation.value;
  } else if (key == "folder") {
    in >> content.folder.inode >> content.folder.birth_ns;
  } else {
    return false;
  }
  return !in.fail() && (in >> std::ws).eof();
}

Result<Content> parse(const std::string& text, const std::string& path) {
  Content content;
  std::istringstream in(text);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (parse_line(line, content)) continue;
    return error(ErrorCode::kCorrupt,
                 path + ":" + std::to_string(number) + ": can't read '" + line + "'",
                 "restore it: client order ids must never come again");
  }
  if (content.identity.instance.empty() || content.identity.incarnation.value == 0 ||
      content.identity.incarnation.value > kIncarnationMax ||
      content.identity.ancestors.size() > kAncestorsMax) {
    return error(ErrorCode::kCorrupt, path + " names no instance and incarnation",
                 "restore it: client order ids must never come again");
  }
  return content;
}

std::string format(const Content& content) {
  char numbers[128];
  std::snprintf(numbers, sizeof numbers, "incarnation %u\nfolder %" PRIu64 " %" PRIu64 "\n",
                content.identity.incarnation.value, content.folder.inode, content.folder.birth_ns);
  std::string text = "instance " + content.identity.instance.str() + "\n" + numbers;
  for (const InstanceId& id : content.identity.ancestors) text += "ancestor " + id.str() + "\n";
  return text;
}

}  // namespace

Result<Identity> take_incarnation(const std::string& data_folder) {
  const std::string path = data_folder + "/incarnation";
  LEVI_TRY(folder, look_at(data_folder));
  Content content;
  const auto text = os::read_file(path);
  if (text) {
    LEVI_TRY(parsed, parse(text.value(), path));
    content = std::move(parsed);
    content.identity.copied = content.folder != folder;
  } else if (text.error().code != ErrorCode::kNotFound) {
    return text.error();
  }
  Identity& identity = content.identity;
  identity.created = !text || identity.copied;
  if (identity.copied) identity.ancestors.push_back(identity.instance);
  if (identity.created) identity.instance = InstanceId(os::random_text(kInstanceIdLength));
  if (identity.incarnation.value >= kIncarnationMax) {
    return error(ErrorCode::kInvalid, path + ": the last incarnation is used up",
                 "start with a new data folder");
  }
  ++identity.incarnation.value;
  content.folder = folder;
  LEVI_TRY_STATUS(os::write_file_atomic(path, format(content), 0640));
  return identity;
}

}  // namespace levi::journal
