#include "reports/results.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::reports {
namespace {

constexpr int kFoldersOfOneSecondMax = 1000;

// "2026-11-21T23:57:34.123456Z" -> "2026-11-21_23-57-34"
std::string folder_name(Instant started) {
  std::string name = os::format_utc(started).substr(0, 19);
  name[10] = '_';
  name[13] = name[16] = '-';
  return name;
}

// Two runs may begin in the same second: the later one takes a suffix.
Result<std::string> make_run_folder(const std::string& parent, const std::string& name) {
  LEVI_TRY_STATUS(os::make_folders(parent));
  for (int i = 1; i <= kFoldersOfOneSecondMax; ++i) {
    const std::string folder = parent + "/" + name + (i == 1 ? "" : "-" + std::to_string(i));
    if (::mkdir(folder.c_str(), 0755) == 0) return folder;
    if (errno != EEXIST)
      return io_error("cannot make the folder " + folder, errno, "give another --out DIR");
  }
  return error(ErrorCode::kIo, "too many runs began in one second in " + parent);
}

// Replaced by rename, so that `latest` always points somewhere.
Status point_latest(const std::string& parent, const std::string& name) {
  const std::string fresh = parent + "/.latest-" + name;
  const std::string link = parent + "/latest";
  if (::symlink(name.c_str(), fresh.c_str()) != 0)
    return io_error("cannot make the link " + fresh, errno);
  if (::rename(fresh.c_str(), link.c_str()) != 0) {
    const int why = errno;
    ::unlink(fresh.c_str());
    return io_error("cannot replace the link " + link, why);
  }
  return ok();
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Result<ResultsWriter> ResultsWriter::create(const std::string& reports_folder,
                                            const RunFacts& facts, Instant started) {
  const std::string parent = reports_folder + "/chaos";
  LEVI_TRY(folder, make_run_folder(parent, folder_name(started)));
  const std::string path = folder + "/results.jsonl";
  os::Fd lines(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!lines) return io_error("cannot create " + path, errno);
  ResultsWriter writer(folder, std::move(lines));
  LEVI_TRY_STATUS(writer.write_summary({}, facts, judge_gate({}, {})));
  LEVI_TRY_STATUS(os::fsync_folder(folder));
  LEVI_TRY_STATUS(point_latest(parent, base_name(folder)));
  return writer;
}

Status ResultsWriter::append(const TrialRecord& record) {
  return os::append_line_fsync(lines_.get(), to_line(record), folder_ + "/results.jsonl");
}

Status ResultsWriter::write_summary(const std::vector<TrialRecord>& records, const RunFacts& facts,
                                    const Gate& gate) {
  return os::write_file_atomic(folder_ + "/summary.json", summary_json(records, facts, gate));
}

Result<StoredRun> read_run(const std::string& folder) {
  const std::string path = folder + "/results.jsonl";
  LEVI_TRY(text, os::read_file(path));
  StoredRun run;
  std::size_t position = 0;
  for (int number = 1; position < text.size(); ++number) {
    const std::size_t end = text.find('\n', position);
    if (end == std::string::npos) {
      run.last_line_torn = true;
      break;
    }
    auto record = parse_line(std::string_view(text).substr(position, end - position));
    if (!record) {
      return error(ErrorCode::kCorrupt,
                   path + ":" + std::to_string(number) + ": " + record.error().message,
                   "the file was changed or damaged after the run: run the suite again");
    }
    run.records.push_back(std::move(record).value());
    position = end + 1;
  }
  const auto summary = os::read_file(folder + "/summary.json");
  if (summary) {
    LEVI_TRY(facts, parse_summary_facts(summary.value()));
    run.facts = std::move(facts);
  }
  return run;
}

std::string default_reports_folder(const std::string& given, const std::string& executable_folder,
                                   const std::string& state_folder) {
  if (!given.empty()) return given;
  const std::string build = executable_folder.substr(0, executable_folder.rfind('/'));
  if (os::exists(build + "/CMakeCache.txt")) return build + "/reports";
  return state_folder + "/reports";
}

}  // namespace levi::reports
