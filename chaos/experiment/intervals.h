// A set of numbers that come nearly in order, kept as its unbroken stretches: millions of orders
// take no more room than their gaps. A plain value.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

namespace levi::chaos {

class Intervals {
 public:
  void add(std::uint64_t number) {
    const auto after = stretches_.upper_bound(number);
    std::uint64_t last = number;
    if (after != stretches_.begin()) {
      const auto before = std::prev(after);
      if (number <= before->second) return;
      if (number == before->second + 1) return join(before, number);
    }
    if (after != stretches_.end() && after->first == number + 1) {
      last = after->second;
      stretches_.erase(after);
    }
    stretches_.emplace(number, last);
  }
  bool contains(std::uint64_t number) const {
    const auto after = stretches_.upper_bound(number);
    return after != stretches_.begin() && number <= std::prev(after)->second;
  }
  std::size_t stretches() const { return stretches_.size(); }

 private:
  using Stretches = std::map<std::uint64_t, std::uint64_t>;  // first -> last
  void join(Stretches::iterator before, std::uint64_t number) {
    before->second = number;
    const auto after = std::next(before);
    if (after == stretches_.end() || after->first != number + 1) return;
    before->second = after->second;
    stretches_.erase(after);
  }
  Stretches stretches_;
};

}  // namespace levi::chaos
