#include "pex/discovery/traffic_limits.h"

#include <gtest/gtest.h>

#include "tests/support/addresses.h"
#include "tests/support/discovery_nodes.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::IpAddress;
using Awaited = TrafficLimits::Awaited;
using Standing = TrafficLimits::Standing;

class TrafficLimitsTest : public ::testing::Test {
 protected:
  bool admit(const IpAddress& from, std::size_t bytes = 113, Awaited awaited = Awaited::no) {
    return limits.admit(from, bytes, awaited, now);
  }
  bool admit(const char* from, Awaited awaited = Awaited::no) {
    return admit(test::ip(from), 113, awaited);
  }
  bool told(const char* endpoint) {
    return limits.allow_told(conn::Endpoint::parse(endpoint).value(), now);
  }
  conn::TimePoint now{100h};
  TrafficLimits limits{{}, now};
};

TEST_F(TrafficLimitsTest, APublicSourceHasTwentyDatagramsASecondAndSixtySaved) {
  int admitted = 0;
  for (int i = 0; i < 10'000; ++i, now += 1ms) admitted += admit("5.6.7.8") ? 1 : 0;
  EXPECT_GE(admitted, 259);
  EXPECT_LE(admitted, 260);
}

TEST_F(TrafficLimitsTest, AnswersThatWeWaitForAreFree) {
  while (admit("5.6.7.8")) {
  }
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(admit("5.6.7.8", Awaited::yes));
}

TEST_F(TrafficLimitsTest, PrivateAndLoopbackSourcesAreExempt) {
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(admit("10.0.0.1") && admit("127.0.0.1") && admit("fd00::1"));
  }
  EXPECT_EQ(limits.sources(), 0u);
}

TEST_F(TrafficLimitsTest, AMillionAddressesOfOneSlash64AreOneSource) {
  int admitted = 0;
  conn::ByteArray<16> bytes = test::ip("2a00:1:2:3::").bytes();
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    bytes[13] = static_cast<std::uint8_t>(i >> 16);
    bytes[14] = static_cast<std::uint8_t>(i >> 8);
    bytes[15] = static_cast<std::uint8_t>(i);
    admitted += admit(IpAddress::v6(bytes)) ? 1 : 0;
  }
  EXPECT_EQ(admitted, 60);
  EXPECT_EQ(limits.sources(), 1u);
}

