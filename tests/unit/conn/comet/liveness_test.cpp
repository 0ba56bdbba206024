#include "conn/comet/liveness.h"

#include <memory>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

using namespace std::chrono_literals;
const TimePoint kStart{1h};

struct LivenessTest : testing::Test {
  Liveness liveness{LivenessConfig{}, kStart};
  Reason failure_at(TimePoint when) {
    const auto alive = liveness.check(when);
    return alive ? Reason::stopped_locally : alive.error().reason;
  }
};

TEST_F(LivenessTest, APingIsDueEveryMinuteWhateverElseHappens) {
  EXPECT_EQ(liveness.deadline(), kStart + 60s);
  EXPECT_TRUE(liveness.check(kStart + 59s));
  EXPECT_FALSE(liveness.take_ping());
  EXPECT_TRUE(liveness.check(kStart + 60s));
  EXPECT_TRUE(liveness.take_ping());
  EXPECT_FALSE(liveness.take_ping()) << "once";
  ASSERT_TRUE(liveness.on_pong(kStart + 61s));
  EXPECT_EQ(liveness.deadline(), kStart + 120s);
  EXPECT_EQ(liveness.round_trip(), 1s);
}

TEST_F(LivenessTest, APingWithoutPongEndsAfter45Seconds) {
  EXPECT_TRUE(liveness.check(kStart + 60s));
  EXPECT_EQ(liveness.deadline(), kStart + 105s);
  EXPECT_TRUE(liveness.check(kStart + 104999ms));
  EXPECT_EQ(failure_at(kStart + 105s), Reason::pong_timed_out);
}

TEST_F(LivenessTest, AnUnsolicitedPongDoesNotSatisfyALaterPing) {
  ASSERT_TRUE(liveness.on_pong(kStart + 59s));
  EXPECT_EQ(liveness.unsolicited_pongs(), 1u);
  EXPECT_TRUE(liveness.check(kStart + 60s));
  EXPECT_EQ(failure_at(kStart + 105s), Reason::pong_timed_out);
}

TEST_F(LivenessTest, OnePongAnswersOnePing) {
  EXPECT_TRUE(liveness.check(kStart + 60s));
  ASSERT_TRUE(liveness.on_pong(kStart + 61s));
  ASSERT_TRUE(liveness.on_pong(kStart + 62s));
  EXPECT_EQ(liveness.unsolicited_pongs(), 1u);
  EXPECT_TRUE(liveness.check(kStart + 120s));
  EXPECT_EQ(failure_at(kStart + 165s), Reason::pong_timed_out);
}

TEST_F(LivenessTest, SeveralPingsAreAnsweredByOnePong) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(liveness.on_ping(kStart));
  EXPECT_TRUE(liveness.take_pong());
  EXPECT_FALSE(liveness.take_pong());
}

TEST_F(LivenessTest, AFloodOfPingsEndsWhenTheBucketIsEmpty) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(liveness.on_ping(kStart)) << i;
  const auto flood = liveness.on_ping(kStart);
  ASSERT_FALSE(flood);
  EXPECT_EQ(flood.error().reason, Reason::ping_flood);
}

TEST_F(LivenessTest, ToleratesTenPingsASecondForEver) {
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(liveness.on_ping(kStart + i * 100ms));
}

TEST_F(LivenessTest, UnsolicitedPongsDrawOnTheSameBucket) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(liveness.on_ping(kStart));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(liveness.on_pong(kStart));
  EXPECT_FALSE(liveness.on_pong(kStart));
}

TEST_F(LivenessTest, ToleratesSixtyFourIdlePacketsInARowAndNotOneMore) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 64; ++i) ASSERT_TRUE(liveness.on_idle_packet());
    if (round < 2) liveness.on_progress();
  }
  const auto idle = liveness.on_idle_packet();
  ASSERT_FALSE(idle);
  EXPECT_EQ(idle.error().reason, Reason::no_progress);
}

