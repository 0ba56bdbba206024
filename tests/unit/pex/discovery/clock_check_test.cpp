#include "pex/discovery/clock_check.h"

#include <gtest/gtest.h>

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kNow(1'700'000'000);

struct ClockCheckTest : testing::Test {
  ClockCheck clock;

  void packets(std::size_t count, std::chrono::seconds expires) {
    for (std::size_t i = 0; i < count; ++i) clock.on_packet(expires, kNow);
  }
};

TEST_F(ClockCheckTest, IsSilentBeforeThereAreEnoughPackets) {
  packets(ClockCheck::kPackets - 1, kNow - 1h);
  EXPECT_FALSE(clock.suspect());
  packets(1, kNow - 1h);
  EXPECT_TRUE(clock.suspect());
}

TEST_F(ClockCheckTest, MoreThanHalfOfTheLastMustHaveBeenOver) {
  packets(32, kNow + 20s);
  packets(32, kNow - 11s);
  EXPECT_FALSE(clock.suspect());
  packets(1, kNow - 11s);
  EXPECT_TRUE(clock.suspect());
}

TEST_F(ClockCheckTest, APacketThatIsLateByLittleTellsNothing) {
  packets(200, kNow - 10s);
  EXPECT_FALSE(clock.suspect());
}

TEST_F(ClockCheckTest, ItEndsWhenPacketsComeInTime) {
  packets(64, kNow - 1h);
  packets(31, kNow + 20s);
  EXPECT_TRUE(clock.suspect());
  packets(1, kNow + 20s);
  EXPECT_FALSE(clock.suspect());
}

TEST_F(ClockCheckTest, TimesOfAnySizeAreCompared) {
  packets(64, std::chrono::seconds::max());
  EXPECT_FALSE(clock.suspect());
  packets(64, 0s);
  EXPECT_TRUE(clock.suspect());
}

}  // namespace
}  // namespace peerage::pex
