#include "exchange/stream/control.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exchange/json/json_writer.h"

namespace levi::exchange {
namespace {

ControlFrame::Method parse_method(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (name == "SUBSCRIPTION") return ControlFrame::Method::kSubscribe;
  if (name == "UNSUBSCRIPTION") return ControlFrame::Method::kUnsubscribe;
  return name == "PING" ? ControlFrame::Method::kPing : ControlFrame::Method::kInvalid;
}

}  // namespace

ControlFrame parse_control(std::string_view text) {
  ControlFrame frame;
  if (text.size() > kControlBytesMax) return frame;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return frame;
  const auto id = json.find("id");
  if (id != json.end() && id->is_number_integer()) frame.id = id->get<std::int64_t>();
  const auto method = json.find("method");
  if (method == json.end() || !method->is_string()) return frame;
  frame.method = parse_method(method->get<std::string>());
  const auto parameters = json.find("params");
  if (parameters == json.end() || !parameters->is_array()) return frame;
  for (const auto& channel : *parameters) {
    if (channel.is_string()) frame.channels.push_back(channel.get<std::string>());
  }
  return frame;
}

std::string control_answer(std::int64_t id, std::string_view message) {
  std::string text;
  JsonWriter(text).open('{').field("id", id).field("code", 0).field("msg", message).close('}');
  return text;
}

std::string not_subscribed(const std::vector<std::string>& channels, std::string_view reason) {
  std::string text = "Not Subscribed successfully! [";
  for (const std::string& channel : channels) text += (text.back() == '[' ? "" : ",") + channel;
  text += "].  Reason: ";
  text += reason;
  return text + "! ";
}

}  // namespace levi::exchange
