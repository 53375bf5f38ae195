// What each fault's file gives to the registry.
#pragma once

#include "chaos/fault/fault.h"

namespace levi::chaos {

FaultKind engine_kill();     // engine_kill.cpp
FaultKind feed_reset();      // feed_reset.cpp
FaultKind feed_half_open();  // feed_half_open.cpp
FaultKind db_lock();         // db_lock.cpp
FaultKind kill_switch();     // kill_switch.cpp
FaultKind core_kill();       // core_kill.cpp

}  // namespace levi::chaos
