#include "tests/api/prometheus_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace levi::test {
namespace {

using Labels = std::map<std::string, std::string>;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The name at the front, removed from the text; empty where there is none.
std::string take_name(std::string_view& text, bool colons) {
  std::size_t size = 0;
  while (size < text.size()) {
    const char c = text[size];
    if (!is_letter(c) && !(colons && c == ':') && !(size > 0 && is_digit(c))) break;
    ++size;
  }
  std::string name(text.substr(0, size));
  text.remove_prefix(size);
  return name;
}

bool take(std::string_view& text, std::string_view piece) {
  if (text.substr(0, piece.size()) != piece) return false;
  text.remove_prefix(piece.size());
  return true;
}

std::optional<double> read_number(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text.empty() || (!is_digit(text.front()) && text.front() != '-')) return std::nullopt;
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = problem == std::errc{} && end == text.data() + text.size();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

bool ends_with_any(const std::string& name, std::initializer_list<std::string_view> tails,
                   std::string_view family) {
  return std::any_of(tails.begin(), tails.end(), [&](std::string_view tail) {
    return name == std::string(family) + std::string(tail);
  });
}

// Names that a family of this type may give to its samples.
bool may_be_named(const PrometheusFamily& family, const std::string& name) {
  if (family.type == "summary") return ends_with_any(name, {"", "_sum", "_count"}, family.name);
  if (family.type == "histogram")
    return ends_with_any(name, {"_bucket", "_sum", "_count"}, family.name);
  return name == family.name;
}

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  PrometheusText read() {
    if (text_.empty() || text_.back() != '\n') fail("the last line has no end");
    for (std::size_t begin = 0; begin < text_.size() && out_.wrong.empty(); ++line_) {
      const std::size_t end = std::min(text_.find('\n', begin), text_.size());
      read_line(std::string_view(text_).substr(begin, end - begin));
      begin = end + 1;
    }
    for (const PrometheusFamily& family : out_.families) judge(family);
    return std::move(out_);
  }

 private:
  void fail(const std::string& why) {
    if (out_.wrong.empty()) out_.wrong = "line " + std::to_string(line_) + ": " + why;
  }

  void read_line(std::string_view line) {
    if (line.empty()) return;
    if (take(line, "# HELP ")) return read_help(line);
    if (take(line, "# TYPE ")) return read_type(line);
    if (line.front() == '#') return;  // a comment
    read_sample(line);
  }

  // A HELP or TYPE line begins a family, or belongs to the one that the line before began.
  PrometheusFamily* family_at_head(const std::string& name) {
    if (name.empty()) return fail("no metric name"), nullptr;
    auto& families = out_.families;
    if (!families.empty() && families.back().name == name && families.back().samples.empty())
      return &families.back();
    const bool seen = std::any_of(families.begin(), families.end(),
                                  [&](const auto& family) { return family.name == name; });
    if (seen) return fail(name + " is not in one piece, or told after its samples"), nullptr;
    families.push_back({name, {}, {}, {}});
    return &families.back();
  }

