// Which of several subjects (subscriptions, engines) has been silent for too long. Pure; owned by
// the watching thread.
//
// Silence counts only while the watcher itself was awake: a watcher that was stopped or starved for
// a second finds its subjects' frames still unread, and must not call them dead for its own sleep.
// So of one pause between two looks at most `pause_max` counts.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/instant.h"

namespace levi::policy {

struct StalenessLimits {
  Nanos silence_max{1s};
  Nanos pause_max{100ms};  // somewhat more than the period at which `look` is called
};

class StalenessWatch {
 public:
  StalenessWatch(StalenessLimits limits, MonoTime now);

  std::size_t add(MonoTime now);  // the new subject's number, from 0; it has just been heard
  void heard(std::size_t subject, MonoTime now);
  void look(MonoTime now);  // counts silence up to `now`
  Nanos silence(std::size_t subject) const;
  bool stale(std::size_t subject) const { return silence(subject) >= limits_.silence_max; }
  std::size_t size() const { return subjects_.size(); }

 private:
  struct Subject {
    MonoTime heard_at;
    Nanos silence{0};         // as of the last look
    bool heard_since = true;  // since the last look
  };

  StalenessLimits limits_;
  MonoTime looked_at_;
  std::vector<Subject> subjects_;
};

}  // namespace levi::policy