TEST_F(TrafficLimitsTest, AtMostTenThousandSourcesAreRememberedAndTheLongestQuietForgotten) {
  while (admit("5.6.7.8")) {
  }
  for (std::uint32_t i = 0; i < 9'999; ++i) admit(test::public_endpoint(i).ip);
  EXPECT_FALSE(admit("5.6.7.8"));
  for (std::uint32_t i = 0; i < 10'000; ++i) admit(test::public_endpoint(20'000 + i).ip);
  EXPECT_EQ(limits.sources(), 10'000u);
  EXPECT_TRUE(admit("5.6.7.8"));
}

TEST_F(TrafficLimitsTest, TrafficInItsNameSilencesNobodyForLong) {
  for (int i = 0; i < 100'000; ++i) {
    now += 10us;
    admit("5.6.7.8");
  }
  ASSERT_FALSE(admit("5.6.7.8"));
  now += 1s;
  EXPECT_TRUE(admit("5.6.7.8"));
}

TEST_F(TrafficLimitsTest, StrangersMakeUsCheckTwoThousandSignaturesASecond) {
  int checked = 0;
  for (int i = 0; i < 1'000'000; ++i, now += 10us) {
    checked += limits.admit_costly(Standing::stranger, now) ? 1 : 0;
  }
  EXPECT_GE(checked, 20'000);
  EXPECT_LE(checked, 20'200);
}

TEST_F(TrafficLimitsTest, StrangersMakeUsHashSixteenMebibytesASecond) {
  static constexpr std::size_t kLongest = 1280;
  std::size_t hashed = 0;
  for (int i = 0; i < 300'000; ++i, now += 10us) {
    hashed += limits.admit_hashing(Standing::stranger, kLongest, now) ? kLongest : 0;
    if (i % 1000 == 0) {
      EXPECT_TRUE(limits.admit_hashing(Standing::proven, kLongest, now));
    }
  }
  EXPECT_GE(hashed, std::size_t{3} * 15 << 20);
  EXPECT_LE(hashed, std::size_t{3} * 17 << 20);
}

TEST_F(TrafficLimitsTest, InAFloodOfStrangersThoseWhoHaveProvenThemselvesGoFirst) {
  int proven = 0;
  for (int i = 0; i < 100'000; ++i, now += 10us) {
    limits.admit_costly(Standing::stranger, now);
    if (i % 100 == 0) proven += limits.admit_costly(Standing::proven, now) ? 1 : 0;
  }
  EXPECT_EQ(proven, 1'000);
}

TEST_F(TrafficLimitsTest, WithoutProofNoMoreThanFiveDatagramsASecondGoToAnIp) {
  const IpAddress ip = test::ip("5.6.7.8");
  int own = 0;
  for (int i = 0; i < 10'000; ++i, now += 1ms) own += limits.allow_own(ip, now) ? 1 : 0;
  EXPECT_GE(own, 59);
  EXPECT_LE(own, 60);
  admit(ip, 1'000'000);
  int provoked = 0;
  for (int i = 0; i < 10'000; ++i, now += 1ms) {
    provoked += limits.allow_unproven(ip, 10, now) ? 1 : 0;
  }
  EXPECT_LE(provoked, 60);
  EXPECT_GE(provoked, 49);
}

// Two nodes that ping each other expect answers of each other, and take the other's pings for them.
TEST_F(TrafficLimitsTest, WhatWasWaitedForHasComeAsMuchAsTheRest) {
  const IpAddress ip = test::ip("5.6.7.8");
  EXPECT_FALSE(limits.allow_unproven(ip, 1'000, now));
  admit(ip, 1'000, Awaited::yes);
  EXPECT_TRUE(limits.allow_unproven(ip, 1'000, now));
  EXPECT_FALSE(limits.allow_unproven(ip, 1, now));
}

TEST_F(TrafficLimitsTest, SeveralDatagramsAreAllowedTogetherOrNotAtAll) {
  const IpAddress ip = test::ip("5.6.7.8");
  admit(ip, 1'000'000);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limits.allow_unproven(ip, 10, now, 3));
  EXPECT_FALSE(limits.allow_unproven(ip, 10, now, 3));
  EXPECT_TRUE(limits.allow_unproven(ip, 10, now, 1));
  EXPECT_FALSE(limits.allow_unproven(ip, 10, now, 1));
}

TEST_F(TrafficLimitsTest, PrivateAddressesNeedNoProofOfTraffic) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(limits.allow_own(test::ip("10.0.0.1"), now));
    ASSERT_TRUE(limits.allow_unproven(test::ip("10.0.0.1"), 1'280, now));
    ASSERT_TRUE(told("10.0.0.1:30303"));
  }
}

// --- what others have named ---

TEST_F(TrafficLimitsTest, AToldEndpointIsPingedOnceAMinute) {
  EXPECT_TRUE(told("5.6.7.8:30303"));
  now += 60s - 1ns;
  EXPECT_FALSE(told("5.6.7.8:30303"));
  now += 1ns;
  EXPECT_TRUE(told("5.6.7.8:30303"));
}

TEST_F(TrafficLimitsTest, AThousandToldNodesAtOneIpMakeThreePingsAMinute) {
  std::vector<conn::TimePoint> pings;
  for (int i = 0; i < 600; ++i, now += 1s) {
    for (std::uint16_t port = 2'000; port < 3'000; ++port) {
      if (limits.allow_told({test::ip("5.6.7.8"), port}, now)) pings.push_back(now);
    }
  }
  EXPECT_EQ(pings.size(), 30u);
  for (std::size_t i = 3; i < pings.size(); ++i) EXPECT_GE(pings[i] - pings[i - 3], 60s);
}

TEST_F(TrafficLimitsTest, AHostOfIPv6IsItsSlash64) {
  EXPECT_TRUE(told("[2a00::1]:30303"));
  EXPECT_TRUE(told("[2a00::2]:30303"));
  EXPECT_TRUE(told("[2a00::3]:30303"));
  EXPECT_FALSE(told("[2a00::4]:30303"));
}

TEST_F(TrafficLimitsTest, WhoHasAnsweredIsHearsayNoMore) {
  for (const char* endpoint : {"5.6.7.8:1", "5.6.7.8:2", "5.6.7.8:3"}) EXPECT_TRUE(told(endpoint));
  EXPECT_FALSE(told("5.6.7.8:4"));
  limits.on_answered(conn::Endpoint::parse("5.6.7.8:2").value());
  EXPECT_TRUE(told("5.6.7.8:4"));
  EXPECT_FALSE(told("5.6.7.8:1"));
}

}  // namespace
}  // namespace peerage::pex