  void read_help(std::string_view line) {
    PrometheusFamily* family = family_at_head(take_name(line, true));
    if (family == nullptr) return;
    if (!family->help.empty()) return fail("a second HELP of " + family->name);
    if (!take(line, " ") || line.empty()) return fail("HELP says nothing");
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] != '\\') continue;
      if (++i == line.size() || (line[i] != '\\' && line[i] != 'n')) return fail("a wrong escape");
    }
    family->help = line;
  }

  void read_type(std::string_view line) {
    static const std::set<std::string_view> kTypes = {"counter", "gauge", "histogram", "summary",
                                                      "untyped"};
    PrometheusFamily* family = family_at_head(take_name(line, true));
    if (family == nullptr) return;
    if (!family->type.empty()) return fail("a second TYPE of " + family->name);
    if (!take(line, " ") || kTypes.count(line) == 0) return fail("an unknown TYPE");
    family->type = line;
  }

  void read_sample(std::string_view line) {
    PrometheusSample sample;
    sample.name = take_name(line, true);
    if (sample.name.empty()) return fail("no metric name");
    if (take(line, "{") && !read_labels(line, sample.labels)) return;
    if (!take(line, " ")) return fail("no blank before the value");
    const std::size_t blank = line.find(' ');
    const auto value = read_number(line.substr(0, blank));
    if (!value) return fail("'" + std::string(line) + "' is no value");
    sample.value = *value;
    if (blank != std::string_view::npos && !is_timestamp(line.substr(blank + 1)))
      return fail("a wrong timestamp");
    keep(std::move(sample));
  }

  static bool is_timestamp(std::string_view text) {
    (void)take(text, "-");
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
  }

  // After "{", up to and with "}". A comma before the "}" is allowed.
  bool read_labels(std::string_view& line, Labels& labels) {
    while (!take(line, "}")) {
      const std::string name = take_name(line, false);
      if (name.empty() || name.substr(0, 2) == "__") return fail("a wrong label name"), false;
      if (!take(line, "=\"")) return fail("no =\" behind label " + name), false;
      std::string value;
      if (!read_label_value(line, value)) return fail("a wrong value of label " + name), false;
      if (!labels.emplace(name, value).second) return fail("label " + name + " twice"), false;
      if (!take(line, ",") && line.substr(0, 1) != "}") return fail("no comma in labels"), false;
    }
    return true;
  }

  static bool read_label_value(std::string_view& line, std::string& value) {
    while (!line.empty()) {
      if (take(line, "\"")) return true;
      if (!take(line, "\\")) {
        value += line.front();
      } else if (line.empty()) {
        return false;
      } else if (line.front() == 'n') {
        value += '\n';
      } else if (line.front() == '\\' || line.front() == '"') {
        value += line.front();
      } else {
        return false;
      }
      line.remove_prefix(1);
    }
    return false;
  }

  void keep(PrometheusSample sample) {
    if (out_.families.empty()) return fail("a sample before any TYPE");
    PrometheusFamily& family = out_.families.back();
    if (family.type.empty() || family.help.empty())
      return fail(family.name + " lacks HELP or TYPE before its samples");
    if (!may_be_named(family, sample.name))
      return fail(sample.name + " does not belong to the family above it, " + family.name);
    if (!series_.emplace(sample.name, sample.labels).second)
      return fail("the series " + sample.name + " twice");
    family.samples.push_back(std::move(sample));
  }

  void judge(const PrometheusFamily& family) {
    const auto wrong = [&](const std::string& why) { fail(family.name + " " + why); };
    if (family.samples.empty()) return wrong("has no sample");
    const bool total = std::string_view(family.name).ends_with("_total");
    if ((family.type == "counter") != total) return wrong("is a counter by type or name alone");
    for (const PrometheusSample& sample : family.samples) {
      if (family.type == "counter" && !(sample.value >= 0)) return wrong("counts below zero");
    }
    if (family.type == "histogram") judge_histogram(family);
    if (family.type == "summary") judge_summary(family);
  }

  // The parts of one histogram or summary: those with the same labels, but for le or quantile.
  struct Group {
    std::map<double, double> steps;
    std::optional<double> count;
    std::optional<double> sum;
    bool broken = false;
  };
  static std::map<Labels, Group> groups_of(const PrometheusFamily& family, const char* step) {
    std::map<Labels, Group> groups;
    for (const PrometheusSample& sample : family.samples) {
      Labels labels = sample.labels;
      const auto at = labels.extract(step);
      Group& group = groups[labels];
      const bool count = sample.name == family.name + "_count";
      const bool sum = sample.name == family.name + "_sum";
      if (count) group.count = sample.value;
      if (sum) group.sum = sample.value;
      group.broken = group.broken || (count || sum) != at.empty();
      if (at.empty()) continue;
      const auto bound = read_number(at.mapped());
      group.broken = group.broken || !bound || std::isnan(*bound) ||
                     !group.steps.emplace(*bound, sample.value).second;
    }
    return groups;
  }

  void judge_histogram(const PrometheusFamily& family) {
    for (const auto& [labels, group] : groups_of(family, "le")) {
      if (group.broken || !group.count || !group.sum || group.steps.empty())
        return fail(family.name + " lacks le, _sum or _count");
      double before = 0;
      for (const auto& [bound, count] : group.steps) {
        if (!(count >= before)) return fail(family.name + "'s buckets are not cumulative");
        before = count;
      }
      const auto& [bound, count] = *group.steps.rbegin();
      if (!std::isinf(bound) || count != *group.count)
        return fail(family.name + "'s +Inf bucket is not its count");
    }
  }

  void judge_summary(const PrometheusFamily& family) {
    for (const auto& [labels, group] : groups_of(family, "quantile")) {
      if (group.broken || !group.count || !group.sum)
        return fail(family.name + " lacks quantile, _sum or _count");
      for (const auto& [quantile, value] : group.steps) {
        if (quantile < 0 || quantile > 1) return fail(family.name + "'s quantile is beyond 0..1");
      }
    }
  }

  const std::string& text_;
  std::size_t line_ = 1;
  std::set<std::pair<std::string, Labels>> series_;
  PrometheusText out_;
};

}  // namespace

PrometheusText read_prometheus_text(const std::string& text) { return Reader(text).read(); }

}  // namespace levi::test
