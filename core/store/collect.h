// What one record changed, as rows: looks at the machine before and after a step. Private to
// core/store.
#pragma once

#include <utility>
#include <vector>

#include "core/base/latch_word.h"
#include "core/machine/machine.h"
#include "core/store/rows.h"

namespace levi::store {

struct Opening {  // a resume that the shell answers: the latch tells how it went
  std::uint64_t request = 0;
  std::uint32_t holder = 0;
  std::uint64_t epoch = 0;  // 0: not known (rows of an older build)
};
inline constexpr std::size_t kOpeningsMax = 64;  // at once; the oldest go

class Collector {
 public:
  Collector() = default;
  // Goes on where a projection stands: `openings` are those that it knows of.
  explicit Collector(std::vector<Opening> openings) : openings_(std::move(openings)) {}

  // Around `machine.step`, with the effects that it gave.
  void before(const machine::Event& event, const machine::State& state);
  void after(std::uint64_t record, const machine::Event& event, const machine::State& state,
             const machine::Effects& effects, Pending& pending);
  // Every order and position of a state: where the records that led to it are gone.
  static void everything(std::uint64_t record, const machine::State& state, Pending& pending);

 private:
  void on_fill(std::uint64_t record, const machine::VenueFill& fill, const machine::State& state,
               Pending& pending);
  void on_intent(std::uint64_t record, const machine::Intent& intent, const machine::State& state,
                 const machine::Effects& effects, Pending& pending);
  void on_latch(latch::Word word, Pending& pending);
  void on_started(latch::Word word, Pending& pending);

  std::uint64_t fills_ = 0;
  Money realised_;
  std::array<std::uint64_t, static_cast<std::size_t>(machine::Refusal::kCount)> refused_{};
  std::vector<Opening> openings_;
};

}  // namespace levi::store
