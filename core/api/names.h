// The words that the surface uses for the journal's enums (docs/api.md, Events). Kebab-case, as the
// record types' names.
#pragma once

#include "core/machine/effect.h"
#include "core/machine/event.h"

namespace levi::api {

const char* name_of(Side side);
const char* name_of(OrderKind kind);
const char* name_of(machine::OrderType type);
const char* name_of(machine::IntentKind kind);
const char* name_of(machine::FeedDownWhy why);
const char* name_of(machine::EngineDownWhy why);
const char* name_of(machine::UnknownWhy why);
const char* name_of(machine::VenueStatus status);
const char* name_of(machine::CommandKind kind);

}  // namespace levi::api
