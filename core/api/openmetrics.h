// OpenMetrics 1.0 text of metric families (gauges, counters, summaries), which prometheus-cpp 1.0
// does not write.
//
// Differs from the 0.0.4 text in three ways: a counter's family is named without `_total`, its
// sample with it; escapes in HELP include the double quote; the text ends with `# EOF`.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <vector>

namespace levi::api {

// True where the Accept header names it with a weight that is not 0 and not below text/plain's.
bool wants_openmetrics(std::string_view accept);
std::string openmetrics_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace levi::api
