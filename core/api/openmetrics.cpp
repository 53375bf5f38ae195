#include "core/api/openmetrics.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "core/base/check.h"
#include "core/control/pairs.h"

namespace levi::api {
namespace {

using prometheus::MetricType;

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  std::string out(text.data(), end);
  // A canonical float has a point: 1 is written 1.0.
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || c == '"') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string labels(const std::vector<prometheus::ClientMetric::Label>& all,
                   const std::string& more = {}) {
  std::string out;
  for (const auto& label : all) {
    out += (out.empty() ? "" : ",") + label.name + "=\"" + escaped(label.value) + "\"";
  }
  if (!more.empty()) out += (out.empty() ? "" : ",") + more;
  return out.empty() ? out : "{" + out + "}";
}

const char* type_name(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Summary:
      return "summary";
    default:
      return "unknown";
  }
}

std::string family_name(const prometheus::MetricFamily& family) {
  constexpr std::string_view kTotal = "_total";
  std::string name = family.name;
  if (family.type == MetricType::Counter) {
    LEVI_CHECK(name.size() > kTotal.size() && std::string_view(name).ends_with(kTotal));
    name.resize(name.size() - kTotal.size());
  }
  return name;
}

void write_sample(std::string& out, const std::string& name, MetricType type,
                  const prometheus::ClientMetric& metric) {
  switch (type) {
    case MetricType::Counter:
      out += name + "_total" + labels(metric.label) + " " + number(metric.counter.value) + "\n";
      return;
    case MetricType::Summary:
      for (const auto& quantile : metric.summary.quantile) {
        out += name + labels(metric.label, "quantile=\"" + number(quantile.quantile) + "\"") + " " +
               number(quantile.value) + "\n";
      }
      out += name + "_count" + labels(metric.label) + " " +
             std::to_string(metric.summary.sample_count) + "\n";
      out += name + "_sum" + labels(metric.label) + " " + number(metric.summary.sample_sum) + "\n";
      return;
    default:
      out += name + labels(metric.label) + " " + number(metric.gauge.value) + "\n";
  }
}

// The weight that an Accept header gives to a media type; 0 where it does not name it.
double weight_of(std::string_view accept, std::string_view type) {
  while (!accept.empty()) {
    const std::size_t comma = std::min(accept.find(','), accept.size());
    const std::string_view range = control::trimmed(accept.substr(0, comma));
    accept.remove_prefix(std::min(comma + 1, accept.size()));
    const std::string_view name = control::trimmed(range.substr(0, range.find(';')));
    if (!control::equal_ignoring_case(name, type)) continue;
    const std::size_t q = range.find("q=");
    return q == std::string_view::npos
               ? 1.0
               : std::strtod(std::string(range.substr(q + 2)).c_str(), nullptr);
  }
  return 0;
}

}  // namespace

bool wants_openmetrics(std::string_view accept) {
  const double open = weight_of(accept, "application/openmetrics-text");
  return open > 0 && open >= weight_of(accept, "text/plain");
}

std::string openmetrics_text(const std::vector<prometheus::MetricFamily>& families) {
  std::string out;
  for (const auto& family : families) {
    const std::string name = family_name(family);
    out += "# TYPE " + name + " " + type_name(family.type) + "\n";
    out += "# HELP " + name + " " + escaped(family.help) + "\n";
    for (const auto& metric : family.metric) write_sample(out, name, family.type, metric);
  }
  return out + "# EOF\n";
}

}  // namespace levi::api
