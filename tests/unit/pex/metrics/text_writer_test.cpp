#include "pex/metrics/text_writer.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/support/metric_lines.h"

namespace peerage::pex {
namespace {

TEST(TextWriter, AFamilyHasItsHelpAndTypeOnceBeforeItsSeries) {
  TextWriter writer;
  writer.family("peerage_peers", MetricType::gauge, "Peers.");
  writer.value({{"chain_id", "a"}}, std::uint64_t{1});
  writer.value({{"chain_id", "b"}}, std::uint64_t{2});
  EXPECT_EQ(writer.text(),
            "# HELP peerage_peers Peers.\n"
            "# TYPE peerage_peers gauge\n"
            "peerage_peers{chain_id=\"a\"} 1\n"
            "peerage_peers{chain_id=\"b\"} 2\n");
}

TEST(TextWriter, AFamilyWithoutSeriesIsNotThere) {
  TextWriter writer;
  writer.family("peerage_none_total", MetricType::counter, "None.");
  writer.family("peerage_one_total", MetricType::counter, "One.");
  writer.value({}, std::uint64_t{7});
  EXPECT_EQ(writer.take(),
            "# HELP peerage_one_total One.\n# TYPE peerage_one_total counter\n"
            "peerage_one_total 7\n");
}

TEST(TextWriter, LabelsAreInByteOrderAndEscaped) {
  TextWriter writer;
  writer.family("m", MetricType::gauge, "Back\\slash and\nline, \"quoted\".");
  writer.value({{"peer_id", "p"}, {"chain_id", "a\\b\"c\nd"}, {"chID", "0x0"}}, std::uint64_t{0});
  EXPECT_EQ(writer.text(),
            "# HELP m Back\\\\slash and\\nline, \"quoted\".\n# TYPE m gauge\n"
            "m{chID=\"0x0\",chain_id=\"a\\\\b\\\"c\\nd\",peer_id=\"p\"} 0\n");
  const test::MetricLines lines(writer.text());
  EXPECT_TRUE(lines.faults().empty());
  EXPECT_EQ(lines.value("m", {{"chain_id", "a\\b\"c\nd"}}), 0);
}

TEST(TextWriter, NumbersAreWholeWhereTheyCanBeAndElseTheShortest) {
  EXPECT_EQ(metric_number(0), "0");
  EXPECT_EQ(metric_number(-3), "-3");
  EXPECT_EQ(metric_number(1e6), "1000000");
  EXPECT_EQ(metric_number(9'007'199'254'740'992.0), "9007199254740992");
  EXPECT_EQ(metric_number(0.1), "0.1");
  EXPECT_EQ(metric_number(0.0025), "0.0025");
  EXPECT_EQ(metric_number(0.0001), "0.0001");
  EXPECT_EQ(metric_number(1e-7), "1e-07");
  EXPECT_EQ(metric_number(1234567.25), "1234567.25");
  EXPECT_EQ(metric_number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(metric_number(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(metric_number(std::nan("")), "NaN");
  EXPECT_EQ(std::stod(metric_number(1e300)), 1e300);
}

TEST(TextWriter, AHistogramIsCumulativeAndEndsWithEverything) {
  constexpr auto kBounds = conn::time_bounds(std::chrono::milliseconds(1), std::chrono::seconds(2));
  conn::Histogram histogram(kBounds);
  histogram.observe(std::chrono::microseconds(500));
  histogram.observe(std::chrono::microseconds(500));
  histogram.observe(std::chrono::seconds(1));
  histogram.observe(std::chrono::seconds(3));
  TextWriter writer;
  writer.family("h_seconds", MetricType::histogram, "Times.");
  writer.histogram({{"reactor", "r"}}, histogram.read());
  EXPECT_EQ(writer.text(),
            "# HELP h_seconds Times.\n# TYPE h_seconds histogram\n"
            "h_seconds_bucket{reactor=\"r\",le=\"0.001\"} 2\n"
            "h_seconds_bucket{reactor=\"r\",le=\"2\"} 3\n"
            "h_seconds_bucket{reactor=\"r\",le=\"+Inf\"} 4\n"
            "h_seconds_sum{reactor=\"r\"} 4.001\n"
            "h_seconds_count{reactor=\"r\"} 4\n");
  EXPECT_TRUE(test::MetricLines(writer.text()).faults().empty());
}

// The reader of these tests can find a fault.
TEST(MetricLines, WhatBreaksTheFormatIsNoticed) {
  const std::string head = "# HELP a_total A.\n# TYPE a_total counter\n";
  EXPECT_TRUE(test::MetricLines(head + "a_total 1\n").faults().empty());
  for (const std::string bad :
       {"a_total 1\na_total 1\n", "a_total one\n", "a_total\n", "a_total -1\n", "b_total 1\n",
        "a_total{b=\"1\",a=\"1\"} 1\n", "a_total{a=\"\\q\"} 1\n", "a_total{a-b=\"1\"} 1\n",
        "a_total 1\n# TYPE a_total counter\n", "a_total 1"}) {
    EXPECT_FALSE(test::MetricLines(head + bad).faults().empty()) << bad;
  }
  const std::string histogram = "# HELP h H.\n# TYPE h histogram\n";
  EXPECT_FALSE(
      test::MetricLines(histogram + "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n").faults().empty());
  EXPECT_FALSE(test::MetricLines(histogram +
                                 "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\n"
                                 "h_count 1\n")
                   .faults()
                   .empty());
}

}  // namespace
}  // namespace peerage::pex
