#include "core/levid/startup.h"

#include <spdlog/spdlog.h>

#include "core/base/sabotage.h"
#include "core/base/strict_yaml.h"

namespace levi::levid {
namespace {

Result<os::FileLock> lock_data(const Config& config) {
  LEVI_TRY_STATUS(os::make_folders(config.data + "/run"));
  LEVI_TRY_STATUS(os::make_folders(config.runtime, 0700));
  auto lock = os::FileLock::take(config.data + "/run/lock");
  if (lock || lock.error().code != ErrorCode::kBusy) return lock;
  return error(ErrorCode::kConflict, "another levid runs on " + config.data,
               "stop it, or give this one its own 'data' folder");
}

// Without the defence (levid-sabotage only) every start calls itself incarnation 1, so client order
// ids come again.
Result<journal::Identity> take_identity(const Config& config) {
  LEVI_TRY(identity, journal::take_incarnation(config.data));
  if (sabotaged(Defence::kIncarnation)) identity.incarnation = {1};
  return identity;
}

Result<journal::Recovered> rebuild(const journal::Paths& paths, const journal::Options& options,
                                   machine::Machine& machine) {
  machine::Effects dropped;  // On replay, effects were carried out by the process that died.
  journal::ReplayHandlers handlers;
  handlers.on_snapshot = [&](std::uint32_t version, RecordSequence,
                             std::string_view body) -> Status {
    if (!machine::readable_version(version)) {
      return error(ErrorCode::kUnsupported,
                   "snapshot of machine version " + std::to_string(version));
    }
    LEVI_TRY(restored, machine::Machine::deserialize(body));
    machine = std::move(restored);
    return ok();
  };
  handlers.on_record = [&](const journal::Record& record) -> Status {
    LEVI_TRY(event, machine::event_from(record.type, record.body));
    machine.step(event, record.instant, dropped);
    dropped.clear();
    return ok();
  };
  return journal::replay(paths, options, handlers);
}

// Holders, epoch and the file itself: a missing latch (a reboot) is made anew, sealed, and counts
// on from the last epoch that the journal saw.
Result<latch::Latch> open_latch(const Config& config, const journal::Identity& identity,
                                const machine::State& state) {
  latch::CreateOptions options;
  options.instance = identity.instance;
  options.holder_if_missing =
      identity.created ? latch::Holder::kNewInstance : latch::Holder::kLatchFile;
  options.epoch_after = latch::Word{state.latch_word}.epoch();
  return latch::Latch::create(latch::latch_path(config.runtime), options);
}

// Null where the ring kept all that was appended.
const char* loss_of(const journal::Recovered& recovered) {
  if (!recovered.ring_damaged.empty()) return "the journal's ring was damaged";
  if (!recovered.ring_found) return "the journal's ring was missing";
  return recovered.records_cut != 0 ? "the end of the journal was damaged" : nullptr;
}

// An order is sent only after its record stands in the ring. What the latch, which may outlive the
// ring, saw leave and the journal does not know was lost with the ring, and so may be fills and
// commands: reconciling finds what the venue still tells, a person looks at the rest. After a
// reboot the latch is a new one, and sealed.
void look_for_lost_orders(const journal::Recovered& recovered, latch::Latch& latch,
                          const machine::State& state) {
  const char* loss = loss_of(recovered);
  const std::uint64_t sent = latch.last_sequence();
  const std::uint64_t known = state.sequence_last.value;
  const std::uint64_t lost = sent > known ? sent - known : 0;
  if (loss == nullptr || (lost == 0 && recovered.ring_damaged.empty())) return;
  const std::string why = std::string(loss) + ": " + std::to_string(lost) +
                          " orders that were sent are missing in the journal";
  spdlog::error("{}; the last order sent is {}, the last one known {}; {}", why, sent, known,
                recovered.ring_damaged);
  latch.seal(latch::Holder::kJournal, "levid", why, os::wall_now(), Nanos{0});
}

}  // namespace

std::string store_path(const Config& config) { return config.data + "/levi.db"; }
std::string control_socket_path(const Config& config) { return config.runtime + "/control.sock"; }

Result<std::unique_ptr<Startup>> start_up(const Config& config) {
  LEVI_TRY(lock, lock_data(config));
  LEVI_TRY(identity, take_identity(config));
  LEVI_TRY_STATUS(latch::record_runtime_folder(config.data, config.runtime));
  const journal::Paths paths{config.runtime + "/journal.ring", config.data + "/journal"};
  LEVI_TRY_STATUS(os::make_folders(paths.segments));
  journal::Options options;
  options.ring_bytes = config.ring_bytes;
  options.segment_bytes = config.segment_bytes;
  options.segments_kept_min = config.segments_kept;
  options.identity = identity;
  machine::Machine machine;
  const MonoTime begun = os::mono_now();
  LEVI_TRY(recovered, rebuild(paths, options, machine));
  const Nanos took = os::mono_now() - begun;
  spdlog::info("journal rebuilt: {} records to sequence {} in {}, {} cut, snapshot {}",
               recovered.records_replayed, recovered.last.value, format_duration(took),
               recovered.records_cut,
               recovered.snapshot ? std::to_string(recovered.snapshot->value) : "none");
  LEVI_TRY(latch, open_latch(config, identity, machine.state()));
  look_for_lost_orders(recovered, latch, machine.state());
  LEVI_TRY(writer, journal::Writer::open(paths, options, recovered, identity.incarnation));
  return std::unique_ptr<Startup>(new Startup{std::move(lock), identity, std::move(latch), paths,
                                              options, recovered, std::move(machine),
                                              std::move(writer), took});
}

}  // namespace levi::levid
