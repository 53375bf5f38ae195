// Any bytes in the undo log: a fault's undo, a run's owner and target. What is accepted is written
// back as something that reads the same.
#include <fcntl.h>

#include <cstdint>
#include <string>

#include "chaos/guard/undo_log.h"
#include "core/base/check.h"
#include "tests/support/temp_folder.h"

namespace {

using namespace levi;

void put(const std::string& path, const std::string& bytes) {
  const os::Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  LEVI_CHECK(fd && os::write_all(fd.get(), bytes, path));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const test::TempFolder folder{test::kTmpfs};
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto undo = chaos::parse_undo(text)) {
    const std::string line = chaos::to_line(undo.value());
    const auto again = chaos::parse_undo(line);
    LEVI_CHECK(again && chaos::to_line(again.value()) == line);
  }
  if (const auto target = chaos::parse_target(text, "stage.json")) {
    const std::string written = chaos::to_text(target.value());
    const auto again = chaos::parse_target(written, "stage.json");
    LEVI_CHECK(again && chaos::to_text(again.value()) == written);
  }
  const std::string run = folder / "run";
  LEVI_CHECK(os::make_folders(run));
  put(run + "/run.json", text);
  put(run + "/1.undo", text);
  (void)chaos::read_owner(run);
  const auto log = chaos::UndoLog::open(run);
  if (log) (void)log.value().entries();
  return 0;
}
