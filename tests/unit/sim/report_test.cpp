#include "tests/sim/report.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/sim/plot.h"

namespace peerage::sim {
namespace {

using testing::HasSubstr;

Report sample() {
  Report report;
  report.title = "A <test>";
  report.figure("nodes", 12);
  report.at_most("until it was over", 2.5, 3, "s");
  report.at_least("share", 1, 0.999);
  report.curves = {{"one", {{0, 0}, {0.5, 1}}}, {"two, or more", {{0.5, 0.25}}}};
  return report;
}

TEST(ReportTest, HoldsWhenAllOfItsChecksDo) {
  Report report = sample();
  EXPECT_TRUE(report.holds());
  EXPECT_THAT(report.text(), HasSubstr("as it must be: at most 3"));
  report.at_most("dials", 3, 2);
  EXPECT_FALSE(report.holds());
  EXPECT_THAT(report.text(), HasSubstr("FAILED, for it must be at most 2"));
}

TEST(ReportTest, IsAnObjectForPrograms) {
  const auto json = nlohmann::json::parse(sample().json());
  EXPECT_EQ(json["holds"], true);
  EXPECT_EQ(json["figures"][0]["value"], 12);
  EXPECT_EQ(json["checks"][1]["at_least"], 0.999);
  EXPECT_EQ(json["curves"][0]["points"][1][0], 0.5);
}

TEST(ReportTest, ItsCurvesAreATableWithARowForEachMoment) {
  EXPECT_EQ(sample().csv(), "hours,\"one\",\"two, or more\"\n0.00000,0,\n0.50000,1,0.25\n");
}

TEST(ReportTest, NumbersHaveNoDigitsThatSayNothing) {
  EXPECT_EQ(number_text(1), "1");
  EXPECT_EQ(number_text(0.25), "0.25");
  EXPECT_EQ(number_text(1.0 / 3), "0.333");
  EXPECT_EQ(number_text(100), "100");
}

TEST(PlotTest, IsOnePictureWithEveryCurveNamed) {
  const std::string svg = plot_svg({.title = "A <test>", .y = "share"}, sample().curves);
  EXPECT_EQ(svg.rfind("<svg ", 0), 0u);
  EXPECT_THAT(svg, HasSubstr("A &lt;test>"));
  EXPECT_THAT(svg, HasSubstr("two, or more"));
  EXPECT_THAT(svg, testing::Not(HasSubstr("nan")));
  EXPECT_THAT(plot_svg({}, {}), testing::Not(HasSubstr("nan")));
  EXPECT_THAT(plot_svg({.x_scale = PlotLabels::Scale::logarithmic}, {{"a", {{1, 0}, {1000, 1}}}}),
              HasSubstr(">100<"));
}

}  // namespace
}  // namespace peerage::sim
