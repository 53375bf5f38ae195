// Start-up is recovery (DESIGN §4): lock, incarnation, latch, snapshot, tail. There is no other
// path.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/journal/journal.h"
#include "core/latch/latch.h"
#include "core/levid/config.h"
#include "core/machine/machine.h"
#include "core/os/clock.h"
#include "core/os/file.h"

namespace levi::levid {

// Everything that stands before the first thread starts. `machine` is what the journal says, up to
// `recovered.last`.
struct Startup {
  os::FileLock lock;  // <data>/run/lock: a second levid on the same data refuses
  journal::Identity identity;
  latch::Latch latch;
  journal::Paths journal_paths;
  journal::Options journal_options;
  journal::Recovered recovered;
  machine::Machine machine;  // what the journal says, up to `recovered.last`
  journal::Writer writer;
  Nanos took{0};  // from the first read to the state rebuilt
};

Result<std::unique_ptr<Startup>> start_up(const Config& config);

std::string store_path(const Config& config);
std::string control_socket_path(const Config& config);

}  // namespace levi::levid
