#include "core/base/strict_yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>

#include "core/base/decimal.h"

namespace levi {
namespace {

constexpr std::size_t kDocumentBytesMax = 1u << 20;
constexpr std::size_t kNestingMax =
    64;  // yaml-cpp recurses: a hostile "[[[[…" would exhaust the stack

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string join(const std::vector<std::string>& words) {
  std::string joined;
  for (const auto& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

// Brackets open at once, or blanks of indentation: either bounds how deep yaml-cpp can recurse.
bool nested_too_deep(std::string_view text) {
  std::size_t open = 0;
  std::size_t dashes = 0;
  bool line_start = true;
  for (const char c : text) {
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    if (c == '\n') {
      line_start = true;
      dashes = 0;
    } else if (line_start && (c == '-' || c == '?' || c == ':')) {
      ++dashes;
    } else if (c != ' ') {
      line_start = false;
    }
    if (open > kNestingMax || dashes > kNestingMax) return true;
  }
  return false;
}

}  // namespace

struct SharedDocument {
  std::string file;
  std::optional<Error> first_error;
  bool is_absence = false;  // that error is about a key that is not there

  enum class About { kValue, kAbsentKey, kUnknownKey };
  // A key that is not known explains one that is missing: it was meant to be that one.
  void fail(int line, const std::string& problem, const std::string& fix, About about) {
    if (first_error && !(is_absence && about == About::kUnknownKey)) return;
    is_absence = about == About::kAbsentKey;
    first_error =
        error(ErrorCode::kInvalid, file + ":" + std::to_string(line) + ": " + problem, fix);
  }
};

struct YamlMap::Impl {
  std::shared_ptr<SharedDocument> document;  // shared by the maps of one document
  YAML::Node node;
  std::string where;  // "engines[1]." for messages
  std::set<std::string> known;

  int line_of(const YAML::Node& at) const { return std::max(0, at.Mark().line) + 1; }
  std::string name(const char* key) const { return "'" + where + key + "'"; }

  YAML::Node find(const char* key) {
    known.insert(key);
    for (const auto& entry : node) {
      if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
    }
    return YAML::Node(YAML::NodeType::Undefined);
  }

  using About = SharedDocument::About;
  void fail(const YAML::Node& at, const std::string& problem, const std::string& fix,
            About about = About::kValue) {
    document->fail(line_of(at), problem, fix, about);
  }

  std::optional<std::string> scalar(const char* key, bool required, const char* expected) {
    const YAML::Node found = find(key);
    if (!found.IsDefined() || found.IsNull()) {
      if (required)
        fail(node, name(key) + " is missing", std::string("add ") + key + ": " + expected,
             About::kAbsentKey);
      return std::nullopt;
    }
    if (!found.IsScalar()) {
      fail(found, name(key) + " must be " + expected,
           std::string("write ") + key + ": " + expected);
      return std::nullopt;
    }
    return found.Scalar();
  }

  void check_unknown() {
    std::set<std::string>
        seen;  // yaml-cpp keeps both of two equal keys, and the first would win unseen
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
      if (!seen.insert(key).second)
        fail(entry.first, "'" + where + key + "' stands twice", "remove one of them");
      if (known.count(key) != 0) continue;
      std::string nearest;
      std::size_t best = 3;
      for (const auto& candidate : known) {
        const std::size_t distance = edit_distance(key.substr(0, 64), candidate);
        if (distance < best) best = distance, nearest = candidate;
      }
      const std::vector<std::string> all(known.begin(), known.end());
      fail(entry.first, "unknown key '" + where + key + "'",
           nearest.empty() ? "known keys here: " + join(all) : "did you mean '" + nearest + "'?",
           About::kUnknownKey);
    }
  }
};

YamlMap::YamlMap(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
YamlMap::YamlMap(YamlMap&&) noexcept = default;
YamlMap& YamlMap::operator=(YamlMap&&) noexcept = default;
YamlMap::~YamlMap() = default;

bool YamlMap::has(const char* key) const {
  const YAML::Node found = impl_->find(key);
  return found.IsDefined() && !found.IsNull();
}

int YamlMap::line() const { return impl_->line_of(impl_->node); }

std::string YamlMap::text(const char* key) { return impl_->scalar(key, true, "text").value_or(""); }

std::string YamlMap::text(const char* key, std::string fallback) {
  return impl_->scalar(key, false, "text").value_or(std::move(fallback));
}

namespace {

std::optional<std::int64_t> whole(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::int64_t YamlMap::integer(const char* key, std::int64_t min, std::int64_t max) {
  if (!has(key)) {
    fail(key, impl_->name(key) + " is missing", std::string("add ") + key + ": a whole number");
    return min;
  }
  return integer(key, min, max, min);
}

std::int64_t YamlMap::integer(const char* key, std::int64_t min, std::int64_t max,
                              std::int64_t fallback) {
  const auto found = impl_->scalar(key, false, "a whole number");
  if (!found) return fallback;
  const auto value = whole(*found);
  if (!value || *value < min || *value > max) {
    fail(key, impl_->name(key) + " is '" + *found + "'",
         "expected a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return fallback;
  }
  return *value;
}

bool YamlMap::boolean(const char* key, bool fallback) {
  const auto found = impl_->scalar(key, false, "true or false");
  if (!found) return fallback;
  if (*found == "true") return true;
  if (*found != "false")
    fail(key, impl_->name(key) + " is '" + *found + "'", "expected true or false");
  return false;
}

Nanos YamlMap::duration(const char* key, Nanos fallback) {
  const auto found = impl_->scalar(key, false, "a duration");
  if (!found) return fallback;
  const auto value = parse_duration(*found);
  if (value) return value.value();
  fail(key, impl_->name(key) + ": " + value.error().message, value.error().fix);
  return fallback;
}

std::string YamlMap::choice(const char* key, const std::vector<std::string>& allowed,
                            std::string fallback) {
  auto found = impl_->scalar(key, false, "text");
  if (!found) return fallback;
  if (std::find(allowed.begin(), allowed.end(), *found) != allowed.end()) return *found;
  fail(key, impl_->name(key) + " is '" + *found + "'", "expected one of: " + join(allowed));
  return fallback;
}

std::vector<std::string> YamlMap::texts(const char* key) {
  const YAML::Node found = impl_->find(key);
  std::vector<std::string> values;
  if (!found.IsDefined() || found.IsNull()) return values;
  if (found.IsScalar()) return {found.Scalar()};
  if (!found.IsSequence()) {
    impl_->fail(found, impl_->name(key) + " must be a list", "write [a, b]");
    return values;
  }
  for (const auto& item : found) {
    if (item.IsScalar()) {
      values.push_back(item.Scalar());
    } else {
      impl_->fail(item, impl_->name(key) + " must be a list of plain values", "");
    }
  }
  return values;
}

std::string YamlMap::decimal(const char* key, std::string fallback) {
  auto found = impl_->scalar(key, false, "a number");
  if (!found) return fallback;
  if (parse_decimal(*found, kExponentMax).has_value()) return *found;
  fail(key, impl_->name(key) + " is '" + *found + "'", "expected a decimal number such as 0.001");
  return fallback;
}

void YamlMap::map(const char* key, const std::function<void(YamlMap&)>& visit) {
  const YAML::Node found = impl_->find(key);
  if (!found.IsDefined() || found.IsNull()) return;
  if (!found.IsMap()) {
    impl_->fail(found, impl_->name(key) + " must be a mapping", "write keys and values below it");
    return;
  }
  YamlMap child(std::make_unique<Impl>(Impl{impl_->document, found, impl_->where + key + ".", {}}));
  visit(child);
  child.impl_->check_unknown();
}

void YamlMap::list(const char* key, const std::function<void(YamlMap&)>& visit) {
  const YAML::Node found = impl_->find(key);
  if (!found.IsDefined() || found.IsNull()) return;
  if (!found.IsSequence()) {
    impl_->fail(found, impl_->name(key) + " must be a list", "write '- key: value' below it");
    return;
  }
  std::size_t index = 0;
  for (const auto& item : found) {
    const std::string where = impl_->where + key + "[" + std::to_string(index++) + "].";
    if (!item.IsMap()) {
      impl_->fail(item, "'" + where.substr(0, where.size() - 1) + "' must be a mapping", "");
      continue;
    }
    YamlMap child(std::make_unique<Impl>(Impl{impl_->document, item, where, {}}));
    visit(child);
    child.impl_->check_unknown();
  }
}

void YamlMap::scalars(const char* key,
                      const std::function<void(const std::string&, const std::string&)>& visit) {
  const YAML::Node found = impl_->find(key);
  if (!found.IsDefined() || found.IsNull()) return;
  if (!found.IsMap()) {
    impl_->fail(found, impl_->name(key) + " must be a mapping", "");
    return;
  }
  for (const auto& entry : found) {
    if (entry.first.IsScalar() && entry.second.IsScalar()) {
      visit(entry.first.Scalar(), entry.second.Scalar());
    } else {
      impl_->fail(entry.first, impl_->name(key) + " takes plain values only", "");
    }
  }
}

void YamlMap::fail(const char* key, const std::string& problem, const std::string& fix) {
  const YAML::Node found = impl_->find(key);
  const bool is_there = found.IsDefined();
  impl_->fail(is_there ? found : impl_->node, problem, fix,
              is_there ? Impl::About::kValue : Impl::About::kAbsentKey);
}

Status YamlMap::finish() {
  impl_->check_unknown();
  if (impl_->document->first_error) return *impl_->document->first_error;
  return ok();
}

Result<YamlMap> YamlDocument::parse(std::string_view text, const std::string& file_name) {
  const std::string begin = file_name + ":1: ";
  if (text.size() > kDocumentBytesMax)
    return error(ErrorCode::kInvalid, begin + "larger than 1 MiB");
  if (nested_too_deep(text)) return error(ErrorCode::kInvalid, begin + "nested more than 64 deep");
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    // Whatever stands behind `---` would else be left out in silence: limits, a kill's settings.
    if (documents.size() > 1) {
      const int line = std::max(0, documents[1].Mark().line) + 1;
      return error(ErrorCode::kInvalid,
                   file_name + ":" + std::to_string(line) + ": a second document begins here",
                   "one file is one document: remove the '---' before it");
    }
    const YAML::Node root = documents.empty() ? YAML::Node() : documents.front();
    if (!root.IsMap()) {
      return error(ErrorCode::kInvalid, begin + "expected a mapping at the top level",
                   "write 'key: value' lines");
    }
    auto document = std::make_shared<SharedDocument>();
    document->file = file_name;
    return YamlMap(
        std::make_unique<YamlMap::Impl>(YamlMap::Impl{std::move(document), root, "", {}}));
  } catch (const YAML::Exception& problem) {
    return error(
        ErrorCode::kInvalid,
        file_name + ":" + std::to_string(std::max(0, problem.mark.line) + 1) + ": " + problem.msg,
        "this is not valid YAML");
  }
}

namespace {

struct Unit {
  const char* name;
  std::int64_t ns;
};
constexpr std::array<Unit, 6> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

}  // namespace

Result<Nanos> parse_duration(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const auto bad = [&] {
    return error(ErrorCode::kInvalid, "'" + std::string(text) + "' is not a duration",
                 "write 250ms, 5s, 2m or 1h");
  };
  if (digits == std::string_view::npos || digits == 0) return bad();
  const auto amount = parse_decimal(text.substr(0, digits), 6);  // finer than any unit needs
  if (!amount) return bad();
  for (const auto& unit : kUnits) {
    if (text.substr(digits) != unit.name) continue;
    __extension__ typedef __int128 Wide;
    const Wide ns = static_cast<Wide>(amount.value()) * unit.ns / 1'000'000;
    if (ns > INT64_MAX) return bad();
    return Nanos{static_cast<std::int64_t>(ns)};
  }
  return bad();
}

std::string format_duration(Nanos duration) {
  const double ns = static_cast<double>(duration.count());
  const double magnitude = std::fabs(ns);
  const char* unit = "ns";
  double value = ns;
  if (magnitude >= 1e9) {
    unit = "s", value = ns / 1e9;
  } else if (magnitude >= 1e6) {
    unit = "ms", value = ns / 1e6;
  } else if (magnitude >= 1e3) {
    unit = "us", value = ns / 1e3;
  }
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%.4g%s", value, unit);
  return buffer;
}

}  // namespace levi
