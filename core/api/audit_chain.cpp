#include "core/api/audit_chain.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "core/api/audit_line.h"
#include "core/base/check.h"
#include "core/control/writer.h"
#include "core/os/file.h"

namespace levi::api {
namespace {

constexpr std::string_view kSuffix = ".jsonl";
constexpr std::size_t kDayLength = 10;  // YYYY-MM-DD
constexpr std::size_t kLineBytesMax = 8192;

std::string day_of(Instant wall) {
  std::array<char, 32> text;
  control::Writer out(text);
  return std::string(out.utc(wall).view().substr(0, kDayLength));
}

bool is_day_file(const std::string& name) {
  return name.size() == kDayLength + kSuffix.size() && name.ends_with(kSuffix) &&
         name.find_first_not_of("0123456789-") == kDayLength;
}

// Names of the day files, oldest first.
Result<std::vector<std::string>> day_files(const std::string& folder) {
  LEVI_TRY(names, os::list_folder(folder));
  std::vector<std::string> days;
  for (std::string& name : names) {
    if (is_day_file(name)) days.push_back(std::move(name));
  }
  return days;
}

// The end of a file: its last whole line, and the bytes behind that.
struct FileEnd {
  std::string line;
  std::string torn;
};
FileEnd end_of(const std::string& content) {
  FileEnd end;
  const std::size_t last = content.rfind('\n');
  if (last == std::string::npos) {
    end.torn = content;
    return end;
  }
  end.torn = content.substr(last + 1);
  const std::size_t before = last == 0 ? std::string::npos : content.rfind('\n', last - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  end.line = content.substr(begin, last - begin);
  return end;
}

Error broken(const std::string& path, std::uint64_t line, const std::string& what) {
  return error(ErrorCode::kCorrupt, path + ":" + std::to_string(line) + ": " + what);
}

}  // namespace

std::string audit_folder(const std::string& data_folder) { return data_folder + "/audit"; }

Result<AuditChain> AuditChain::open(const std::string& folder, Instant now) {
  LEVI_TRY_STATUS(os::make_folders(folder, 0750));
  AuditChain chain(folder, {});
  LEVI_TRY_STATUS(chain.resume(now));
  return chain;
}

// Finds the newest line of the chain, and mends a file whose last line is torn.
Status AuditChain::resume(Instant now) {
  hash_ = std::string(kHashDigits, '0');
  LEVI_TRY(days, day_files(folder_));
  std::string torn;
  std::string torn_day;
  for (auto name = days.rbegin(); name != days.rend(); ++name) {
    LEVI_TRY(content, os::read_file(folder_ + "/" + *name));
    FileEnd end = end_of(content);
    if (!end.torn.empty() && torn.empty()) {
      torn = end.torn;
      torn_day = name->substr(0, kDayLength);
    }
    if (end.line.empty()) continue;
    const auto parsed = parse_audit_line(end.line);
    if (!parsed) {
      return error(ErrorCode::kCorrupt, folder_ + "/" + *name + ": the last line was changed",
                   "keep the folder as evidence, and give levid an empty one");
    }
    number_ = parsed->number;
    hash_ = parsed->hash;
    break;
  }
  if (!days.empty()) {
    LEVI_TRY_STATUS(open_day(days.back().substr(0, kDayLength)));
  }
  if (torn.empty()) return ok();
  if (torn_day != day_)
    return broken(folder_ + "/" + torn_day, 0, "a torn line that is not the last");
  return repair(now, torn);
}

// Ends the torn bytes with a line end. Bytes that are a whole line but for that end are a line;
// others are named.
Status AuditChain::repair(Instant now, std::string_view torn) {
  LEVI_TRY_STATUS(write_line(""));
  const auto parsed = parse_audit_line(torn);
  if (parsed && parsed->previous == hash_ && parsed->number == number_ + 1) {
    number_ = parsed->number;
    hash_ = parsed->hash;
    return ok();
  }
  AuditLine note;
  note.wall = now;
  note.actor = "levid";
  note.method = kRepairMethod;
  const std::string reason = torn_reason(torn);
  note.reason = reason;
  LEVI_TRY_STATUS(append(note));
  return sync();
}

Status AuditChain::open_day(const std::string& day) {
  if (fd_) {
    LEVI_TRY_STATUS(sync());
  }
  const std::string path = folder_ + "/" + day + std::string(kSuffix);
  os::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!fd) return io_error("cannot open " + path, errno, "check space and permissions");
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return io_error("cannot examine " + path, errno);
  LEVI_TRY_STATUS(os::fsync_folder(folder_));
  fd_ = std::move(fd);
  path_ = path;
  day_ = day;
  good_bytes_ = static_cast<std::uint64_t>(found.st_size);
  note_durable();
  return ok();
}

Status AuditChain::append(const AuditLine& line) {
  const std::string day = std::max(day_, day_of(line.wall));
  if (!fd_ || day != day_) {
    LEVI_TRY_STATUS(open_day(day));
  }
  std::string text = format(line);
  const std::string hash = sha256_hex(text);
  text.pop_back();
  text.append(kHashKey).append(hash).append("\"}");
  LEVI_TRY_STATUS(write_line(text));
  ++number_;
  hash_ = hash;
  return ok();
}

std::string AuditChain::format(const AuditLine& line) const {
  std::array<char, kLineBytesMax> buffer;
  control::Writer out(buffer);
  out.text("{").field("n", number_ + 1).key("ts").text("\"").utc(line.wall).text("\"");
  out.field("actor", line.actor).field("role", line.role).field("ip", line.ip);
  out.field("method", line.method).field("path", line.path).field("query", line.query);
  out.field("status", line.status);
  out.field("duration_ms", static_cast<double>(line.duration.count()) / 1e6);
  out.field("reason", line.reason).field("previous", std::string_view(hash_)).text("}");
  LEVI_CHECK(
      !out.overflowed());  // every field is bounded where it comes from (control::AuditEntry)
  return std::string(out.view());
}

Status AuditChain::write_line(const std::string& line) {
  struct stat found {};
  if (::fstat(fd_.get(), &found) != 0) return io_error("cannot examine " + path_, errno);
  const bool dirty = static_cast<std::uint64_t>(found.st_size) != good_bytes_;
  if (dirty && ::ftruncate(fd_.get(), static_cast<off_t>(good_bytes_)) != 0) {
    return io_error("cannot take back a half-written line of " + path_, errno);
  }
  const Status written = os::write_all(fd_.get(), line + "\n", path_);
  if (written) {
    good_bytes_ += line.size() + 1;
  } else {
    (void)!::ftruncate(fd_.get(), static_cast<off_t>(good_bytes_));
  }
  return written;
}

Status AuditChain::sync() {
  if (fd_ && ::fdatasync(fd_.get()) != 0) {
    const Error why = io_error("cannot sync " + path_, errno);
    take_back();
    return why;
  }
  note_durable();
  return ok();
}

void AuditChain::note_durable() { durable_ = {good_bytes_, number_, hash_}; }

// The next line cuts the file back to `good_bytes_` before it is written.
void AuditChain::take_back() {
  good_bytes_ = durable_.bytes;
  number_ = durable_.number;
  hash_ = durable_.hash;
}

namespace {

// The walk of verify_audit over the lines of all files.
class Verifier {
 public:
  Status file(const std::string& path, const std::string& content) {
    ++report_.files;
    std::string_view rest = content;
    for (std::uint64_t number = 1; !rest.empty(); ++number) {
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos) return tail(path, rest);
      LEVI_TRY_STATUS(line(path, number, rest.substr(0, end)));
      rest = rest.substr(end + 1);
    }
    return ok();
  }

