// The checker that tests of metrics rest on: it finds what it is for.
#include "tests/support/metric_lines.h"

#include <gtest/gtest.h>

namespace peerage::test {
namespace {

const std::string kGauge = "# HELP a Some help.\n# TYPE a gauge\n";
const std::string kCounter = "# HELP a_total Some help.\n# TYPE a_total counter\n";
const std::string kHistogram = "# HELP h Some help.\n# TYPE h histogram\n";

bool is_good(const std::string& text) {
  return MetricLines(text).faults().empty();
}

TEST(MetricLines, WhatIsRightIsTakenAndRead) {
  const MetricLines lines(kGauge + "a 1\na{b=\"x\\n\\\\\\\"\",c=\"\"} 0.5\n" + kCounter +
                          "a_total 3\n" + kHistogram +
                          "h_bucket{le=\"0.1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 7\nh_count 2\n");
  EXPECT_EQ(lines.faults(), std::vector<std::string>());
  EXPECT_EQ(lines.value("a", {{"b", "x\n\\\""}}), 0.5);
  EXPECT_EQ(lines.value("a_total"), 3);
  EXPECT_EQ(lines.type_of("h"), "histogram");
}

TEST(MetricLines, BreachesOfTheFormatAreFound) {
  for (const std::string& bad : {
           std::string(),
           kGauge + "a 1",                              // no end of line
           kGauge + "a\n",                              // no value
           kGauge + "a x\n",                            // no number
           kGauge + "a{b=\"x\"}1\n",                    // no blank
           kGauge + "a{c=\"\",b=\"\"} 1\n",             // order
           kGauge + "a{b=\"\",b=\"\"} 1\n",             // a label twice
           kGauge + "a{b=\"\\t\"} 1\n",                 // no such escape
           kGauge + "a{1b=\"\"} 1\n",                   // a label's name
           kGauge + "a 1\na 2\n",                       // twice
           kGauge + "b 1\n",                            // outside its family
           kGauge + "a 1\n" + kGauge,                   // help and type twice
           kGauge + kCounter + "a 1\n",                 // torn from its family
           std::string("a 1\n"),                        // no help
           std::string("# TYPE a gauge\na 1\n"),        // no help
           std::string("# HELP a\n# TYPE a gauge\n"),   // an empty one
           std::string("# HELP a b\n# TYPE a info\n"),  // no such type
           std::string("# by hand\n"),
           kCounter + "a_total -1\n",
       }) {
    EXPECT_FALSE(is_good(bad)) << bad;
  }
}

TEST(MetricLines, HistogramsThatDoNotAddUpAreFound) {
  for (const std::string& bad : {
           std::string("h 1\n"),
           std::string("h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n"),
           std::string("h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n"),
           std::string("h_bucket{le=\"+Inf\"} 1\nh_count 1\n"),
           std::string("h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"),
           std::string("h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\n"
                       "h_sum 1\nh_count 1\n"),
       }) {
    EXPECT_FALSE(is_good(kHistogram + bad)) << bad;
  }
}

TEST(MetricLines, NamesThatPromtoolComplainsAboutAreFound) {
  const auto named = [](const std::string& name, const std::string& type) {
    return is_good("# HELP " + name + " Some help.\n# TYPE " + name + ' ' + type + '\n');
  };
  EXPECT_TRUE(named("a_seconds", "gauge"));
  EXPECT_TRUE(named("a_seconds_total", "counter"));
  EXPECT_FALSE(named("a", "counter"));
  EXPECT_FALSE(named("a_total", "gauge"));
  EXPECT_FALSE(named("a_count", "gauge"));
  EXPECT_FALSE(named("a_milliseconds", "gauge"));
  EXPECT_FALSE(named("aSeconds", "gauge"));
  EXPECT_FALSE(is_good(kGauge + "a{bC=\"\"} 1\n"));
  EXPECT_TRUE(is_good(kGauge + "a{chID=\"\"} 1\n"));
}

}  // namespace
}  // namespace peerage::test
