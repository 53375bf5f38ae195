// The bounds of each record's fields. Private to core/machine; machine.h's `check` and `event_from`
// are the way in.
#pragma once

#include "core/machine/event.h"

namespace levi::machine {

inline constexpr std::uint32_t kRestartsMax = 1000;  // bounds an engine's window

// The first field that is out of its range; null where there is none.
const char* defect_of(const Started& e);
const char* defect_of(const Limits& e);
const char* defect_of(const InstrumentDefined& e);
const char* defect_of(const EngineDefined& e);
const char* defect_of(const TopOfBook& e);
const char* defect_of(const Deal& e);
const char* defect_of(const BookGap& e);
const char* defect_of(const FeedUp& e);
const char* defect_of(const FeedDown& e);
const char* defect_of(const Intent& e);
const char* defect_of(const EngineUp& e);
const char* defect_of(const EngineDown& e);
const char* defect_of(const VenueAck& e);
const char* defect_of(const VenueFill& e);
const char* defect_of(const VenueCanceled& e);
const char* defect_of(const VenueRejected& e);
const char* defect_of(const VenueUnknown& e);
const char* defect_of(const OrderUnsent& e);
const char* defect_of(const VenueOrderState& e);
const char* defect_of(const CancelFailed& e);
const char* defect_of(const ForeignOrder& e);
const char* defect_of(const ReconcileStarted& e);
const char* defect_of(const ReconcileDone& e);
const char* defect_of(const Command& e);
const char* defect_of(const LatchSeen& e);
const char* defect_of(const Timer& e);
const char* defect_of(const ChaosMark& e);
const char* defect_of(const StoreState& e);

}  // namespace levi::machine
