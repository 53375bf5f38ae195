#include "core/base/check.h"
#include "core/machine/effect.h"
#include "core/machine/event.h"
#include "core/machine/state.h"

namespace levi::machine {

const char* to_string(TradingState state) {
  switch (state) {
    case TradingState::kActive:
      return "ACTIVE";
    case TradingState::kReducing:
      return "REDUCING";
    case TradingState::kHalted:
      return "HALTED";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "none";
    case Refusal::kHalted:
      return "halted";
    case Refusal::kReducing:
      return "reducing";
    case Refusal::kStaleData:
      return "stale-data";
    case Refusal::kPoisonedBook:
      return "poisoned-book";
    case Refusal::kPositionSize:
      return "position-size";
    case Refusal::kOpenPositions:
      return "open-positions";
    case Refusal::kDailyLoss:
      return "daily-loss";
    case Refusal::kOpenOrders:
      return "open-orders";
    case Refusal::kBelowMinimum:
      return "below-minimum";
    case Refusal::kUnknownPending:
      return "unknown-pending";
    case Refusal::kNotTradable:
      return "not-tradable";
    case Refusal::kOverflow:
      return "overflow";
    case Refusal::kEngineNotRunning:
      return "engine-not-running";
    case Refusal::kNoSuchOrder:
      return "no-such-order";
    case Refusal::kDuplicate:
      return "duplicate";
    case Refusal::kReconciling:
      return "reconciling";
    case Refusal::kCount:
      break;
  }
  LEVI_UNREACHABLE();
}

const char* to_string(OrderState state) {
  switch (state) {
    case OrderState::kInFlight:
      return "in-flight";
    case OrderState::kOpen:
      return "open";
    case OrderState::kPartlyFilled:
      return "partly-filled";
    case OrderState::kFilled:
      return "filled";
    case OrderState::kCanceled:
      return "canceled";
    case OrderState::kRejected:
      return "rejected";
    case OrderState::kUnsent:
      return "unsent";
    case OrderState::kUnknown:
      return "unknown";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(EngineState state) {
  switch (state) {
    case EngineState::kStopped:
      return "stopped";
    case EngineState::kStarting:
      return "starting";
    case EngineState::kRunning:
      return "running";
    case EngineState::kFailed:
      return "failed";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(AlertKind kind) {
  switch (kind) {
    case AlertKind::kEngineFailed:
      return "engine-failed";
    case AlertKind::kForeignOrder:
      return "foreign-order";
    case AlertKind::kDailyLoss:
      return "daily-loss";
    case AlertKind::kReconcileUnsettled:
      return "reconcile-unsettled";
    case AlertKind::kOrderUnknown:
      return "order-unknown";
    case AlertKind::kMoneyOverflow:
      return "money-overflow";
    case AlertKind::kDefinitionRefused:
      return "definition-refused";
    case AlertKind::kFlattenIncomplete:
      return "flatten-incomplete";
    case AlertKind::kCancelIncomplete:
      return "cancel-incomplete";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(OrderType type) {
  switch (type) {
    case OrderType::kLimit:
      return "limit";
    case OrderType::kLimitMaker:
      return "limit-maker";
    case OrderType::kImmediateOrCancel:
      return "ioc";
    case OrderType::kFillOrKill:
      return "fok";
    case OrderType::kMarket:
      return "market";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(IntentKind kind) {
  switch (kind) {
    case IntentKind::kPlace:
      return "place";
    case IntentKind::kCancel:
      return "cancel";
    case IntentKind::kSignal:
      return "signal";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(FeedDownWhy why) {
  switch (why) {
    case FeedDownWhy::kClosed:
      return "closed";
    case FeedDownWhy::kReset:
      return "reset";
    case FeedDownWhy::kSilent:
      return "silent";
    case FeedDownWhy::kRefused:
      return "refused";
    case FeedDownWhy::kProtocol:
      return "protocol";
    case FeedDownWhy::kRenewed:
      return "renewed";
    case FeedDownWhy::kStopped:
      return "stopped";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(EngineDownWhy why) {
  switch (why) {
    case EngineDownWhy::kExited:
      return "exited";
    case EngineDownWhy::kSignalled:
      return "signalled";
    case EngineDownWhy::kHung:
      return "hung";
    case EngineDownWhy::kStopped:
      return "stopped";
    case EngineDownWhy::kSpawnFailed:
      return "spawn-failed";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(UnknownWhy why) {
  switch (why) {
    case UnknownWhy::kTimeout:
      return "timeout";
    case UnknownWhy::kConnectionLost:
      return "connection-lost";
    case UnknownWhy::kServerError:
      return "server-error";
    case UnknownWhy::kShortSend:
      return "short-send";
    case UnknownWhy::kFenced:
      return "fenced";
    case UnknownWhy::kRestart:
      return "restart";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(VenueStatus status) {
  switch (status) {
    case VenueStatus::kNew:
      return "new";
    case VenueStatus::kPartlyFilled:
      return "partly-filled";
    case VenueStatus::kFilled:
      return "filled";
    case VenueStatus::kCanceled:
      return "canceled";
    case VenueStatus::kPartlyCanceled:
      return "partly-canceled";
    case VenueStatus::kNotFound:
      return "not-found";
  }
  LEVI_UNREACHABLE();
}

const char* to_string(CommandKind kind) {
  switch (kind) {
    case CommandKind::kResume:
      return "resume";
    case CommandKind::kEngineStart:
      return "engine-start";
    case CommandKind::kEngineStop:
      return "engine-stop";
    case CommandKind::kEngineRestart:
      return "engine-restart";
    case CommandKind::kFlatten:
      return "flatten";
    case CommandKind::kCancelAll:
      return "cancel-all";
  }
  LEVI_UNREACHABLE();
}

}  // namespace levi::machine