  Result<AuditReport> done() {
    if (!torn_.empty())
      return broken(torn_at_, 0, "the last line is torn; levid's next start will name it");
    report_.last_hash = previous_;
    return report_;
  }

 private:
  // Bytes without a line end: a line that is being written now, or one that was torn and that no
  // start has named yet.
  Status tail(const std::string& path, std::string_view bytes) {
    if (!torn_.empty()) return broken(path, 0, "the line was changed, or is torn twice");
    torn_ = bytes;
    torn_at_ = path;
    return ok();
  }

  Status line(const std::string& path, std::uint64_t at, std::string_view text) {
    const auto parsed = parse_audit_line(text);
    if (!parsed && torn_.empty()) {
      torn_ = text;
      torn_at_ = path;
      return ok();
    }
    if (!parsed) return broken(path, at, "the line was changed, or is torn twice");
    if (parsed->number != report_.last_number + 1) {
      return broken(path, at,
                    "line " + std::to_string(parsed->number) + " follows line " +
                        std::to_string(report_.last_number) + ": lines are missing");
    }
    if (parsed->previous != previous_) return broken(path, at, "the line before was changed");
    const bool repairs = parsed->method == kRepairMethod;
    if (!torn_.empty() && (!repairs || parsed->reason != torn_reason(torn_))) {
      return broken(path, at - 1, "the line was changed");
    }
    if (torn_.empty() && repairs)
      return broken(path, at, "a repair line names bytes that are not there");
    take(*parsed);
    return ok();
  }

  void take(const ParsedLine& parsed) {
    torn_.clear();
    ++report_.lines;
    report_.last_number = parsed.number;
    previous_ = parsed.hash;
    if (parsed.method == kRepairMethod) ++report_.repairs;
    if (parsed.method == kLostMethod) report_.lost += lost_count(parsed.reason);
  }

  AuditReport report_;
  std::string previous_ = std::string(kHashDigits, '0');
  std::string torn_;
  std::string torn_at_;
};

}  // namespace

Result<AuditReport> verify_audit(const std::string& folder) {
  LEVI_TRY(days, day_files(folder));
  if (days.empty()) {
    return error(ErrorCode::kNotFound, "no audit chain in " + folder, "levid writes <data>/audit");
  }
  Verifier verifier;
  for (const std::string& name : days) {
    const std::string path = folder + "/" + name;
    LEVI_TRY(content, os::read_file(path));
    LEVI_TRY_STATUS(verifier.file(path, content));
  }
  return verifier.done();
}

}  // namespace levi::api
