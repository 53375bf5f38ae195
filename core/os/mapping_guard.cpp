#include "core/os/mapping_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>

#include "core/base/check.h"

namespace levi::os {
namespace {

std::array<MappingGuard::Entry, kGuardsMax> guard_entries;
struct sigaction previous_action;
std::size_t page_bytes = 4096;

// Signal context: only raw system calls and lock-free atomics.
bool replace_page(std::size_t address) {
  for (auto& entry : guard_entries) {
    if (address < entry.begin.load() || address >= entry.end.load()) continue;
    const std::size_t page = address & ~(page_bytes - 1);
    const long mapped = syscall(SYS_mmap, page, page_bytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (mapped == -1) return false;
    entry.broken.store(true);
    return true;
  }
  return false;
}

void on_bus_error(int, siginfo_t* info, void*) {
  const int saved = errno;
  const bool ours = replace_page(reinterpret_cast<std::size_t>(info->si_addr));
  errno = saved;
  if (!ours)
    sigaction(SIGBUS, &previous_action, nullptr);  // The access repeats, and ends as it would have.
}

void install_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    LEVI_CHECK(sigaction(SIGBUS, &action, &previous_action) == 0);
  });
}

}  // namespace

MappingGuard::MappingGuard(const void* data, std::size_t size) {
  install_once();
  for (auto& entry : guard_entries) {
    if (entry.taken.exchange(true)) continue;
    entry.broken.store(false);
    const auto begin = reinterpret_cast<std::size_t>(data);
    entry.begin.store(begin);
    entry.end.store(begin + size);
    entry_ = &entry;
    return;
  }
  LEVI_UNREACHABLE();  // more than kGuardsMax mappings are guarded
}

MappingGuard::~MappingGuard() {
  if (entry_ == nullptr) return;
  entry_->end.store(0);
  entry_->begin.store(0);
  entry_->taken.store(false);
}

}  // namespace levi::os
