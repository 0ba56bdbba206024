#include "addrbook/record/book_clock.h"

#include <gtest/gtest.h>

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;

constexpr conn::TimePoint kSteady{1000s};
constexpr conn::WallTime kWall{std::chrono::days(20'000)};

TEST(BookClock, StartsAtWallTimeAndMovesOnWithTheSteadyClock) {
  const BookClock clock(kWall, kSteady);
  EXPECT_EQ(clock.at(kSteady), kWall);
  EXPECT_EQ(clock.at(kSteady + 1500ms), std::chrono::floor<Seconds>(kWall + 1s));
  EXPECT_EQ(clock.at(kSteady + 30 * 24h), kWall + 30 * 24h);
}

TEST(BookClock, NeverShowsATimeBeforeItsStart) {
  EXPECT_EQ(BookClock(kWall, kSteady).at(kSteady - 1h), kWall);
}

TEST(BookClock, AMachineThatThinksItIsBefore1970HasTimesThatAreNotNever) {
  for (const conn::WallTime wall : {conn::WallTime{}, conn::WallTime{-1h}, conn::WallTime{300ms}}) {
    EXPECT_GT(BookClock(wall, kSteady).at(kSteady), kNever);
  }
}

}  // namespace
}  // namespace peerage::addrbook
