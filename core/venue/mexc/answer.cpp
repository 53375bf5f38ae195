#include "core/venue/mexc/answer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/check.h"

namespace levi::mexc {
namespace {

constexpr std::size_t kMessageBytesMax = 200;
constexpr std::int64_t kRetryAfterDefault_s = 5;  // 429 without Retry-After
constexpr std::int64_t kRetryAfterMax_s =
    3 * 24 * 3600;  // the longest ban that the venue announces

struct Group {
  Verdict verdict;
  std::array<std::int32_t, 16> codes;  // 0: unused
};
constexpr std::array<Group, 7> kGroups{{
    {Verdict::kUnknown, {500, 503, 504, 510, 20002}},
    {Verdict::kLimited, {429, 418}},
    {Verdict::kClock, {700003, 10073}},
    {Verdict::kAuth,
     {400, 401, 402, 403, 406, 602, 700001, 700002, 700005, 700006, 700007, 10072, 60005, 70011,
      10098}},
    {Verdict::kHalted, {30000, 30014, 30016, 30018, 30019, 30020, 30021, 30041, 30051, 10007}},
    {Verdict::kFunds, {10101, 30004, 30005}},
    {Verdict::kUnknownOrder, {-2011, -2013, 22222}},
}};

// The connection was cut or a proxy gave up on it: nobody knows whether the venue saw the request.
bool leaves_outcome_open(int status) { return status >= 500 || status == 408 || status == 499; }

std::int64_t header_seconds(const os::HttpResponse& response) {
  const std::string_view value = response.header("Retry-After");
  std::int64_t seconds = 0;
  const auto end = value.data() + value.size();
  if (std::from_chars(value.data(), end, seconds).ec != std::errc()) return kRetryAfterDefault_s;
  return std::clamp<std::int64_t>(seconds, 1, kRetryAfterMax_s);
}

// {"code":N,"msg":"..."}; success bodies have no code, or 0 or 200.
void read_code(const nlohmann::json& body, Answer& answer) {
  if (!body.is_object()) return;
  if (const auto code = body.find("code"); code != body.end() && code->is_number_integer()) {
    const auto value = code->get<std::int64_t>();
    if (value != 200)
      answer.code =
          static_cast<std::int32_t>(std::clamp<std::int64_t>(value, INT32_MIN, INT32_MAX));
  }
  if (const auto message = body.find("msg"); message != body.end() && message->is_string()) {
    answer.message = message->get_ref<const std::string&>().substr(0, kMessageBytesMax);
  }
}

Verdict judge(const Answer& answer, bool body_usable) {
  if (leaves_outcome_open(answer.status)) return Verdict::kUnknown;
  if (answer.status == 429 || answer.status == 418) return Verdict::kLimited;
  if (answer.code != 0) return verdict_of_code(answer.code);
  if (answer.status >= 200 && answer.status < 300)
    return body_usable ? Verdict::kDone : Verdict::kUnknown;
  if (answer.status == 401 || answer.status == 403) return Verdict::kAuth;
  if (answer.status >= 400) return Verdict::kRejected;
  return Verdict::kUnknown;  // 1xx, 3xx: not this venue's
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kDone:
      return "done";
    case Verdict::kUnknown:
      return "unknown";
    case Verdict::kLimited:
      return "limited";
    case Verdict::kClock:
      return "clock";
    case Verdict::kAuth:
      return "auth";
    case Verdict::kHalted:
      return "halted";
    case Verdict::kRejected:
      return "rejected";
    case Verdict::kFunds:
      return "funds";
    case Verdict::kUnknownOrder:
      return "unknown-order";
  }
  LEVI_UNREACHABLE();
}

Verdict verdict_of_code(std::int64_t code) {
  if (code == 0 || code == 200) return Verdict::kDone;
  for (const Group& group : kGroups) {
    if (std::find(group.codes.begin(), group.codes.end(), code) != group.codes.end())
      return group.verdict;
  }
  return Verdict::kRejected;
}

bool is_refusal(Verdict verdict) {
  return verdict == Verdict::kRejected || verdict == Verdict::kHalted ||
         verdict == Verdict::kFunds || verdict == Verdict::kUnknownOrder;
}

std::string Answer::text() const {
  std::string text = status == 0 ? "no answer" : "HTTP " + std::to_string(status);
  if (code != 0) text += ", code " + std::to_string(code);
  return message.empty() ? text : text + ": " + message;
}

Answer read_answer(const os::HttpResponse& response) {
  Answer answer;
  answer.status = response.status;
  answer.body = nlohmann::json::parse(response.body, nullptr, false);
  const bool usable = answer.body.is_object() || answer.body.is_array();
  read_code(answer.body, answer);
  answer.verdict = judge(answer, usable);
  if (answer.verdict == Verdict::kLimited)
    answer.retry_after = std::chrono::seconds(header_seconds(response));
  answer.banned = response.status == 418;
  if (answer.code == 0 && answer.verdict != Verdict::kDone) answer.code = response.status;
  if (answer.verdict != Verdict::kDone) answer.body = nullptr;
  return answer;
}

Answer failed_answer(const Error& error) {
  Answer answer;
  answer.message = error.message.substr(0, kMessageBytesMax);
  return answer;
}

}  // namespace levi::mexc
