#include "pex/exchange/request_guard.h"

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::pex {
namespace {

using conn::IpAddress;
using conn::TimePoint;
using Trust = RequestGuard::Trust;
using Verdict = RequestGuard::Verdict;
using namespace std::chrono_literals;

class RequestGuardTest : public ::testing::Test {
 protected:
  Verdict ask(const IpAddress& from, Trust trust = Trust::stranger) {
    return guard.on_request({from, {}, trust, RequestGuard::CountedAs::host}, now);
  }
  static RequestGuard::Asker node(std::uint8_t number, const IpAddress& from) {
    return {from, test::numbered_id(number), Trust::stranger, RequestGuard::CountedAs::host};
  }
  RequestGuard guard;
  TimePoint now{1h};
  const IpAddress host = IpAddress::v4(5, 6, 7, 8);
};

TEST_F(RequestGuardTest, AHostThatKeepsTheGoNodesRuleIsAlwaysAnswered) {
  // Two at once, then one each ten seconds, for a day; and again on a new connection now and then.
  EXPECT_EQ(ask(host), Verdict::answer);
  EXPECT_EQ(ask(host), Verdict::answer);
  for (int i = 0; i < 8640; ++i) {
    now += 10s;
    ASSERT_EQ(ask(host), Verdict::answer) << i;
  }
}

TEST_F(RequestGuardTest, ARequestAMomentEarlyNowAndThenIsForgiven) {
  ask(host);
  ask(host);
  for (int i = 0; i < 100; ++i) {
    now += i % 2 == 0 ? 9s : 11s;
    EXPECT_EQ(ask(host), Verdict::answer) << i;
  }
}

TEST_F(RequestGuardTest, AHostGetsNoMoreThanAnAnswerEachPauseWhateverItsIdsAndConnections) {
  int answers = 0;
  for (int i = 0; i < 3600; ++i, now += 1s) answers += ask(host) == Verdict::answer ? 1 : 0;
  EXPECT_LE(answers, 360 + 3);
  EXPECT_GE(answers, 360);
}

TEST_F(RequestGuardTest, AskingTooOftenGoesUnansweredAndCostsNothingElse) {
  int answers = 0;
  // Each tenth of a second for an hour.
  for (int i = 0; i < 36'000; ++i, now += 100ms) {
    const Verdict verdict = ask(host);
    ASSERT_TRUE(verdict == Verdict::answer || verdict == Verdict::ignore) << i;
    if (verdict == Verdict::answer) ++answers;
  }
  EXPECT_LE(answers, 360 + 3);
}

TEST_F(RequestGuardTest, AFloodIsAnOffenceAndTheSecondOneBringsABan) {
  const RequestLimits limits;
  for (std::uint64_t i = 0; i < limits.host_burst; ++i) EXPECT_EQ(ask(host), Verdict::answer);
  for (std::uint64_t i = 0; i < limits.flood_burst; ++i) ASSERT_EQ(ask(host), Verdict::ignore) << i;
  EXPECT_EQ(ask(host), Verdict::drop);
  // The next connection has as much again.
  for (std::uint64_t i = 0; i < limits.flood_burst; ++i) ASSERT_EQ(ask(host), Verdict::ignore) << i;
  EXPECT_EQ(ask(host), Verdict::ban);
  now += limits.memory;
  for (std::uint64_t i = 0; i < limits.host_burst; ++i) EXPECT_EQ(ask(host), Verdict::answer);
  for (std::uint64_t i = 0; i < limits.flood_burst; ++i) ASSERT_EQ(ask(host), Verdict::ignore) << i;
  EXPECT_EQ(ask(host), Verdict::drop) << "and is forgotten";
}

TEST_F(RequestGuardTest, AfterTenMinutesWithoutAnotherOffencesAreForgotten) {
  const auto asker = node(1, host);
  EXPECT_EQ(guard.on_violation(asker, now), Verdict::drop);
  for (int i = 0; i < 60; ++i) {
    now += 10s;
    // Requests meanwhile are none.
    EXPECT_EQ(ask(host), Verdict::answer);
  }
  EXPECT_EQ(guard.on_violation(asker, now), Verdict::drop);
  now += 9min;
  EXPECT_EQ(guard.on_violation(asker, now), Verdict::ban);
}

TEST_F(RequestGuardTest, ATrustedPeerIsNeverDropped) {
  for (int i = 0; i < 1000; ++i) {
    const Verdict verdict = ask(host, Trust::trusted);
    EXPECT_TRUE(verdict == Verdict::answer || verdict == Verdict::ignore);
  }
}

TEST_F(RequestGuardTest, TheNeighboursOfAnAbuserAreServed) {
  for (int i = 0; i < 10'000; ++i) ask(host);
  EXPECT_EQ(ask(IpAddress::v4(5, 6, 7, 9)), Verdict::answer);
}

TEST_F(RequestGuardTest, AWholeNeighbourhoodIsBoundedAndNoHostIsBlamedForIt) {
  int answers = 0;
  for (int i = 0; i < 250; ++i) {
    const Verdict verdict = ask(IpAddress::v4(5, 6, 7, static_cast<std::uint8_t>(i)));
    answers += verdict == Verdict::answer ? 1 : 0;
    EXPECT_NE(verdict, Verdict::drop);
    EXPECT_NE(verdict, Verdict::ban);
  }
  EXPECT_EQ(answers, 24);
  EXPECT_EQ(ask(IpAddress::v4(5, 6, 8, 1)), Verdict::answer);
}

TEST_F(RequestGuardTest, AnIpv6HostIsASlash64) {
  int answers = 0;
  for (std::uint8_t i = 0; i < 100; ++i) {
    answers += ask(IpAddress::v6({0x2a, 1, 2, 3, 4, 5, 6, 7, i})) == Verdict::answer ? 1 : 0;
  }
  EXPECT_EQ(answers, 3);
}

TEST_F(RequestGuardTest, WhatItRemembersIsBounded) {
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    ask(IpAddress::v4(static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8),
                      static_cast<std::uint8_t>(i), 1));
  }
  EXPECT_EQ(guard.hosts(), RequestGuard::kMaxHosts);
  EXPECT_EQ(guard.neighbourhoods(), RequestGuard::kMaxHosts);
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    guard.on_request(
        {IpAddress::v4(static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8),
                       static_cast<std::uint8_t>(i), 2),
         test::numbered_id(i), Trust::stranger, RequestGuard::CountedAs::host},
        now);
  }
  EXPECT_EQ(guard.nodes(), RequestGuard::kMaxHosts);
}

