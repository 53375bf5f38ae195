// The reader itself: a check that never fails proves nothing.
#include "tests/api/prometheus_text.h"

#include <gtest/gtest.h>

namespace levi::test {
namespace {

const std::string kGauge = "# HELP g A gauge.\n# TYPE g gauge\n";
const std::string kCounter = "# HELP c_total A counter.\n# TYPE c_total counter\n";
const std::string kHistogram = "# HELP h A histogram.\n# TYPE h histogram\n";
const std::string kSummary = "# HELP s A summary.\n# TYPE s summary\n";

TEST(PrometheusText, ReadsWhatIsWellFormed) {
  const std::string histogram =
      kHistogram +
      "h_bucket{le=\"0.1\"} 1\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 5\nh_count 4\n";
  const std::string summary = kSummary + "s{quantile=\"0.5\"} NaN\ns_sum 0\ns_count 0\n";
  const PrometheusText read = read_prometheus_text(
      "# a comment\n\n" + kGauge + "g{a=\"x\\\"\\\\\\n\",b=\"\"} -1.5e3 1700000000000\ng +Inf\n" +
      kCounter + "c_total{a=\"1\",} 7\n" + histogram + summary);
  EXPECT_EQ(read.wrong, "");
  ASSERT_EQ(read.families.size(), 4u);
  EXPECT_EQ(read.families[0].help, "A gauge.");
  EXPECT_EQ(read.families[0].samples[0].labels.at("a"), "x\"\\\n");
  EXPECT_EQ(read.families[0].samples[0].value, -1500);
  EXPECT_EQ(read.families[1].type, "counter");
}

TEST(PrometheusText, FindsWhatIsNot) {
  struct Row {
    std::string text;
    const char* why;
  };
  const std::string inf = "h_sum 5\nh_count 4\n";
  const Row rows[] = {
      {"", "no end"},
      {kGauge + "g 1", "no end"},
      {"g 1\n", "before any TYPE"},
      {"# HELP g x\ng 1\n", "lacks HELP or TYPE"},
      {"# TYPE g gauge\ng 1\n", "lacks HELP or TYPE"},
      {"# HELP g x\n" + kGauge + "g 1\n", "second HELP"},
      {"# TYPE g gauge\n" + kGauge + "g 1\n", "second TYPE"},
      {kGauge + "g 1\n# HELP g x\n", "not in one piece"},
      {kGauge + "g 1\n" + kCounter + "c_total 1\n" + kGauge + "g{a=\"1\"} 1\n", "not in one piece"},
      {kGauge + "g 1\n" + kCounter + "c_total 1\ng{a=\"1\"} 1\n", "does not belong"},
      {kGauge, "has no sample"},
      {"# HELP g x\\q\n# TYPE g gauge\ng 1\n", "escape"},
      {"# HELP g \n# TYPE g gauge\ng 1\n", "says nothing"},
      {"# HELP g x\n# TYPE g gouge\ng 1\n", "unknown TYPE"},
      {"# HELP 1g x\n", "no metric name"},
      {kGauge + "1g 1\n", "no metric name"},
      {kGauge + "g-h 1\n", "no blank"},
      {kGauge + "g\n", "no blank"},
      {kGauge + "g \n", "no value"},
      {kGauge + "g one\n", "no value"},
      {kGauge + "g 1,5\n", "no value"},
      {kGauge + "g inf\n", "no value"},
      {kGauge + "g 1\r\n", "no value"},
      {kGauge + "g 1 now\n", "timestamp"},
      {kGauge + "g 1 1 1\n", "timestamp"},
      {kGauge + "g{a=1} 1\n", "label a"},
      {kGauge + "g{a=\"1} 1\n", "label a"},
      {kGauge + "g{a=\"\\t\"} 1\n", "label a"},
      {kGauge + "g{a=\"1\" b=\"2\"} 1\n", "comma"},
      {kGauge + "g{a=\"1\",a=\"2\"} 1\n", "twice"},
      {kGauge + "g{a:b=\"1\"} 1\n", "label a"},
      {kGauge + "g{1a=\"1\"} 1\n", "label name"},
      {kGauge + "g{__name__=\"1\"} 1\n", "label name"},
      {kGauge + "g 1\ng 2\n", "twice"},
      {kGauge + "g{a=\"1\",b=\"2\"} 1\ng{b=\"2\",a=\"1\"} 1\n", "twice"},
      {"# HELP c x\n# TYPE c counter\nc 1\n", "by type or name"},
      {"# HELP g_total x\n# TYPE g_total gauge\ng_total 1\n", "by type or name"},
      {kCounter + "c_total -1\n", "below zero"},
      {kCounter + "c_total NaN\n", "below zero"},
      {kHistogram + "h 1\n", "does not belong"},
      {kHistogram + "h_bucket{le=\"1\"} 4\n" + inf, "+Inf"},
      {kHistogram + "h_bucket{le=\"+Inf\"} 3\n" + inf, "+Inf"},
      {kHistogram + "h_bucket{le=\"1\"} 5\nh_bucket{le=\"+Inf\"} 4\n" + inf, "not cumulative"},
      {kHistogram + "h_bucket{le=\"x\"} 4\n" + inf, "lacks le"},
      {kHistogram + "h_bucket 4\n" + inf, "lacks le"},
      {kHistogram + "h_bucket{le=\"+Inf\"} 4\nh_count 4\n", "_sum"},
      {kHistogram + inf, "lacks le"},
      {kSummary + "s{quantile=\"0.5\"} 1\ns_sum 1\n", "_count"},
      {kSummary + "s{quantile=\"2\"} 1\ns_sum 1\ns_count 1\n", "0..1"},
      {kSummary + "s 1\ns_sum 1\ns_count 1\n", "lacks quantile"},
  };
  for (const Row& row : rows) {
    const std::string wrong = read_prometheus_text(row.text).wrong;
    EXPECT_NE(wrong.find(row.why), std::string::npos) << row.text << " -> " << wrong;
  }
}

}  // namespace
}  // namespace levi::test
