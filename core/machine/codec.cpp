// Records: the numbers of the types, and the way back from bytes that anybody may have written.
#include <array>
#include <cstddef>
#include <cstring>

#include "core/machine/checks.h"
#include "core/machine/machine.h"

namespace levi::machine {
namespace {

struct TypeInfo {
  std::uint16_t type = 0;
  const char* name = "";
};

// In the order of the variant.
constexpr std::array<TypeInfo, std::variant_size_v<Event>> kTypes{{
    {1, "started"},
    {2, "limits"},
    {3, "instrument-defined"},
    {4, "engine-defined"},
    {10, "top-of-book"},
    {11, "deal"},
    {12, "book-gap"},
    {13, "feed-up"},
    {14, "feed-down"},
    {20, "intent"},
    {21, "engine-up"},
    {22, "engine-down"},
    {30, "venue-ack"},
    {31, "venue-fill"},
    {32, "venue-canceled"},
    {33, "venue-rejected"},
    {34, "venue-unknown"},
    {35, "order-unsent"},
    {36, "venue-order-state"},
    {37, "cancel-failed"},
    {38, "foreign-order"},
    {39, "reconcile-started"},
    {40, "reconcile-done"},
    {50, "command"},
    {51, "latch-seen"},
    {52, "timer"},
    {53, "chaos-mark"},
    {54, "store-state"},
}};

constexpr std::size_t kTypesEnd = 64;
constexpr std::uint8_t kNoType = 0xff;
constexpr std::array<std::uint8_t, kTypesEnd> kIndexOfType = [] {
  std::array<std::uint8_t, kTypesEnd> index{};
  index.fill(kNoType);
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    index[kTypes[i].type] = static_cast<std::uint8_t>(i);
  return index;
}();

std::size_t index_of(std::uint16_t type) { return type < kTypesEnd ? kIndexOfType[type] : kNoType; }

// Where a record holds a bool: any other byte than 0 or 1 must be seen before a bool is made of it.
template <class T>
constexpr std::array<std::size_t, 0> kBools{};
template <>
constexpr std::array kBools<InstrumentDefined>{offsetof(InstrumentDefined, tradable)};
template <>
constexpr std::array kBools<EngineDefined>{offsetof(EngineDefined, enabled)};
template <>
constexpr std::array kBools<FeedUp>{offsetof(FeedUp, polling)};
template <>
constexpr std::array kBools<EngineUp>{offsetof(EngineUp, takeover), offsetof(EngineUp, image)};
template <>
constexpr std::array kBools<VenueFill>{offsetof(VenueFill, maker)};
template <>
constexpr std::array kBools<OrderUnsent>{offsetof(OrderUnsent, sealed)};
template <>
constexpr std::array kBools<VenueOrderState>{offsetof(VenueOrderState, not_found_final)};
template <>
constexpr std::array kBools<Command>{offsetof(Command, all_symbols)};
template <>
constexpr std::array kBools<ChaosMark>{offsetof(ChaosMark, begin)};
template <>
constexpr std::array kBools<StoreState>{offsetof(StoreState, behind)};

Error corrupt(std::size_t index, const std::string& what) {
  return error(ErrorCode::kCorrupt,
               "record of type " + std::string(kTypes[index].name) + ": " + what);
}

template <class T>
Result<Event> decode(std::size_t index, std::string_view bytes) {
  if (bytes.size() != sizeof(T)) {
    return corrupt(index,
                   std::to_string(bytes.size()) + " bytes, expected " + std::to_string(sizeof(T)));
  }
  for (const std::size_t offset : kBools<T>) {
    if (static_cast<unsigned char>(bytes[offset]) > 1)
      return corrupt(index, "a flag is neither 0 nor 1");
  }
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  if (const char* field = defect_of(value))
    return corrupt(index, std::string(field) + " is out of range");
  return Event(std::in_place_type<T>, value);
}

using Decoder = Result<Event> (*)(std::size_t index, std::string_view bytes);
template <class... T>
constexpr std::array<Decoder, sizeof...(T)> decoders_of(const std::variant<T...>*) {
  return {&decode<T>...};
}
constexpr auto kDecoders = decoders_of(static_cast<const Event*>(nullptr));

}  // namespace

std::uint16_t event_type(const Event& event) { return kTypes[event.index()].type; }

std::string_view event_bytes(const Event& event) {
  return std::visit(
      [](const auto& body) {
        return std::string_view(reinterpret_cast<const char*>(&body), sizeof body);
      },
      event);
}

Result<Event> event_from(std::uint16_t type, std::string_view bytes) {
  const std::size_t index = index_of(type);
  if (index == kNoType)
    return error(ErrorCode::kCorrupt, "record of unknown type " + std::to_string(type));
  return kDecoders[index](index, bytes);
}

Status check(const Event& event) {
  const char* field = std::visit([](const auto& body) { return defect_of(body); }, event);
  if (field == nullptr) return ok();
  return error(ErrorCode::kInvalid,
               std::string(kTypes[event.index()].name) + ": " + field + " is out of range");
}

const char* event_name(std::uint16_t type) {
  const std::size_t index = index_of(type);
  return index == kNoType ? "unknown" : kTypes[index].name;
}

}  // namespace levi::machine
