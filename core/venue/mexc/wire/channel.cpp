#include "core/venue/mexc/wire/channel.h"

#include <algorithm>
#include <array>

#include "core/base/check.h"

namespace levi::mexc {
namespace {

// What follows the first two parts of the name, in order.
enum class Field : std::uint8_t { kNone, kCadence, kSymbol, kLevels, kInterval, kZone };

struct Form {
  ChannelKind kind;
  std::string_view stem;  // the second part
  std::array<Field, 2> fields;
};

constexpr std::array<Form, 11> kForms{{
    {ChannelKind::kAggreDeals, "public.aggre.deals.v3.api.pb", {Field::kCadence, Field::kSymbol}},
    {ChannelKind::kAggreDepth, "public.aggre.depth.v3.api.pb", {Field::kCadence, Field::kSymbol}},
    {ChannelKind::kAggreBookTicker,
     "public.aggre.bookTicker.v3.api.pb",
     {Field::kCadence, Field::kSymbol}},
    {ChannelKind::kLimitDepth, "public.limit.depth.v3.api.pb", {Field::kSymbol, Field::kLevels}},
    {ChannelKind::kBookTickerBatch, "public.bookTicker.batch.v3.api.pb", {Field::kSymbol, {}}},
    {ChannelKind::kKline, "public.kline.v3.api.pb", {Field::kSymbol, Field::kInterval}},
    {ChannelKind::kMiniTicker, "public.miniTicker.v3.api.pb", {Field::kSymbol, Field::kZone}},
    {ChannelKind::kMiniTickers, "public.miniTickers.v3.api.pb", {Field::kZone, {}}},
    {ChannelKind::kPrivateAccount, "private.account.v3.api.pb", {}},
    {ChannelKind::kPrivateDeals, "private.deals.v3.api.pb", {}},
    {ChannelKind::kPrivateOrders, "private.orders.v3.api.pb", {}},
}};

constexpr std::array<const char*, kKlineIntervalCount> kIntervals{
    "Min1", "Min5", "Min15", "Min30", "Min60", "Hour4", "Hour8", "Day1", "Week1", "Month1"};

Error bad_channel(std::string_view name, const char* why) {
  return error(ErrorCode::kInvalid,
               "'" + std::string(name.substr(0, 128)) + "' is not a channel: " + why);
}

bool is_symbol(std::string_view text) {
  return !text.empty() && SymbolName::fits(text) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool is_zone(std::string_view text) {
  return !text.empty() && FixedString<15>::fits(text) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '+' || c == '-' || c == ':';
         });
}

bool read_field(Field field, std::string_view text, Channel& channel) {
  switch (field) {
    case Field::kNone:
      LEVI_UNREACHABLE();
    case Field::kCadence:
      channel.cadence_ms = text == "10ms" ? 10 : text == "100ms" ? 100 : 0;
      return channel.cadence_ms != 0;
    case Field::kSymbol:
      channel.symbol = SymbolName(text);
      return is_symbol(text);
    case Field::kLevels:
      channel.levels = text == "5" ? 5 : text == "10" ? 10 : text == "20" ? 20 : 0;
      return channel.levels != 0;
    case Field::kInterval: {
      const auto found = std::find(kIntervals.begin(), kIntervals.end(), text);
      if (found == kIntervals.end()) return false;
      channel.interval = static_cast<KlineInterval>(found - kIntervals.begin());
      return true;
    }
    case Field::kZone:
      channel.zone = FixedString<15>(text);
      return is_zone(text);
  }
  LEVI_UNREACHABLE();
}

std::string field_text(Field field, const Channel& channel) {
  switch (field) {
    case Field::kNone:
      LEVI_UNREACHABLE();
    case Field::kCadence:
      return std::to_string(channel.cadence_ms) + "ms";
    case Field::kSymbol:
      return channel.symbol.str();
    case Field::kLevels:
      return std::to_string(channel.levels);
    case Field::kInterval:
      return to_string(channel.interval);
    case Field::kZone:
      return channel.zone.str();
  }
  LEVI_UNREACHABLE();
}

std::string_view take_part(std::string_view& rest) {
  const std::size_t at = rest.find('@');
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return part;
}

}  // namespace

const char* to_string(KlineInterval interval) {
  return kIntervals.at(static_cast<std::size_t>(interval));
}

Result<Channel> parse_channel(std::string_view name) {
  const auto parts = static_cast<std::size_t>(std::count(name.begin(), name.end(), '@')) + 1;
  std::string_view rest = name;
  if (take_part(rest) != "spot") return bad_channel(name, "expected spot@...");
  const std::string_view stem = take_part(rest);
  const auto form = std::find_if(kForms.begin(), kForms.end(),
                                 [&](const Form& candidate) { return candidate.stem == stem; });
  if (form == kForms.end()) return bad_channel(name, "no such stream");
  Channel channel;
  channel.kind = form->kind;
  std::size_t expected = 2;
  for (const Field field : form->fields) {
    if (field == Field::kNone) continue;
    ++expected;
    if (!read_field(field, take_part(rest), channel)) return bad_channel(name, "a part is wrong");
  }
  if (parts != expected) return bad_channel(name, "too many parts");
  return channel;
}

std::string format_channel(const Channel& channel) {
  const Form& form = kForms.at(static_cast<std::size_t>(channel.kind));
  LEVI_CHECK(form.kind == channel.kind);
  std::string name = "spot@";
  name += form.stem;
  for (const Field field : form.fields) {
    if (field != Field::kNone) name += "@" + field_text(field, channel);
  }
  return name;
}

}  // namespace levi::mexc
