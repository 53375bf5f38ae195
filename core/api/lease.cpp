#include "core/api/lease.h"

#include "core/os/clock.h"

namespace levi::api {
namespace {

machine::ChaosMark mark_of(const control::ChaosLease& lease, bool begin) {
  machine::ChaosMark mark;
  mark.run = lease.run;
  mark.scenario = lease.scenario;
  mark.owner = lease.owner;
  mark.begin = begin;
  return mark;
}

}  // namespace

Lease::~Lease() { loop_.cancel(timer_); }

void Lease::adopt(const machine::ChaosMark& mark) {
  if (!mark.begin) return;
  control::ChaosLease lease;
  lease.run = mark.run;
  lease.scenario = mark.scenario;
  lease.owner = mark.owner;
  hold(lease, os::mono_now() + kOrphanMax);
}

bool Lease::take(const control::ChaosLease& wanted, Nanos ttl) {
  if (lease_ && lease_->run != wanted.run) return false;
  // Also a renewal with another scenario is a mark: the journal says what was on at each time.
  if (!lease_ || lease_->scenario != wanted.scenario || lease_->owner != wanted.owner) {
    (void)tell_(mark_of(wanted, true));
  }
  hold(wanted, os::mono_now() + ttl);
  return true;
}

bool Lease::end(std::string_view run) {
  if (!lease_) return true;
  if (lease_->run.view() != run) return false;
  expire();
  return true;
}

void Lease::hold(const control::ChaosLease& lease, MonoTime expires) {
  lease_ = lease;
  lease_->active = true;
  lease_->expires = expires;
  status_.chaos.store(*lease_);
  loop_.cancel(timer_);
  timer_ = loop_.at(expires, [this] { expire(); });
}

void Lease::expire() {
  loop_.cancel(timer_);
  (void)tell_(mark_of(*lease_, false));
  lease_.reset();
  status_.chaos.store({});
}

}  // namespace levi::api