TEST_F(LivenessTest, AWriteWithoutProgressForAMinuteEnds) {
  liveness.on_write_blocked(kStart + 5s);
  EXPECT_EQ(liveness.deadline(), kStart + 60s);
  EXPECT_TRUE(liveness.check(kStart + 60s));
  EXPECT_EQ(liveness.deadline(), kStart + 65s);
  EXPECT_EQ(failure_at(kStart + 65s), Reason::write_stalled);
}

TEST_F(LivenessTest, AnyProgressStartsTheMinuteAgain) {
  liveness.on_write_blocked(kStart);
  liveness.on_write_progress(kStart + 50s);
  liveness.on_write_blocked(kStart + 55s);
  EXPECT_TRUE(liveness.check(kStart + 70s));
  EXPECT_EQ(failure_at(kStart + 110s), Reason::write_stalled);
}

TEST_F(LivenessTest, NothingToWriteIsNoStall) {
  liveness.on_write_blocked(kStart);
  liveness.on_write_idle();
  EXPECT_TRUE(liveness.check(kStart + 60s));
  ASSERT_TRUE(liveness.on_pong(kStart + 60s));
  EXPECT_TRUE(liveness.check(kStart + 119s));
}

TEST_F(LivenessTest, WhileWeDoNotReadAPongGoesOutEvery20SecondsAndNoneIsExpected) {
  liveness.on_reading_paused(kStart);
  int pongs = 0;
  for (auto now = kStart; now <= kStart + 200s; now += 1s) {
    ASSERT_TRUE(liveness.check(now));
    if (liveness.take_pong()) ++pongs;
    liveness.take_ping();
  }
  EXPECT_EQ(pongs, 10);
  // Reading again, the unanswered ping gets its full time.
  liveness.on_reading_resumed(kStart + 200s);
  EXPECT_TRUE(liveness.check(kStart + 239s));
}

TEST_F(LivenessTest, AfterResumingTheAnswerIsDueWithinThePongTimeout) {
  liveness.on_reading_paused(kStart);
  EXPECT_TRUE(liveness.check(kStart + 60s));
  liveness.on_reading_resumed(kStart + 70s);
  EXPECT_TRUE(liveness.check(kStart + 114s));
  EXPECT_EQ(failure_at(kStart + 115s), Reason::pong_timed_out);
}

// W6: an answer to one ping is no answer to the next.
TEST_F(LivenessTest, ALatePongCountsOnlyForThePingThatWaits) {
  EXPECT_TRUE(liveness.check(kStart + 60s));
  ASSERT_TRUE(liveness.on_pong(kStart + 104999ms));
  EXPECT_EQ(liveness.round_trip(), 44999ms);
  EXPECT_TRUE(liveness.check(kStart + 105s));
  EXPECT_TRUE(liveness.check(kStart + 120s));
  EXPECT_TRUE(liveness.check(kStart + 164s));
  EXPECT_EQ(failure_at(kStart + 165s), Reason::pong_timed_out);
}

TEST_F(LivenessTest, APingIsDroppedOnTimeWhetherOrNotItCouldBeWritten) {
  liveness.on_write_blocked(kStart + 50s);
  EXPECT_TRUE(liveness.check(kStart + 60s));  // the ping is due, and is not taken
  EXPECT_EQ(failure_at(kStart + 105s), Reason::pong_timed_out);
}

TEST_F(LivenessTest, NeitherPingsNorPongsMakeIdlePacketsForgotten) {
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(liveness.on_idle_packet());
    ASSERT_TRUE(liveness.on_ping(kStart));
    ASSERT_TRUE(liveness.on_pong(kStart));
  }
  EXPECT_FALSE(liveness.on_idle_packet());
}

