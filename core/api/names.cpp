#include "core/api/names.h"

namespace levi::api {

const char* name_of(Side side) {
  switch (side) {
    case Side::kBuy:
      return "buy";
    case Side::kSell:
      return "sell";
  }
  return "unknown";
}

const char* name_of(OrderKind kind) {
  switch (kind) {
    case OrderKind::kNormal:
      return "normal";
    case OrderKind::kFlatten:
      return "flatten";
  }
  return "unknown";
}

const char* name_of(machine::OrderType type) {
  switch (type) {
    case machine::OrderType::kLimit:
      return "limit";
    case machine::OrderType::kLimitMaker:
      return "limit-maker";
    case machine::OrderType::kImmediateOrCancel:
      return "ioc";
    case machine::OrderType::kFillOrKill:
      return "fok";
    case machine::OrderType::kMarket:
      return "market";
  }
  return "unknown";
}

const char* name_of(machine::IntentKind kind) {
  switch (kind) {
    case machine::IntentKind::kPlace:
      return "place";
    case machine::IntentKind::kCancel:
      return "cancel";
    case machine::IntentKind::kSignal:
      return "signal";
  }
  return "unknown";
}

const char* name_of(machine::FeedDownWhy why) {
  switch (why) {
    case machine::FeedDownWhy::kClosed:
      return "closed";
    case machine::FeedDownWhy::kReset:
      return "reset";
    case machine::FeedDownWhy::kSilent:
      return "silent";
    case machine::FeedDownWhy::kRefused:
      return "refused";
    case machine::FeedDownWhy::kProtocol:
      return "protocol";
    case machine::FeedDownWhy::kRenewed:
      return "renewed";
    case machine::FeedDownWhy::kStopped:
      return "stopped";
  }
  return "unknown";
}

const char* name_of(machine::EngineDownWhy why) {
  switch (why) {
    case machine::EngineDownWhy::kExited:
      return "exited";
    case machine::EngineDownWhy::kSignalled:
      return "signalled";
    case machine::EngineDownWhy::kHung:
      return "hung";
    case machine::EngineDownWhy::kStopped:
      return "stopped";
    case machine::EngineDownWhy::kSpawnFailed:
      return "spawn-failed";
  }
  return "unknown";
}

const char* name_of(machine::UnknownWhy why) {
  switch (why) {
    case machine::UnknownWhy::kTimeout:
      return "timeout";
    case machine::UnknownWhy::kConnectionLost:
      return "connection-lost";
    case machine::UnknownWhy::kServerError:
      return "server-error";
    case machine::UnknownWhy::kShortSend:
      return "short-send";
    case machine::UnknownWhy::kFenced:
      return "fenced";
    case machine::UnknownWhy::kRestart:
      return "restart";
  }
  return "unknown";
}

const char* name_of(machine::VenueStatus status) {
  switch (status) {
    case machine::VenueStatus::kNew:
      return "new";
    case machine::VenueStatus::kPartlyFilled:
      return "partly-filled";
    case machine::VenueStatus::kFilled:
      return "filled";
    case machine::VenueStatus::kCanceled:
      return "canceled";
    case machine::VenueStatus::kPartlyCanceled:
      return "partly-canceled";
    case machine::VenueStatus::kNotFound:
      return "not-found";
  }
  return "unknown";
}

const char* name_of(machine::CommandKind kind) {
  switch (kind) {
    case machine::CommandKind::kResume:
      return "resume";
    case machine::CommandKind::kEngineStart:
      return "engine-start";
    case machine::CommandKind::kEngineStop:
      return "engine-stop";
    case machine::CommandKind::kEngineRestart:
      return "engine-restart";
    case machine::CommandKind::kFlatten:
      return "flatten";
    case machine::CommandKind::kCancelAll:
      return "cancel-all";
  }
  return "unknown";
}

}  // namespace levi::api
