#include "chaos/proxy/runtime.h"

#include <utility>

#include "chaos/proxy/connection.h"

namespace levi::proxy {

Runtime::Runtime(os::Loop& loop_given, std::uint64_t seed_given, bool compat_given)
    : loop(loop_given),
      timers(loop_given),
      resolver(loop_given),
      seed(seed_given),
      compat(compat_given) {}

Runtime::~Runtime() { loop.cancel(burial_); }

void Runtime::bury(std::unique_ptr<Connection> connection) {
  graveyard_.push_back(std::move(connection));
  if (burial_ != 0) return;
  burial_ = loop.after(0ns, [this] {
    burial_ = 0;
    graveyard_.clear();
  });
}

}  // namespace levi::proxy
