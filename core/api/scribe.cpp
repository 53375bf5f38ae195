#include "core/api/scribe.h"

#include "core/base/sabotage.h"
#include "core/os/clock.h"

namespace levi::api {
namespace {

constexpr std::size_t kKeptMax = 4096;  // entries that wait for a disk
constexpr Nanos kLookEvery = 100ms;
constexpr Nanos kRetryEvery = 1s;

// "127.0.0.1:40512" -> "127.0.0.1"
std::string_view host_of(std::string_view peer) {
  const std::size_t colon = peer.rfind(':');
  return colon == std::string_view::npos ? peer : peer.substr(0, colon);
}

AuditLine line_of(const control::AuditEntry& entry) {
  AuditLine line;
  line.wall = entry.wall;
  line.actor = entry.actor.view();
  line.ip = host_of(entry.peer.view());
  line.method = entry.method.view();
  line.path = entry.path.view();
  line.query = entry.query.view();
  line.status = entry.status;
  line.duration = Nanos{entry.duration_ns};
  line.reason = entry.reason.view();
  return line;
}

}  // namespace

Scribe::Scribe(std::string folder, control::AuditRing& control_ring, control::AuditRing& api_ring,
               control::SharedStatus& status)
    : folder_(std::move(folder)), rings_{&control_ring, &api_ring}, status_(status) {
  for (auto* ring : rings_) ring->wake_scribe_ = [this] { signal_.raise(); };
  publish(open_if_needed());
}

Scribe::~Scribe() { stop(); }

void Scribe::start() {
  thread_ = os::start_thread("levi-scribe", [this] { run(); });
}

void Scribe::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  signal_.raise();
  thread_.join();
}

void Scribe::run() {
  auto poller = os::Poller::create();
  LEVI_CHECK(poller && poller.value().add(signal_.fd(), os::Poller::kRead, 0));
  bool last = false;
  while (!last) {
    last = stopping_;  // one more look after it was asked to stop
    if (!poller.value().wait(last ? 0ns : kLookEvery).empty()) signal_.clear();
    take_entries();
    if (!failing_ || last || os::mono_now() >= retry_at_) write_kept();
  }
}

void Scribe::take_entries() {
  std::uint64_t lost = overflowed_;
  for (std::size_t i = 0; i < kRings; ++i) {
    while (const auto entry = rings_[i]->pop()) {
      const std::uint64_t ticket = ++tickets_[i];
      if (kept_.size() < kKeptMax) {
        kept_.push_back({*entry, i, ticket, 0});
      } else {
        ++overflowed_;
        ++lost;
      }
    }
    lost += rings_[i]->lost();
  }
  lost_ = lost;
  status_.audit_lost.store(lost_, std::memory_order_relaxed);
}

void Scribe::write_kept() {
  if (kept_.empty() && lost_ == lost_noted_ && !failing_) return;
  const Status outcome = write_batch();
  if (!outcome) forget_taken_back();
  publish(outcome);
  if (!outcome) return;
  std::array<std::uint64_t, kRings> durable{};
  for (const Kept& kept : kept_) durable[kept.ring] = kept.ticket;
  for (std::size_t i = 0; i < kRings; ++i) {
    if (durable[i] > 0) rings_[i]->set_durable(durable[i]);
  }
  // Last: who has seen the count finds the lines and their tickets durable.
  status_.audit_lines.fetch_add(kept_.size(), std::memory_order_release);
  status_.audit_lines.notify_all();
  kept_.clear();
  appended_ = 0;
}

// Everything that is kept, then one sync. What was appended before a failure is not appended again,
// unless the sync took it back.
Status Scribe::write_batch() {
  if (sabotaged(Defence::kAudit)) return ok();
  LEVI_TRY_STATUS(open_if_needed());
  LEVI_TRY_STATUS(note_lost());
  for (; appended_ < kept_.size(); ++appended_) {
    LEVI_TRY_STATUS(chain_->append(line_of(kept_[appended_].entry)));
    kept_[appended_].number = chain_->last_number();
  }
  return chain_->sync();
}

void Scribe::forget_taken_back() {
  if (!chain_) return;
  const std::uint64_t last = chain_->last_number();
  while (appended_ > 0 && kept_[appended_ - 1].number > last) --appended_;
  if (loss_note_.number > last) lost_noted_ = loss_note_.noted_before;
}

Status Scribe::open_if_needed() {
  if (chain_ || sabotaged(Defence::kAudit)) return ok();
  LEVI_TRY(chain, AuditChain::open(folder_, os::wall_now()));
  chain_ = std::move(chain);
  return ok();
}

Status Scribe::note_lost() {
  if (lost_ == lost_noted_) return ok();
  const std::string reason = std::to_string(lost_ - lost_noted_) + " entries could not be taken";
  AuditLine line;
  line.wall = os::wall_now();
  line.actor = "levid";
  line.method = "LOST";
  line.reason = reason;
  LEVI_TRY_STATUS(chain_->append(line));
  loss_note_ = {chain_->last_number(), lost_noted_};
  lost_noted_ = lost_;
  return ok();
}

void Scribe::publish(const Status& outcome) {
  failing_ = !outcome;
  if (failing_) retry_at_ = os::mono_now() + kRetryEvery;
  status_.audit_ok.store(!failing_, std::memory_order_release);
  if (!failing_ && !kept_.empty()) {
    status_.audit_last_wall_ns.store(kept_.back().entry.wall.ns, std::memory_order_relaxed);
  }
  Head head;
  if (failing_) head.trouble = outcome.error().text();
  if (chain_) {
    head.number = chain_->last_number();
    head.hash = chain_->last_hash();
  }
  head_.store(head);
}

}  // namespace levi::api
