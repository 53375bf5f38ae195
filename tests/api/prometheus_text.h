// A strict reader of Prometheus's text format 0.0.4, for tests: what a scraper may stumble over is
// an error here, and so is what promtool warns of.
//
// Beyond the format itself, each family must have both its HELP and its TYPE, stand in one piece,
// and keep what its type promises: a counter's name ends in _total, a histogram's buckets are
// cumulative and end with +Inf, which is its count.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace levi::test {

struct PrometheusSample {
  std::string name;
  std::map<std::string, std::string> labels;  // unescaped
  double value = 0;
};

struct PrometheusFamily {
  std::string name;
  std::string help;
  std::string type;
  std::vector<PrometheusSample> samples;
};

struct PrometheusText {
  std::vector<PrometheusFamily> families;
  std::string wrong;  // "line 7: ...", the first thing; empty: nothing
};

PrometheusText read_prometheus_text(const std::string& text);

}  // namespace levi::test
