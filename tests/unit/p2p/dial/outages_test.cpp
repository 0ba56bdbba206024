#include "p2p/dial/outages.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/dial_targets.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::Failure;
using conn::HostAddress;
using conn::Reason;
using conn::Stage;
using conn::TimePoint;
using test::node;

const TimePoint kStart{std::chrono::hours(1000)};
const Failure kNoName{Stage::resolve, Reason::name_not_found, {}};

struct OutagesTest : testing::Test {
  Outages outages;
  TimePoint now = kStart;

  // Fails every five seconds until `end`; what is told.
  std::vector<Outages::Outage> fail_until(TimePoint end, const HostAddress& address = node(1)) {
    std::vector<Outages::Outage> told;
    for (; now < end; now += 5s) {
      outages.on_failed(address, test::kRefused, now);
      for (auto& each : outages.take_due(now)) told.push_back(std::move(each));
    }
    return told;
  }
};

TEST_F(OutagesTest, AnAddressThatHasFailedForAMinuteIsToldOnceHoweverOftenItIsTried) {
  EXPECT_TRUE(fail_until(kStart + 1min).empty());
  const auto told = fail_until(kStart + 1min + 5s);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].address, node(1));
  EXPECT_EQ(told[0].why.reason, Reason::connection_refused);
  EXPECT_TRUE(fail_until(kStart + 24h * 30).empty());
}

TEST_F(OutagesTest, TheMinuteEndsAlsoWithoutAnotherTry) {
  outages.on_failed(node(1), {Stage::admission, PeerReason::own_address, {}}, now);
  EXPECT_EQ(outages.next(), kStart + 1min);
  EXPECT_TRUE(outages.take_due(kStart + 1min - 1ns).empty());
  EXPECT_EQ(outages.take_due(kStart + 1min).size(), 1u);
  EXPECT_EQ(outages.next(), std::nullopt);
}

TEST_F(OutagesTest, TheLatestReasonIsTold) {
  outages.on_failed(node(1), kNoName, now);
  outages.on_failed(node(1), test::kRefused, now + 59s);
  EXPECT_EQ(outages.take_due(now + 1min)[0].why.reason, Reason::connection_refused);
}

TEST_F(OutagesTest, OneThatAnswersWithinTheMinuteIsNeverTold) {
  outages.on_failed(node(1), test::kRefused, now);
  EXPECT_FALSE(outages.on_answer(node(1)));
  EXPECT_EQ(outages.next(), std::nullopt);
  EXPECT_TRUE(outages.take_due(now + 1h).empty());
  outages.on_failed(node(1), test::kRefused, now + 1h);
  EXPECT_EQ(outages.next(), now + 1h + 1min) << "the minute begins anew";
}

TEST_F(OutagesTest, ItsAnswerIsToldOnce) {
  ASSERT_EQ(fail_until(kStart + 2min).size(), 1u);
  EXPECT_TRUE(outages.on_answer(node(1)));
  EXPECT_FALSE(outages.on_answer(node(1)));
  EXPECT_FALSE(outages.on_answer(node(2))) << "nothing was told of that";
}

TEST_F(OutagesTest, EachAddressOfANodeIsToldByItself) {
  HostAddress also = node(1);
  also.host = "also.example";
  outages.on_failed(node(1), test::kRefused, now);
  outages.on_failed(also, kNoName, now + 1s);
  EXPECT_EQ(outages.take_due(now + 1min).size(), 1u);
  EXPECT_EQ(outages.take_due(now + 1min + 1s)[0].address, also);
  EXPECT_TRUE(outages.on_answer(also));
  EXPECT_TRUE(outages.on_answer(node(1)));
}

TEST_F(OutagesTest, NothingIsToldOfTheOtherAddressesOfANodeThatIsConnected) {
  HostAddress other_node = node(2);
  outages.on_failed(node(1), test::kRefused, now);
  outages.on_failed(other_node, test::kRefused, now);
  outages.on_connected(node(1).id);
  const auto told = outages.take_due(now + 1h);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].address, other_node);
}

TEST_F(OutagesTest, AnAddressThatComesAndGoesHasTwoLinesInThreeHoursAtMost) {
  std::mt19937 random(3);
  std::vector<TimePoint> lines;
  while (now < kStart + 24h * 7) {
    const conn::Duration down = std::uniform_int_distribution<>(1, 1200)(random) * 1s;
    for (const auto& each : fail_until(now + down)) {
      (void)each;
      lines.push_back(now);
    }
    if (outages.on_answer(node(1))) lines.push_back(now);
    now += std::uniform_int_distribution<>(1, 600)(random) * 1s;
  }
  ASSERT_GE(lines.size(), 24u * 7 / 2);
  EXPECT_LT(lines.size(), 24u * 7) << "under one line an hour";
  for (std::size_t i = 2; i < lines.size(); ++i) {
    // An answer may be late: what counts is the outage before it.
    EXPECT_GE(lines[i] - lines[i - 2], 3h - 21min) << i;
  }
}

TEST_F(OutagesTest, AnOutageThatLastsIsToldWhenThePauseIsOver) {
  ASSERT_EQ(fail_until(kStart + 2min).size(), 1u);
  ASSERT_TRUE(outages.on_answer(node(1)));
  now += 10min;
  EXPECT_TRUE(fail_until(kStart + 1min + 3h).empty());
  EXPECT_EQ(fail_until(kStart + 1min + 3h + 10s).size(), 1u);
}

TEST_F(OutagesTest, OneThatIsNamedNoMoreIsForgotten) {
  outages.on_failed(node(1), test::kRefused, now);
  outages.forget(node(1));
  outages.forget(node(2));
  EXPECT_TRUE(outages.take_due(now + 1h).empty());
  EXPECT_EQ(outages.size(), 0u);
}

}  // namespace
}  // namespace peerage::p2p