TEST_F(LivenessTest, ThePongThatWasAskedForIsFree) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(liveness.on_ping(kStart + 60s));
  EXPECT_TRUE(liveness.check(kStart + 60s));
  EXPECT_TRUE(liveness.on_pong(kStart + 60s));
  EXPECT_FALSE(liveness.on_pong(kStart + 60s));
}

TEST_F(LivenessTest, AfterAToleratedFloodTheBucketRefillsAtTenASecond) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(liveness.on_ping(kStart));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(liveness.on_ping(kStart + 1s));
  EXPECT_FALSE(liveness.on_ping(kStart + 1s));
}

TEST_F(LivenessTest, EveryDeadlineIsMovedOnOrEndsItSoThatNoTimerFiresForEver) {
  liveness.on_reading_paused(kStart);
  for (int i = 0; i < 1000; ++i) {
    const TimePoint due = liveness.deadline();
    ASSERT_TRUE(liveness.check(due));
    ASSERT_GT(liveness.deadline(), due);
  }
  liveness.on_reading_resumed(liveness.deadline());
  while (true) {
    const TimePoint due = liveness.deadline();
    if (!liveness.check(due)) break;
    ASSERT_GT(liveness.deadline(), due);
  }
}

TEST_F(LivenessTest, PausingTwiceDoesNotPutThePongOff) {
  liveness.on_reading_paused(kStart);
  liveness.on_reading_paused(kStart + 15s);
  EXPECT_TRUE(liveness.check(kStart + 20s));
  EXPECT_TRUE(liveness.take_pong());
}

TEST_F(LivenessTest, AStallIsNoticedAlsoWhileWeDoNotRead) {
  liveness.on_reading_paused(kStart);
  liveness.on_write_blocked(kStart);
  EXPECT_TRUE(liveness.check(kStart + 59s));
  EXPECT_EQ(failure_at(kStart + 60s), Reason::write_stalled);
}

TEST_F(LivenessTest, PongsExcuseAStallForFiveMinutes) {
  liveness.on_write_blocked(kStart);
  for (auto now = kStart + 20s; now < kStart + 5min; now += 20s) {
    ASSERT_TRUE(liveness.on_pong(now));
    ASSERT_TRUE(liveness.check(now));
  }
  EXPECT_EQ(failure_at(kStart + 5min), Reason::write_stalled);
}

TEST_F(LivenessTest, AfterALongPauseOfTheProcessThereIsOnePingNotMany) {
  EXPECT_TRUE(liveness.check(kStart + 1h));
  EXPECT_TRUE(liveness.take_ping());
  EXPECT_EQ(liveness.deadline(), kStart + 1h + 45s);
  ASSERT_TRUE(liveness.on_pong(kStart + 1h + 1s));
  EXPECT_EQ(liveness.deadline(), kStart + 1h + 60s);
}

TEST(LivenessConfigTest, APongTimeoutThatIsNotBelowThePingIntervalIsRefused) {
  EXPECT_THROW(Liveness({.ping_interval = 45s, .pong_timeout = 45s}, kStart),
               std::invalid_argument);
}

TEST(LivenessRoundTrips, EachAnsweredPingIsCounted) {
  static constexpr auto kBounds = time_bounds(10ms, 1s);
  const auto round_trips = std::make_shared<Histogram>(kBounds);
  Liveness liveness{LivenessConfig{}, kStart, round_trips};
  TimePoint now = kStart;
  for (const Duration trip : {5ms, 500ms}) {
    now += LivenessConfig{}.ping_interval;
    ASSERT_TRUE(liveness.check(now));
    ASSERT_TRUE(liveness.take_ping());
    now += trip;
    ASSERT_TRUE(liveness.on_pong(now));
  }
  ASSERT_TRUE(liveness.on_pong(now)) << "unasked";
  EXPECT_EQ(round_trips->read().counts, (std::vector<std::uint64_t>{1, 1, 0}));
  EXPECT_EQ(round_trips->read().sum, 505'000'000u);
}

}  // namespace
}  // namespace peerage::conn
