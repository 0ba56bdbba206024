#include "p2p/admission/shared_addresses.h"

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using conn::Cidr;
using conn::IpAddress;
using conn::TimePoint;
using test::ip;
using namespace std::chrono_literals;

const TimePoint kStart{1h};
const IpAddress kBalancer = ip("203.0.113.7");

IpAddress numbered_host(std::uint32_t number) {
  return IpAddress::v4(20, static_cast<std::uint8_t>(number >> 16),
                       static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number));
}
constexpr PeerReason kTooOften = PeerReason::connection_rate_exceeded;

// So many refusals, one each `apart`; how often the host was named.
int named(SharedAddresses& shared, const IpAddress& host, int refusals, conn::Duration apart,
          TimePoint from = kStart, conn::Reason why = kTooOften) {
  int times = 0;
  for (int i = 0; i < refusals; ++i)
    times += shared.on_refused(host, why, from + i * apart) ? 1 : 0;
  return times;
}

TEST(SharedAddresses, AHostThatIsRefusedSixTimesAtOnceIsNamedWithTheNetworkToExempt) {
  SharedAddresses shared({}, kStart);
  EXPECT_EQ(named(shared, kBalancer, 5, 0s), 0);
  EXPECT_EQ(shared.on_refused(kBalancer, kTooOften, kStart), Cidr(kBalancer));
  SharedAddresses v6({}, kStart);
  EXPECT_EQ(named(v6, ip("2001:db8::1"), 5, 0s), 0);
  EXPECT_EQ(v6.on_refused(ip("2001:db8::2"), kTooOften, kStart), Cidr(ip("2001:db8::"), 64));
}

TEST(SharedAddresses, SoIsOneThatIsRefusedNineTimesWithinAMinute) {
  SharedAddresses shared({}, kStart);
  EXPECT_EQ(named(shared, kBalancer, 9, 60s / 9), 1);
}

TEST(SharedAddresses, ASingleNodeThatDialsEachTwelveSecondsIsNot) {
  SharedAddresses shared({}, kStart);
  EXPECT_EQ(named(shared, kBalancer, 1'000, 12s), 0);
}

TEST(SharedAddresses, OnlyWhatExemptingItRemediesCounts) {
  for (const PeerReason why :
       {PeerReason::connection_rate_exceeded, PeerReason::probe_rate_exceeded,
        PeerReason::too_many_from_address}) {
    SharedAddresses shared({}, kStart);
    EXPECT_EQ(named(shared, kBalancer, 100, 0s, kStart, why), 1) << conn::name(why);
  }
  for (const PeerReason why :
       {PeerReason::banned, PeerReason::no_free_slot, PeerReason::too_many_handshakes,
        PeerReason::authentication_failed_lately}) {
    SharedAddresses shared({}, kStart);
    EXPECT_EQ(named(shared, kBalancer, 100, 0s, kStart, why), 0) << conn::name(why);
  }
}

TEST(SharedAddresses, OneThatIsExemptIsNotNamed) {
  SharedAddresses shared({Cidr(ip("203.0.113.0"), 24)}, kStart);
  EXPECT_EQ(named(shared, kBalancer, 1'000, 0s), 0);
}

TEST(SharedAddresses, AHostIsNamedOnceAnHour) {
  SharedAddresses shared({}, kStart);
  EXPECT_EQ(named(shared, kBalancer, 3'600, 1s), 1);
  EXPECT_EQ(named(shared, kBalancer, 10 * 3'600, 1s, kStart + 1h), 10);
}

TEST(SharedAddresses, HoweverManyHostsComeAtMostSixAreNamedInAnyHour) {
  SharedAddresses shared({}, kStart);
  int in_the_first_hour = 0, in_the_second = 0;
  for (std::uint32_t minute = 0; minute < 120; ++minute) {
    for (std::uint32_t i = 0; i < 10; ++i) {
      (minute < 60 ? in_the_first_hour : in_the_second) +=
          named(shared, numbered_host(minute * 10 + i), 10, 0s, kStart + minute * 1min);
    }
  }
  EXPECT_GE(in_the_first_hour, 3);
  EXPECT_LE(in_the_first_hour, 6);
  EXPECT_LE(in_the_second, 3) << "none is saved up";
}

TEST(SharedAddresses, AFloodOfNewHostsDoesNotWashOutOneThatIsRefusedOften) {
  SharedAddresses shared({}, kStart);
  EXPECT_EQ(named(shared, kBalancer, 5, 0s), 0);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    EXPECT_EQ(named(shared, numbered_host(i), 1, 0s), 0);
    EXPECT_LE(shared.hosts(), SharedAddressLimits{}.hosts);
  }
  EXPECT_EQ(named(shared, kBalancer, 1, 0s), 1);
}

}  // namespace
}  // namespace peerage::p2p
