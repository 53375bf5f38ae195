// A snapshot's body: magic, version, then every field of the state (state_fields.h).
#include <cstring>

#include "core/machine/derived.h"
#include "core/machine/impl.h"
#include "core/machine/latch_rules.h"
#include "core/machine/state_fields.h"

namespace levi::machine {
namespace {

constexpr std::uint32_t kMagic = 0x534d564cu;  // "LVMS"

__extension__ typedef unsigned __int128 Wide;

std::uint64_t folded(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// 64 bits, every input bit spread by a 128-bit multiply per 8 bytes. For telling states apart, not
// against an adversary.
std::uint64_t hash_of(std::string_view bytes) {
  constexpr std::uint64_t kA = 0x9e3779b97f4a7c15u;
  constexpr std::uint64_t kB = 0xd6e8feb86659fd93u;
  std::uint64_t hash = bytes.size() ^ kA;
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), size);
    bytes.remove_prefix(size);
    hash = folded(hash ^ word, kB) + kA;
  }
  return folded(hash, kA);
}

// What a snapshot of an earlier version does not say, as nearly as can be told.
void make_up_for(State& state, std::uint32_t version) {
  if (version >= 3) return;
  state.started_at = state.reconciling_since = state.now;
  state.reconciled_to = state.reconciling_to = state.now;
  state.daily_losses = state.daily_loss_reached ? 1 : 0;
}

}  // namespace

std::string Machine::serialize() const {
  Writer writer;
  writer(kMagic);
  writer(kMachineVersion);
  fields::state(writer, impl_->state, kMachineVersion);
  return writer.take();
}

std::uint64_t Machine::state_hash() const { return hash_of(serialize()); }

Result<Machine> Machine::deserialize(std::string_view bytes) {
  Reader reader(bytes);
  std::uint32_t magic = 0;
  std::uint32_t version = 0;
  reader(magic);
  reader(version);
  if (!reader.ok() || magic != kMagic) {
    return error(ErrorCode::kCorrupt,
                 "a machine snapshot of " + std::to_string(bytes.size()) + " bytes has no header");
  }
  if (!readable_version(version)) {
    return error(ErrorCode::kUnsupported, "a machine snapshot of version " +
                                              std::to_string(version) + ", this is version " +
                                              std::to_string(kMachineVersion));
  }
  Machine machine;
  State& state = machine.impl_->state;
  fields::state(reader, state, version);
  if (!reader.ok() || reader.left() != 0) {
    return error(ErrorCode::kCorrupt, "a machine snapshot is damaged " +
                                          std::to_string(reader.left()) + " bytes before its end");
  }
  make_up_for(state, version);
  derived::rebuild(state, machine.impl_->indexes);
  latch_rules::refresh_trading(state);
  return machine;
}

}  // namespace levi::machine
