// Reading and writing a holder's text buffer. Private to core/latch.
#pragma once

#include <optional>
#include <string_view>

#include "core/latch/layout.h"

namespace levi::latch {

// Allocates nothing. Text is cut to the buffer, at the beginning of a UTF-8 character.
void write_text(TextWords& out, std::uint64_t epoch, std::string_view actor,
                std::string_view reason, Instant wall);

// Nothing where the buffer was never written, is being written, or its writer died in it.
std::optional<SlotText> read_text(const TextWords& text);

}  // namespace levi::latch
