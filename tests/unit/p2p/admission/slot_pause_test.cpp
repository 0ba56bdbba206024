#include "p2p/admission/slot_pause.h"

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using conn::TimePoint;
using test::ip;
const TimePoint kStart{1h};
const IpAddress kHost = ip("203.0.113.7");

TEST(SlotPause, BeginsWithASecondAndDoublesForAHostThatComesAgainAtOnceUpToThirty) {
  SlotPause pause;
  EXPECT_FALSE(pause.holds(kHost, kStart));
  TimePoint now = kStart;
  for (const auto length : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    pause.on_refused(kHost, now);
    EXPECT_TRUE(pause.holds(kHost, now + length - 1ns)) << length / 1s;
    EXPECT_FALSE(pause.holds(kHost, now + length)) << length / 1s;
    now += length;
  }
}

TEST(SlotPause, BeginsAnewForAHostThatLeavesMoreTimeThanThePauseWasLong) {
  SlotPause pause;
  pause.on_refused(kHost, kStart);
  pause.on_refused(kHost, kStart + 2s);
  EXPECT_TRUE(pause.holds(kHost, kStart + 4s - 1ns));
  pause.on_refused(kHost, kStart + 6s + 1ns);
  EXPECT_FALSE(pause.holds(kHost, kStart + 7s + 1ns));
}

TEST(SlotPause, HandshakesOfOneHostThatFailSideBySideCountOnce) {
  SlotPause pause;
  for (int i = 0; i < 4; ++i) pause.on_refused(kHost, kStart + i * 1ms);
  EXPECT_FALSE(pause.holds(kHost, kStart + 1s));
}

TEST(SlotPause, AnEvictedHostPausesForThirtySecondsEachTime) {
  SlotPause pause;
  TimePoint now = kStart;
  for (int i = 0; i < 3; ++i) {
    pause.on_evicted(kHost, now);
    EXPECT_TRUE(pause.holds(kHost, now + kEvictedPause - 1ns));
    now += kEvictedPause;
    EXPECT_FALSE(pause.holds(kHost, now));
  }
  pause.on_refused(kHost, now);
  EXPECT_TRUE(pause.holds(kHost, now + kLongestSlotPause - 1ns));
  EXPECT_FALSE(pause.holds(kHost, now + kLongestSlotPause));
}

TEST(SlotPause, The64OfAnIpv6AddressIsOneHost) {
  SlotPause pause;
  pause.on_refused(ip("2001:db8::1"), kStart);
  EXPECT_TRUE(pause.holds(ip("2001:db8::2"), kStart));
  EXPECT_FALSE(pause.holds(ip("2001:db8:0:1::1"), kStart));
}

TEST(SlotPause, RemembersABoundedNumberOfHosts) {
  SlotPause pause;
  for (unsigned i = 0; i < 2 * SlotPause::kMaxHosts; ++i) {
    pause.on_refused(IpAddress::v4(10, static_cast<std::uint8_t>(i >> 16),
                                   static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)),
                     kStart);
  }
  EXPECT_EQ(pause.hosts(), SlotPause::kMaxHosts);
}

}  // namespace
}  // namespace peerage::p2p
