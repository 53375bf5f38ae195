#include "levictl/kill_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "levictl/exit_code.h"
#include "levictl/text.h"
#include "recover/diagnosis.h"

namespace levi::cli {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const KillWay& way) {
  ordered_json one = {{"way", way.way}, {"reached", way.reached}, {"sealed", way.sealed}};
  one["epoch"] = way.sealed ? ordered_json(way.epoch) : ordered_json(nullptr);
  one["sequence"] = way.sealed ? ordered_json(way.sequence) : ordered_json(nullptr);
  one["drained"] = way.drained;
  if (way.aborted) one["aborted"] = *way.aborted;
  if (way.fence) one["fence"] = *way.fence;
  if (way.cancelled) one["cancelled"] = *way.cancelled;
  if (way.open) one["open"] = *way.open;
  one["begun_mono_ns"] = way.begun.ns;
  one["took_ns"] = way.took.count();
  one["error"] = way.error;
  return one;
}

std::string fence_text(const std::string& fence) {
  if (fence == "gateway dead") return "the gateway is dead";
  if (fence == "fenced") return "the gateway was stopped: fenced (SIGKILL)";
  return fence == "undrained" ? "NOT drained" : fence;
}

}  // namespace

std::string KillWay::text() const {
  if (!reached) return error;
  std::string text;
  if (cancelled) {
    text = std::to_string(*cancelled) + " cancelled, " +
           (open ? std::to_string(*open) + " open" : "what is open is not known") +
           " (cancels; seals nothing)";
  } else {
    text = (sealed ? "sealed at epoch " : "not sealed, epoch ") + std::to_string(epoch) + ", S " +
           std::to_string(sequence) + ", ";
    text += fence                     ? fence_text(*fence)
            : drained                 ? "drained"
            : aborted.value_or(false) ? "order connections reset"
                                      : "NOT drained";
  }
  return error.empty() ? text : text + ": " + error;
}

KillReport judge_kill(std::vector<KillWay> ways, OpenOrders open, bool drained_since) {
  KillReport report;
  for (const KillWay& way : ways) {
    report.reached |= way.reached;
    if (!way.sealed) continue;
    if (!report.sealed || way.epoch < report.epoch) {
      report.epoch = way.epoch;
      report.sequence = way.sequence;
    }
    report.sealed = true;
    // One that drained behind its own seal speaks for all: the word was sealed by then.
    report.drained |= way.drained || way.aborted.value_or(false);
  }
  report.drained = report.sealed && (report.drained || drained_since);
  report.ways = std::move(ways);
  report.open = std::move(open);
  return report;
}

// Asked for besides the others, and not done: nobody may take it for done.
const KillWay* KillReport::failed_venue() const {
  const auto failed = std::find_if(ways.begin(), ways.end(), [](const KillWay& way) {
    return way.way == "venue" && !way.error.empty();
  });
  return failed == ways.end() ? nullptr : &*failed;
}

int KillReport::exit_code() const {
  const bool none_open = open.known && open.count == 0;
  if (sealed && drained && none_open && failed_venue() == nullptr) return kDone;
  if (interrupted) return kInterrupted;
  return reached ? kFailed : kUndecided;
}

std::string KillReport::json() const {
  ordered_json list = ordered_json::array();
  for (const KillWay& way : ways) list.push_back(to_json(way));
  const auto if_sealed = [this](std::uint64_t value) {
    return sealed ? ordered_json(value) : ordered_json(nullptr);
  };
  const ordered_json root = {
      {"sealed", sealed},
      {"drained", drained},
      {"epoch", if_sealed(epoch)},
      {"sequence", if_sealed(sequence)},
      {"ways", list},
      {"open_orders",
       {{"known", open.known},
        {"count", open.known ? ordered_json(open.count) : ordered_json(nullptr)},
        {"by", open.by}}},
      {"interrupted", interrupted},
      {"exit", exit_code()}};
  return json_text(root, 2);
}

std::string KillReport::open_text() const {
  if (open.known) return "open orders: " + std::to_string(open.count) + " (says " + open.by + ")\n";
  const char* why = !open.stale   ? "no core answers"
                    : open.waited ? "the core's trading thread hangs"
                                  : "not waited for";
  return std::string("open orders: not verified (") + why + "; give --venue to ask the exchange)\n";
}

std::string KillReport::verdict(const std::string& holder) const {
  if (!reached) return "nothing was reached: nothing is sealed\n";
  std::string text = open_text();
  if (interrupted) text += "interrupted: not waited any longer, nothing was taken back\n";
  if (const KillWay* venue = failed_venue())
    text += "the venue's way FAILED: " + venue->error + "\n";
  if (!sealed) {
    return text + "NOT sealed: only the venue was reached, and a core that lives may send anew\n";
  }
  if (!drained) {
    text += "NOT drained: orders up to S = " + std::to_string(sequence) +
            " may still leave, none above\n";
  }
  return text + "sealed. When the cause is known:  " + recover::resume_command(holder, "") + "\n";
}

}  // namespace levi::cli
