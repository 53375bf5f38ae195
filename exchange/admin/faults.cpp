#include "exchange/admin/faults.h"

#include <algorithm>

#include "core/base/check.h"

namespace levi::exchange {
namespace {

// Of lose_answer and latency: does this request fall under it?
bool covers(const FaultSpec& spec, std::string_view method, std::string_view path) {
  return (spec.match.empty() || spec.match == path) &&
         (spec.method.empty() || spec.method == method);
}

}  // namespace

const char* to_string(ConnectionKind kind) {
  switch (kind) {
    case ConnectionKind::kRest:
      return "rest";
    case ConnectionKind::kPublic:
      return "public";
    case ConnectionKind::kPrivate:
      return "private";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(FaultTarget target) {
  switch (target) {
    case FaultTarget::kMarket:
      return "market";
    case FaultTarget::kPrivate:
      return "private";
    case FaultTarget::kRest:
      return "rest";
    case FaultTarget::kAll:
      return "all";
  }
  LEVI_UNREACHABLE();
}

bool Faults::aims_at(FaultTarget target, ConnectionKind kind) {
  switch (target) {
    case FaultTarget::kMarket:
      return kind == ConnectionKind::kPublic;
    case FaultTarget::kPrivate:
      return kind == ConnectionKind::kPrivate;
    case FaultTarget::kRest:
      return kind == ConnectionKind::kRest;
    case FaultTarget::kAll:
      return true;
  }
  LEVI_UNREACHABLE();
}

Result<const Fault*> Faults::inject(const FaultSpec& spec) {
  if (active_ >= kFaultsMax) {
    return error(ErrorCode::kBusy, "256 faults are active", "revert some: DELETE /faults?tag=...");
  }
  const auto over = std::find_if(faults_.begin(), faults_.end(),
                                 [](const Fault& fault) { return !fault.active; });
  if (faults_.size() >= kFaultsMax && over != faults_.end()) faults_.erase(over);
  Fault& fault = faults_.emplace_back();
  fault.id = next_id_++;
  fault.spec = spec;
  fault.since = venue_.origin().mono;
  fault.left = spec.count;
  if (spec.lease.count() > 0) fault.lease_until = fault.since + spec.lease;
  ++active_;
  record(fault, spec.kind, {});
  const Status begun = begin(fault);
  if (!begun) {
    end(fault);
    return begun.error();
  }
  if (spec.kind == FaultKind::kReset) end(fault);
  return &fault;
}

Status Faults::begin(Fault& fault) {
  const FaultKind kind = fault.spec.kind;
  if (kind == FaultKind::kReset || kind == FaultKind::kHalfOpen) {
    std::int64_t left = fault.spec.count > 0 ? fault.spec.count : INT64_MAX;
    for (const ConnectionInfo& info : host_.connections()) {
      if (!aims_at(fault.spec.on, info.kind) || left-- <= 0) continue;
      hit(fault, info.connection, {});
      if (kind == FaultKind::kReset) host_.reset_connection(info.connection);
    }
  }
  apply();
  if (kind != FaultKind::kRefuse || refusing_) return ok();
  return error(ErrorCode::kIo, "the listener could not be closed");
}

std::size_t Faults::revert(std::string_view tag) {
  std::size_t reverted = 0;
  for (Fault& fault : faults_) {
    if (!fault.active || fault.spec.tag != tag) continue;
    end(fault);
    ++reverted;
  }
  if (reverted > 0) apply();
  return reverted;
}

void Faults::expire(MonoTime now) {
  bool any = false;
  for (Fault& fault : faults_) {
    if (!fault.active || now < fault.lease_until) continue;
    end(fault);
    any = true;
  }
  // Applied again while a listener could not be opened, too: its port may be free by now.
  const bool wanted = std::any_of(faults_.begin(), faults_.end(), [](const Fault& fault) {
    return fault.active && fault.spec.kind == FaultKind::kRefuse;
  });
  if (any || wanted != refusing_) apply();
}

void Faults::end(Fault& fault) {
  fault.active = false;
  fault.ended = venue_.origin().mono;
  --active_;
  if (fault.spec.kind != FaultKind::kReset) record(fault, FaultKind::kReverted, {});
}

void Faults::apply() {
  bool refuse = false;
  Nanos offset{0};
  std::vector<std::uint64_t> frozen;
  for (const Fault& fault : faults_) {
    if (!fault.active) continue;
    if (fault.spec.kind == FaultKind::kRefuse) refuse = true;
    if (fault.spec.kind == FaultKind::kClockOffset) offset += fault.spec.amount;
    if (fault.spec.kind != FaultKind::kHalfOpen) continue;
    for (const FaultHit& each : fault.hits) frozen.push_back(each.connection.value);
  }
  venue_.set_clock_offset(offset);
  for (const ConnectionInfo& info : host_.connections()) {
    const bool freeze =
        std::find(frozen.begin(), frozen.end(), info.connection.value) != frozen.end();
    if (freeze != info.frozen) host_.freeze_connection(info.connection, freeze);
  }
  if (refuse != refusing_ && host_.refuse_connects(refuse)) refusing_ = refuse;
}

void Faults::hit(Fault& fault, ConnectionOrdinal connection, std::string detail) {
  ++fault.hit_count;
  if (fault.hits.size() < kHitsMax) {
    fault.hits.push_back({connection, venue_.origin().mono, std::move(detail)});
  }
  record(fault, fault.spec.kind, connection);
}

void Faults::use_up(Fault& fault) {
  if (--fault.left <= 0) end(fault);
}

bool Faults::freezes_new(ConnectionOrdinal connection, ConnectionKind kind, bool kind_known) {
  if (active_ == 0) return false;
  for (Fault& fault : faults_) {
    if (!fault.active || fault.spec.kind != FaultKind::kHalfOpen || !fault.spec.new_connections)
      continue;
    // A connection that has said nothing yet is only caught by a fault on all of them.
    if (!kind_known ? fault.spec.on != FaultTarget::kAll : !aims_at(fault.spec.on, kind)) continue;
    if (fault.hits.size() >= kHitsMax) continue;
    hit(fault, connection, {});
    host_.freeze_connection(connection, true);
    return true;
  }
  return false;
}

bool Faults::loses_answer(std::string_view method, std::string_view path, std::string_view detail) {
  if (active_ == 0) return false;
  for (Fault& fault : faults_) {
    if (!fault.active || fault.spec.kind != FaultKind::kLoseAnswer) continue;
    if (!covers(fault.spec, method, path)) continue;
    hit(fault, venue_.origin().connection, std::string(detail));
    use_up(fault);
    return true;
  }
  return false;
}

Nanos Faults::latency(std::string_view method, std::string_view path) const {
  Nanos sum{0};
  if (active_ == 0) return sum;
  for (const Fault& fault : faults_) {
    const bool here = fault.active && fault.spec.kind == FaultKind::kLatency;
    if (here && covers(fault.spec, method, path)) sum += fault.spec.amount;
  }
  return sum;
}

bool Faults::silenced(std::string_view channel) {
  if (active_ == 0) return false;
  for (Fault& fault : faults_) {
    const bool here = fault.active && fault.spec.kind == FaultKind::kSilence;
    if (!here || !channel.starts_with(fault.spec.match)) continue;
    ++fault.hit_count;
    if (fault.hits.empty()) fault.hits.push_back({{}, venue_.origin().mono, std::string(channel)});
    return true;
  }
  return false;
}

bool Faults::skips_depth(SymbolId symbol, BookVersion from, BookVersion to) {
  if (active_ == 0) return false;
  for (Fault& fault : faults_) {
    const bool here = fault.active && fault.spec.kind == FaultKind::kSkipVersions;
    if (!here || (fault.spec.symbol != kNoSymbol && fault.spec.symbol != symbol)) continue;
    hit(fault, {}, std::to_string(from.value) + "-" + std::to_string(to.value));
    use_up(fault);
    return true;
  }
  return false;
}

void Faults::record(const Fault& fault, FaultKind kind, ConnectionOrdinal connection) {
  LedgerEntry entry;
  entry.kind = EntryKind::kFault;
  entry.fault = kind;
  entry.symbol = fault.spec.symbol;
  entry.client_id = ClientOrderId(fault.spec.tag);
  const Origin before = venue_.origin();
  venue_.arrive({connection, before.mono, before.wall});
  venue_.record(entry);
  venue_.arrive(before);
}

}  // namespace levi::exchange
