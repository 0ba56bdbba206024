#include "p2p/admission/recent_admissions.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using namespace std::chrono_literals;
using conn::TimePoint;
using test::ip;
const TimePoint kStart{1h};

TEST(RecentAdmissions, HostsOfANeighbourhoodCountTogetherAndExemptOnesAlone) {
  RecentAdmissions recent({conn::Cidr(ip("10.0.0.0"), 8)});
  for (const char* each : {"203.0.113.7", "203.0.113.8", "2001:db8:1:2::1", "2001:db8:1:3::1",
                           "10.0.0.1", "10.0.0.2"}) {
    recent.note(ip(each), kStart);
  }
  EXPECT_DOUBLE_EQ(recent.claims(ip("203.0.113.9"), kStart), 2);
  EXPECT_DOUBLE_EQ(recent.claims(ip("2001:db8:1::"), kStart), 2);
  EXPECT_DOUBLE_EQ(recent.claims(ip("10.0.0.1"), kStart), 1);
  EXPECT_EQ(recent.claims(ip("10.0.0.3"), kStart), 0);
  EXPECT_EQ(recent.claims(ip("203.0.112.0"), kStart), 0);
  EXPECT_LT(recent.claims(ip("2001:db8:2::"), kStart), 1) << "of the group alone";
}

TEST(RecentAdmissions, AnExemptHostIsNotTheNetworkThatBeginsWithIt) {
  RecentAdmissions recent({conn::Cidr(ip("2001:db8:1::"), 64)});
  for (int i = 0; i < 5; ++i) recent.note(ip("2001:db8:1::1"), kStart);
  EXPECT_EQ(recent.claims(ip("2001:db8:1:1::1"), kStart), 0);
  recent.note(ip("2001:db8:1:1::1"), kStart);
  EXPECT_DOUBLE_EQ(recent.claims(ip("2001:db8:1::1"), kStart), 5);
}

TEST(RecentAdmissions, WhatAHostWasGivenAgainAndAgainCountsOnceForItsNeighbours) {
  RecentAdmissions recent({});
  for (int i = 0; i < 100; ++i) recent.note(ip("203.0.113.7"), kStart);
  EXPECT_NEAR(recent.claims(ip("203.0.113.7"), kStart), 100, 1e-6);
  EXPECT_NEAR(recent.claims(ip("203.0.113.8"), kStart), 1, 1e-6);
  // With some hours between, it is another time.
  recent.note(ip("203.0.113.7"), kStart + 12h);
  EXPECT_NEAR(recent.claims(ip("203.0.113.8"), kStart + 12h), 1, 1e-3);
  // A host that comes again is judged by all that its network was given.
  recent.note(ip("203.0.113.8"), kStart + 12h);
  EXPECT_NEAR(recent.claims(ip("203.0.113.8"), kStart + 12h), 2, 1e-3);
  recent.note(ip("203.0.113.8"), kStart + 12h);
  EXPECT_NEAR(recent.claims(ip("203.0.113.8"), kStart + 12h), 3, 1e-3);
}

TEST(RecentAdmissions, AGroupOfIpv6CountsAsNoMoreThanSixteenNetworks) {
  RecentAdmissions recent({});
  for (unsigned i = 0; i < 160; ++i) {
    recent.note(ip("2001:db8:" + std::to_string(1 + i) + "::1"), kStart);
  }
  EXPECT_NEAR(recent.claims(ip("2001:db8:1::1"), kStart), 10, 1e-6);
  EXPECT_NEAR(recent.claims(ip("2001:db8:999::1"), kStart), 10, 1e-6) << "one that is new";
  EXPECT_EQ(recent.claims(ip("2001:db9:1::1"), kStart), 0);
  for (unsigned i = 0; i < 160; ++i) {
    recent.note(conn::IpAddress::v4(5, 1, static_cast<std::uint8_t>(i), 1), kStart);
  }
  EXPECT_EQ(recent.claims(ip("5.1.200.1"), kStart), 0) << "each /24 has its price";
}

TEST(RecentAdmissions, RemembersABoundedNumberOfNetworks) {
  RecentAdmissions recent({});
  for (unsigned i = 0; i < RecentAdmissions::kMaxRemembered + 100; ++i) {
    recent.note(
        conn::IpAddress::v4(std::uint8_t(6 + (i >> 16)), std::uint8_t(i >> 8), std::uint8_t(i), 1),
        kStart);
  }
  EXPECT_EQ(recent.networks(), RecentAdmissions::kMaxRemembered);
}

}  // namespace
}  // namespace peerage::p2p
