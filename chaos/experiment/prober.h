// Prober: asks the documents that a set of probes needs, again and again, and tells a Watch what it
// saw.
//
// Lives on the run's loop. Each document is asked anew one period after it was asked last, and
// never twice at once; an answer that does not come within the timeout is a sighting of "does not
// answer", unless our own loop was late: then nobody listened, and it is no sighting at all.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/experiment/caller.h"
#include "chaos/experiment/probe.h"
#include "chaos/experiment/watch.h"
#include "core/os/loop.h"

namespace levi::chaos {

inline constexpr Nanos kProbePeriod = 5ms;
inline constexpr Nanos kProbeTimeout = 250ms;
inline constexpr Nanos kLateMax = 50ms;  // our loop behind its own timeout

class Prober {
 public:
  Prober(os::Loop& loop, Caller& caller, const std::vector<std::string>& probes, Watch& watch);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

 private:
  struct Asked {
    bool needed = false;
    os::Loop::TimerId timer = 0;
  };
  void ask(Document document);
  void answered(Document document, MonoTime asked, const Result<os::HttpResponse>& response);

  os::Loop& loop_;
  Caller& caller_;
  Watch& watch_;
  std::vector<const Probe*> probes_;
  std::array<Asked, kDocumentCount> documents_;
  std::shared_ptr<bool> alive_ =
      std::make_shared<bool>(true);  // answers may come after we are gone
};

// Every probe is asked of an address where nobody listens, and must fail: a probe that can't fail
// proves nothing. Returns what is wrong.
Status check_probes_can_fail(Pump& pump, const std::vector<std::string>& probes);

}  // namespace levi::chaos