TEST(SeedRequestLimits, AHostHasAboutOneAnswerAMinute) {
  RequestGuard guard(kSeedRequestLimits);
  int answers = 0;
  TimePoint now{1h};
  for (int i = 0; i < 3600; ++i, now += 1s) {
    const auto verdict = guard.on_request(
        {IpAddress::v4(5, 6, 7, 8), {}, Trust::stranger, RequestGuard::CountedAs::host}, now);
    answers += verdict == Verdict::answer ? 1 : 0;
  }
  EXPECT_LE(answers, 62);
}

TEST_F(RequestGuardTest, AStarvingGoNodeAsksItsSeedTwiceEachHalfMinuteAndPaysOnce) {
  RequestGuard seed(kSeedRequestLimits);
  int answers = 0;
  for (int i = 0; i < 1000; ++i, now += 30s) {
    for (const auto after : {0ms, 15ms}) {
      const Verdict verdict = seed.on_request(node(1, host), now + after);
      ASSERT_TRUE(verdict == Verdict::answer || verdict == Verdict::ignore) << i;
      if (verdict != Verdict::answer) continue;
      EXPECT_EQ(after, 0ms) << "an answer to the second would wake the node again";
      ++answers;
    }
  }
  EXPECT_NEAR(answers, 500, 3);
}

TEST_F(RequestGuardTest, ANodeThatIsNewOnAHostOfStarvingOnesIsAnsweredAtOnce) {
  RequestGuard seed(kSeedRequestLimits);
  for (int i = 0; i < 60; ++i, now += 30s) {
    for (std::uint8_t each = 1; each <= 6; ++each) {
      seed.on_request(node(each, host), now);
      seed.on_request(node(each, host), now + 15ms);
    }
  }
  EXPECT_EQ(seed.on_request(node(100, host), now), Verdict::answer);
  EXPECT_EQ(seed.on_request(node(101, host), now), Verdict::answer);
  int more = 0;
  for (std::uint8_t each = 102; each < 200; ++each) {
    if (seed.on_request(node(each, host), now) == Verdict::answer) ++more;
  }
  EXPECT_LE(more, 4) << "IDs are free";
}

