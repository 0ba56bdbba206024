#include "p2p/admission/probe_allowance.h"

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using conn::TimePoint;
using test::ip;
using namespace std::chrono_literals;

const TimePoint kStart{1h};
const IpAddress kHost = ip("203.0.113.7");

IpAddress numbered_host(std::uint32_t number) {
  return IpAddress::v4(20, static_cast<std::uint8_t>(number >> 16),
                       static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number));
}

// How many probes that end at once are paid for, of so many.
int paid(ProbeAllowance& allowance, const IpAddress& host, int probes, TimePoint now) {
  int covered = 0;
  for (int i = 0; i < probes; ++i) covered += allowance.pay(host, 0ns, now) ? 1 : 0;
  return covered;
}

TEST(ProbeAllowance, AHostHasFiftyAtOnceAndThenTenASecond) {
  ProbeAllowance allowance{ProbeLimits()};
  EXPECT_TRUE(allowance.has_any(kHost, kStart));
  EXPECT_EQ(paid(allowance, kHost, 1'000, kStart), 50);
  EXPECT_FALSE(allowance.has_any(kHost, kStart));
  EXPECT_FALSE(allowance.has_any(kHost, kStart + 99ms));
  EXPECT_TRUE(allowance.has_any(kHost, kStart + 100ms));
  EXPECT_EQ(paid(allowance, kHost, 1'000, kStart + 1s), 10);
  EXPECT_EQ(paid(allowance, kHost, 1'000, kStart + 1h), 50);
}

TEST(ProbeAllowance, AskingTakesNothing) {
  ProbeAllowance allowance{ProbeLimits()};
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(allowance.has_any(kHost, kStart));
  EXPECT_EQ(paid(allowance, kHost, 50, kStart), 50);
}

TEST(ProbeAllowance, OneThatHoldsItsPlacePaysForTheTime) {
  ProbeAllowance allowance{ProbeLimits()};
  EXPECT_TRUE(allowance.pay(kHost, 4'899ms, kStart));
  EXPECT_TRUE(allowance.has_any(kHost, kStart));
  EXPECT_FALSE(allowance.pay(kHost, 100ms, kStart)) << "two, and there is one";
  EXPECT_FALSE(allowance.has_any(kHost, kStart)) << "which is gone";
}

TEST(ProbeAllowance, WhatIsPaidForIsOnePlaceAtATimeInTheLongRun) {
  ProbeAllowance allowance{ProbeLimits()};
  conn::Duration held{};
  // Four at a time, of half a second each, for an hour.
  for (TimePoint now = kStart; now < kStart + 1h; now += 500ms) {
    for (int place = 0; place < 4; ++place) {
      if (allowance.has_any(kHost, now) && allowance.pay(kHost, 500ms, now)) held += 500ms;
    }
  }
  EXPECT_LE(held, 1h + 5s);
}

TEST(ProbeAllowance, OneHostDoesNotPayForAnotherAndThe64OfAnIpv6AddressIsOne) {
  ProbeAllowance allowance{ProbeLimits()};
  paid(allowance, ip("2001:db8::1"), 50, kStart);
  EXPECT_FALSE(allowance.has_any(ip("2001:db8::2"), kStart));
  EXPECT_TRUE(allowance.has_any(ip("2001:db8:0:1::1"), kStart));
  EXPECT_TRUE(allowance.has_any(kHost, kStart));
}

TEST(ProbeAllowance, WithoutARateItIsUnlimitedAndRemembersNoHost) {
  ProbeAllowance allowance({.per_second = 0});
  EXPECT_EQ(paid(allowance, kHost, 10'000, kStart), 10'000);
  EXPECT_EQ(allowance.hosts(), 0u);
}

TEST(ProbeAllowance, RemembersABoundedNumberOfHostsAndForgetsTheOneOfLongestAgo) {
  ProbeAllowance allowance{ProbeLimits()};
  paid(allowance, kHost, 50, kStart);
  for (std::uint32_t i = 0; i < ProbeAllowance::kMaxHosts - 1; ++i) {
    paid(allowance, numbered_host(i), 1, kStart);
  }
  EXPECT_FALSE(allowance.has_any(kHost, kStart)) << "and it was asked for just now";
  for (std::uint32_t i = 0; i < ProbeAllowance::kMaxHosts - 1; ++i) {
    paid(allowance, numbered_host(1'000'000 + i), 1, kStart);
    EXPECT_LE(allowance.hosts(), ProbeAllowance::kMaxHosts);
  }
  EXPECT_FALSE(allowance.has_any(kHost, kStart));
  for (std::uint32_t i = 0; i < ProbeAllowance::kMaxHosts; ++i) {
    paid(allowance, numbered_host(2'000'000 + i), 1, kStart);
  }
  EXPECT_TRUE(allowance.has_any(kHost, kStart));
}

TEST(ProbeAllowance, AHostThatIsOnlyAskedForTakesNoRoom) {
  ProbeAllowance allowance{ProbeLimits()};
  EXPECT_TRUE(allowance.has_any(kHost, kStart));
  EXPECT_EQ(allowance.hosts(), 0u);
}

}  // namespace
}  // namespace peerage::p2p
