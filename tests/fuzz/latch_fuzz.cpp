// Any bytes as the kill latch. What is no latch is not attached; what is attached is never open
// unless its whole header says so, and a seal of it holds.
//
// Input: patches of (offset in two bytes, length, bytes) to a sound latch; a first byte of 255
// means that the rest is the whole file.
#include <fcntl.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "core/base/check.h"
#include "core/latch/latch.h"
#include "tests/support/temp_folder.h"

namespace {

using namespace levi;

void put(const std::string& path, const std::string& bytes) {
  const os::Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  LEVI_CHECK(fd && os::write_all(fd.get(), bytes, path));
}

struct Base {
  test::TempFolder folder{test::kTmpfs};
  std::string path = folder / "kill.latch";
  std::string sound;

  Base() {
    auto latch = latch::Latch::create(path);
    LEVI_CHECK(latch && latch.value().release(latch::Holder::kNewInstance, 0));
    sound = os::read_file(path).value();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Base base;
  if (size == 0) return 0;
  std::string file = base.sound;
  if (data[0] == 255) {
    file.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  } else {
    for (std::size_t at = 1; at + 3 < size;) {
      const std::size_t offset = (data[at] | static_cast<std::size_t>(data[at + 1]) << 8);
      const std::size_t length = std::min<std::size_t>(data[at + 2], size - at - 3);
      if (offset + length <= file.size()) {
        std::memcpy(file.data() + offset, data + at + 3, length);
      }
      at += 3 + length;
    }
  }
  put(base.path, file);
  auto attached = latch::Latch::attach(base.path);
  if (!attached) return 0;
  latch::Latch& latch = attached.value();
  for (unsigned i = 0; i < static_cast<unsigned>(latch::Holder::kCount); ++i) {
    LEVI_CHECK(latch.slot_text(static_cast<latch::Holder>(i)).reason.valid());
    (void)latch.slot(static_cast<latch::Holder>(i));
  }
  (void)latch.gateway();
  const auto sealed = latch.seal(latch::Holder::kOperator, "fuzz", "why", {1}, Nanos{0});
  LEVI_CHECK(sealed.word.sealed() && latch.load().sealed());
  LEVI_CHECK(latch.intact() ? !latch.begin_send(1, 0) : latch.load().sealed());
  return 0;
}