// A seed that has only just begun has verified no node yet.
TEST_F(RequestGuardTest, NodesOfAHostThatGotNothingAtFirstAllGetSomethingHalfAMinuteLater) {
  RequestGuard seed(kSeedRequestLimits);
  for (std::uint8_t each = 1; each <= 3; ++each) {
    EXPECT_EQ(seed.on_request(node(each, host), now), Verdict::answer);
    seed.had_nothing(node(each, host));
    EXPECT_EQ(seed.on_request(node(each, host), now + 15ms), Verdict::ignore);
  }
  now += 30s;
  for (std::uint8_t each = 1; each <= 3; ++each) {
    EXPECT_EQ(seed.on_request(node(each, host), now), Verdict::answer) << int{each};
  }
  now += 30s;
  EXPECT_EQ(seed.on_request(node(1, host), now), Verdict::ignore);
}

TEST_F(RequestGuardTest, TheNodesOfAHostHaveNoMoreAnswersThanOneOfThem) {
  RequestGuard seed(kSeedRequestLimits);
  int answers = 0;
  for (int i = 0; i < 3600; ++i, now += 1s) {
    const auto asker = node(static_cast<std::uint8_t>(i % 250), host);
    if (seed.on_request(asker, now) == Verdict::answer) ++answers;
  }
  EXPECT_LE(answers, 60 + 6);
}

TEST_F(RequestGuardTest, WhereHostsAreSharedEachNodeHasAnAccountOfItsOwn) {
  const auto shared = [this](std::uint8_t number) {
    return guard.on_request(
        {host, test::numbered_id(number), Trust::stranger, RequestGuard::CountedAs::itself}, now);
  };
  for (std::uint8_t node = 0; node < 100; ++node) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(shared(node), Verdict::answer);
    EXPECT_EQ(shared(node), Verdict::ignore);
  }
  EXPECT_EQ(ask(host), Verdict::answer) << "the host's own account is not charged";
}

TEST(SeedRequestLimits, WhereHostsAreSharedANodeHasAsMuchAsALoneOneElsewhere) {
  RequestGuard seed(kSeedRequestLimits);
  TimePoint now{1h};
  const RequestGuard::Asker asker = {
      IpAddress::v4(10, 0, 0, 1), {}, Trust::stranger, RequestGuard::CountedAs::itself};
  int answers = 0;
  for (int i = 0; i < 3600; ++i, now += 1s) {
    if (seed.on_request(asker, now) == Verdict::answer) ++answers;
  }
  EXPECT_GE(answers, 60);
  EXPECT_LE(answers, 62);
}

TEST_F(RequestGuardTest, AViolationCostsTheConnectionAndTheSecondBringsABan) {
  const auto asker = node(1, host);
  EXPECT_EQ(guard.on_violation(asker, now), Verdict::drop);
  EXPECT_EQ(guard.on_violation(asker, now), Verdict::ban);
  EXPECT_EQ(guard.on_violation(node(1, IpAddress::v4(5, 6, 7, 9)), now), Verdict::drop)
      << "a neighbour has an account of its own";
  now += 11min;
  EXPECT_EQ(guard.on_violation(asker, now), Verdict::drop);
}

TEST_F(RequestGuardTest, NonsenseInListsIsToleratedAFewTimes) {
  const RequestGuard::Asker asker = {host, {}, Trust::stranger, RequestGuard::CountedAs::host};
  EXPECT_EQ(guard.on_nonsense(asker, now), Verdict::ignore);
  EXPECT_EQ(guard.on_nonsense(asker, now), Verdict::ignore);
  EXPECT_EQ(guard.on_nonsense(asker, now), Verdict::drop);
}

TEST_F(RequestGuardTest, TrustedPeersMaySendAnything) {
  const RequestGuard::Asker asker = {host, {}, Trust::trusted, RequestGuard::CountedAs::host};
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(guard.on_violation(asker, now), Verdict::ignore);
    EXPECT_EQ(guard.on_nonsense(asker, now), Verdict::ignore);
  }
}

}  // namespace
}  // namespace peerage::pex
