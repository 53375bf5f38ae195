#include "exchange/ledger/ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "core/base/check.h"
#include "core/os/file.h"

namespace levi::exchange {

const char* to_string(EntryKind kind) {
  switch (kind) {
    case EntryKind::kOrder:
      return "order";
    case EntryKind::kCancel:
      return "cancel";
    case EntryKind::kFill:
      return "fill";
    case EntryKind::kOpen:
      return "open";
    case EntryKind::kEnd:
      return "end";
    case EntryKind::kFault:
      return "fault";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(EntryStatus status) {
  switch (status) {
    case EntryStatus::kNone:
      return "";
    case EntryStatus::kAccepted:
      return "accepted";
    case EntryStatus::kRejected:
      return "rejected";
    case EntryStatus::kDuplicate:
      return "duplicate";
    case EntryStatus::kCanceled:
      return "canceled";
    case EntryStatus::kPartiallyCanceled:
      return "partially_canceled";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(FaultKind kind) {
  switch (kind) {
    case FaultKind::kReset:
      return "reset";
    case FaultKind::kHalfOpen:
      return "half_open";
    case FaultKind::kRefuse:
      return "refuse";
    case FaultKind::kSilence:
      return "silence";
    case FaultKind::kSkipVersions:
      return "skip_versions";
    case FaultKind::kLoseAnswer:
      return "lose_answer";
    case FaultKind::kClockOffset:
      return "clock_offset";
    case FaultKind::kLatency:
      return "latency";
    case FaultKind::kReverted:
      return "reverted";
  }
  LEVI_UNREACHABLE();
}

Arrival Ledger::append(LedgerEntry entry) {
  entry.arrival = Arrival{next_++};
  entries_.push_back(entry);
  if (entries_.size() > entries_max_) entries_.pop_front();
  return entry.arrival;
}

std::size_t Ledger::index_after(Arrival after) const {
  const std::uint64_t first = truncated_before().value;
  if (after.value < first) return 0;
  return std::min<std::size_t>(after.value + 1 - first, entries_.size());
}

std::uint64_t Ledger::orders_between(MonoTime from, MonoTime until) const {
  const auto later = [](MonoTime time, const LedgerEntry& entry) {
    return time < entry.origin.mono;
  };
  auto entry = std::upper_bound(entries_.begin(), entries_.end(), from, later);
  std::uint64_t orders = 0;
  for (; entry != entries_.end() && entry->origin.mono <= until; ++entry) {
    if (entry->kind == EntryKind::kOrder) ++orders;
  }
  return orders;
}

Result<LedgerFile> LedgerFile::open(const std::string& path, std::uint64_t bytes_max) {
  os::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd)
    return io_error("cannot open the ledger file " + path, errno, "give --ledger a writable path");
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  return LedgerFile(std::move(fd), path, size > 0 ? static_cast<std::uint64_t>(size) : 0,
                    bytes_max);
}

void LedgerFile::add(std::string_view line) {
  buffer_ += line;
  buffer_ += '\n';
}

Status LedgerFile::flush() {
  if (buffer_.empty()) return ok();
  bytes_ += buffer_.size();
  const Status written = os::write_all(fd_.get(), buffer_, path_);
  buffer_.clear();
  if (!written || bytes_ < bytes_max_) return written;
  return rotate();
}

Status LedgerFile::rotate() {
  const std::string older = path_ + ".1";
  if (::rename(path_.c_str(), older.c_str()) != 0)
    return io_error("cannot rename " + path_ + " to " + older, errno);
  LEVI_TRY(fresh, open(path_, bytes_max_));
  fd_ = std::move(fresh.fd_);
  bytes_ = 0;
  return ok();
}

}  // namespace levi::exchange
