#include "core/policy/rate.h"

#include <algorithm>

#include "core/base/check.h"

namespace levi::policy {

RateWindow::RateWindow(RateLimit limit) : limit_(limit), ring_(limit.weight_max) {
  LEVI_CHECK(limit.weight_max > 0 && limit.window > Nanos{0});
}

bool RateWindow::take(std::uint32_t weight, MonoTime now) {
  LEVI_CHECK(weight > 0);
  forget(now);
  if (now < punished_until_ || weight > limit_.weight_max - used_) return false;
  ring_[(first_ + count_) % ring_.size()] = {now, weight};
  ++count_;
  used_ += weight;
  return true;
}

MonoTime RateWindow::ready_at(std::uint32_t weight, MonoTime now) const {
  if (weight > limit_.weight_max) return kNever;
  MonoTime ready = std::max(now, punished_until_);
  std::uint32_t left = used_;
  for (std::size_t i = 0; i < count_ && weight > limit_.weight_max - left; ++i) {
    left -= taken(i).weight;
    ready = std::max(ready, taken(i).at + limit_.window);
  }
  return ready;
}

void RateWindow::punish(MonoTime until) { punished_until_ = std::max(punished_until_, until); }

std::uint32_t RateWindow::used(MonoTime now) const {
  std::uint32_t used = 0;
  for (std::size_t i = 0; i < count_; ++i)
    used += now - taken(i).at < limit_.window ? taken(i).weight : 0;
  return used;
}

void RateWindow::forget(MonoTime now) {
  while (count_ > 0 && now - taken(0).at >= limit_.window) {
    used_ -= taken(0).weight;
    first_ = (first_ + 1) % ring_.size();
    --count_;
  }
}

}  // namespace levi::policy
