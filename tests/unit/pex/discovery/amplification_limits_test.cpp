// What a forger can make us send to whom it names, in bytes for each byte of its own.
#include <gtest/gtest.h>

#include "pex/discovery/traffic_limits.h"
#include "tests/support/addresses.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using conn::IpAddress;

// A v4 Ping in, our Ping and the Pong out, as large as they are (IPv4).
constexpr std::size_t kPingIn = 113, kOurPing = 134, kPong = 157;

class AmplificationTest : public ::testing::Test {
 protected:
  // A Ping in this address's name, answered as far as that is allowed.
  void forge(const IpAddress& victim) {
    in += kPingIn;
    if (!limits.admit(victim, kPingIn, TrafficLimits::Awaited::no, now)) return;
    for (const std::size_t bytes : {kOurPing, kPong}) {
      if (limits.allow_unproven(victim, bytes, now)) out += bytes;
    }
  }
  double ratio() const { return static_cast<double>(out) / static_cast<double>(in); }
  static IpAddress neighbour(unsigned host) {
    return IpAddress::v4(5, 6, 7, static_cast<std::uint8_t>(host));
  }
  conn::TimePoint now{100h};
  TrafficLimits limits{{}, now};
  std::size_t in = 0, out = 0;
};

TEST_F(AmplificationTest, ASinglePingIsAnsweredWhole) {
  forge(neighbour(1));
  EXPECT_EQ(out, kOurPing + kPong);
  EXPECT_LE(ratio(), 2.9);
}

TEST_F(AmplificationTest, ThreeHundredPingsOfOneAddressInSixSecondsDoNotPay) {
  for (int i = 0; i < 300; ++i, now += 20ms) forge(neighbour(1));
  EXPECT_LE(ratio(), 1.0);
  EXPECT_GT(out, 0u);
}

TEST_F(AmplificationTest, APingAMinuteOfEachAddressOfANetworkDoesNotPay) {
  for (int minute = 0; minute < 30; ++minute) {
    for (unsigned host = 0; host < 256; ++host, now += 60s / 256) forge(neighbour(host));
  }
  EXPECT_LE(ratio(), 1.0);
  EXPECT_GT(out, 0u);
}

TEST_F(AmplificationTest, APingAMinuteOfManyHostsOfASlash48DoesNotPay) {
  conn::ByteArray<16> bytes = test::ip("2a00:1:2::1").bytes();
  for (int minute = 0; minute < 30; ++minute) {
    for (unsigned host = 0; host < 256; ++host, now += 60s / 256) {
      bytes[7] = static_cast<std::uint8_t>(host);
      forge(IpAddress::v6(bytes));
    }
  }
  EXPECT_LE(ratio(), 1.0);
}

TEST_F(AmplificationTest, OneAddressAskedForManyTimesAnHourDoesNotPay) {
  for (int i = 0; i < 3'600; ++i, now += 1s) forge(neighbour(1));
  EXPECT_LE(ratio(), 1.0);
}

TEST_F(AmplificationTest, WhatNeighboursSendDoesNotPayForAVictim) {
  for (unsigned host = 2; host < 200; ++host) {
    limits.admit(neighbour(host), 1'280, TrafficLimits::Awaited::no, now);
  }
  for (int i = 0; i < 300; ++i, now += 20ms) forge(neighbour(1));
  EXPECT_LE(ratio(), 1.0);
  in = out = 0;
  now += 5min;
  for (unsigned host = 2; host < 200; ++host) {
    limits.admit(neighbour(host), 1'280, TrafficLimits::Awaited::no, now);
  }
  for (int i = 0; i < 4; ++i, now += 1s) forge(neighbour(1));
  EXPECT_LE(ratio(), 1.0) << "the first answer, and no more";
}

TEST_F(AmplificationTest, ToHaveAVictimForgottenCostsMoreThanItGains) {
  for (int round = 0; round < 5; ++round) {
    forge(neighbour(1));
    for (std::uint32_t i = 0; i < 10'000; ++i) {
      const IpAddress other =
          IpAddress::v4(30, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 1);
      in += 1;
      limits.admit(other, 1, TrafficLimits::Awaited::no, now);
    }
  }
  EXPECT_LE(ratio(), 1.0);
}

TEST_F(AmplificationTest, ANeighbourOfOneThatHasAnsweredIsServedAtOnce) {
  forge(neighbour(1));
  limits.on_answered({neighbour(1), 30303});
  forge(neighbour(2));
  EXPECT_EQ(out, 2 * (kOurPing + kPong));
}

TEST_F(AmplificationTest, ANeighbourOfOneThatIsSilentIsServedOnceItHasSentAsMuch) {
  forge(neighbour(1));
  const std::size_t before = out;
  int pings = 0;
  while (out == before && pings < 10) {
    forge(neighbour(2));
    ++pings;
  }
  EXPECT_EQ(pings, 3);
  now += 5min;
  forge(neighbour(3));
  EXPECT_EQ(out - before, kOurPing + kOurPing + kPong) << "a new window";
}

TEST_F(AmplificationTest, AnswersOfAnOldWindowDoNotFreeTheNewOne) {
  forge(neighbour(1));
  now += 5min;
  forge(neighbour(2));
  const std::size_t before = out;
  limits.on_answered({neighbour(1), 30303});
  forge(neighbour(3));
  EXPECT_EQ(out, before);
}

}  // namespace
}  // namespace peerage::pex
