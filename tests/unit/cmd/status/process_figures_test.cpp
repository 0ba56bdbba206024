#include "cmd/status/process_figures.h"

#include <chrono>
#include <fstream>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

// As the kernel writes them. Fields 14 and 15, 22, 23 and 24 of the first are ours.
ProcessTexts texts() {
  return {
      "4242 (peerage) S 1 4242 4242 0 -1 4194560 900 0 3 0 1234 66 7 8 20 0 5 0 500000 "
      "104857600 2560 18446744073709551615 1 1 0 0\n",
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max processes             63447                63447                processes \n"
      "Max open files            1024                 524288               files     \n"
      "Max locked memory         8388608              8388608              bytes     \n",
      "cpu  1 2 3\nintr 5\nctxt 7\nbtime 1795000000\nprocesses 9\n"};
}
constexpr SystemUnits kUnits{100, 4096};

TEST(ProcessFigures, AreWhatTheKernelSays) {
  const auto figures = parse_process(texts(), 17, kUnits);
  ASSERT_TRUE(figures);
  EXPECT_DOUBLE_EQ(figures->cpu_seconds, 13.0);
  EXPECT_EQ(figures->virtual_bytes, 104'857'600U);
  EXPECT_EQ(figures->resident_bytes, 2560U * 4096);
  EXPECT_DOUBLE_EQ(figures->start_time, 1'795'005'000.0);
  EXPECT_EQ(figures->open_fds, 17U);
  EXPECT_EQ(figures->max_fds, 1024U);
}

TEST(ProcessFigures, TheUnitsAreTheSystems) {
  const auto figures = parse_process(texts(), 0, {1000, 65'536});
  ASSERT_TRUE(figures);
  EXPECT_DOUBLE_EQ(figures->cpu_seconds, 1.3);
  EXPECT_EQ(figures->resident_bytes, 2560U * 65'536);
}

TEST(ProcessFigures, AProgramsNameMayHoldAnything) {
  for (const std::string name : {"a b", "x) S 1 2 (y", ")", "", "( (("}) {
    ProcessTexts given = texts();
    given.stat.replace(given.stat.find("peerage"), 7, name);
    const auto figures = parse_process(given, 0, kUnits);
    ASSERT_TRUE(figures) << name;
    EXPECT_DOUBLE_EQ(figures->cpu_seconds, 13.0) << name;
  }
}

TEST(ProcessFigures, DescriptorsMayBeUnlimited) {
  ProcessTexts given = texts();
  given.limits.replace(given.limits.find("1024 "), 9, "unlimited");
  const auto figures = parse_process(given, 0, kUnits);
  ASSERT_TRUE(figures);
  EXPECT_FALSE(figures->max_fds);
}

TEST(ProcessFigures, ATextThatIsNotAsExpectedGivesNone) {
  const ProcessTexts good = texts();
  for (const std::string bad : {"", "4242", "4242 (peerage", "4242 (peerage) S 1 2 3",
                                "4242 (peerage) S 1 4242 4242 0 -1 4194560 900 0 3 0 x 66 7 8 20 "
                                "0 5 0 500000 104857600 2560"}) {
    EXPECT_FALSE(parse_process({bad, good.limits, good.system_stat}, 0, kUnits)) << bad;
  }
  for (const std::string bad : {"", "Max open files", "Max open files  many", "max open files 3"}) {
    EXPECT_FALSE(parse_process({good.stat, bad, good.system_stat}, 0, kUnits)) << bad;
  }
  for (const std::string bad : {"", "btime", "btime\n3", "btime -1"}) {
    EXPECT_FALSE(parse_process({good.stat, good.limits, bad}, 0, kUnits)) << bad;
  }
}

TEST(ProcessFigures, EveryTruncationIsReadOrRefused) {
  const ProcessTexts good = texts();
  for (std::size_t end = 0; end < good.stat.size(); ++end) {
    (void)parse_process({good.stat.substr(0, end), good.limits, good.system_stat}, 0, kUnits);
  }
  for (std::size_t end = 0; end < good.limits.size(); ++end) {
    (void)parse_process({good.stat, good.limits.substr(0, end), good.system_stat}, 0, kUnits);
  }
}

TEST(ProcessFigures, OursArePlausible) {
  const auto figures = read_process();
  ASSERT_TRUE(figures);
  EXPECT_GT(figures->resident_bytes, 100'000U);
  EXPECT_GE(figures->virtual_bytes, figures->resident_bytes);
  EXPECT_GE(figures->open_fds, 3U);
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  // The kernel counts from the boot, whose time is a whole second, and may have been set since.
  EXPECT_LT(figures->start_time, now + 60);
  const std::ifstream one_more("/dev/null");
  EXPECT_EQ(read_process()->open_fds, figures->open_fds + 1);
}

}  // namespace
}  // namespace peerage::cmd
