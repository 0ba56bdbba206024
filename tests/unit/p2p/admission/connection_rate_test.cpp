#include "p2p/admission/connection_rate.h"

#include <map>
#include <optional>
#include <random>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using conn::Reason;
using conn::TimePoint;
using test::ip;
const TimePoint kStart{1h};

IpAddress v4(std::uint32_t value) {
  return IpAddress::v4(static_cast<std::uint8_t>(value >> 24),
                       static_cast<std::uint8_t>(value >> 16),
                       static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value));
}

int taken(ConnectionRate& rate, const IpAddress& host, int tries, TimePoint now) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += rate.take(host, now) ? 1 : 0;
  return count;
}

TEST(ConnectionRate, AHostMayHaveSixteenAtOnceAndThenOneInFiveSeconds) {
  ConnectionRate rate(ConnectionRateConfig{});
  const IpAddress host = ip("203.0.113.7");
  EXPECT_EQ(taken(rate, host, 100, kStart), 16);
  EXPECT_FALSE(rate.take(host, kStart + 5s - 1ns));
  EXPECT_TRUE(rate.take(host, kStart + 5s));
  EXPECT_FALSE(rate.take(host, kStart + 5s));
  EXPECT_EQ(taken(rate, host, 100, kStart + 80s), 15);
}

TEST(ConnectionRate, AFloodOfFiveHundredASecondGetsNoMoreThanItsRate) {
  ConnectionRate rate(ConnectionRateConfig{});
  int count = 0;
  for (int i = 0; i < 60 * 500; ++i) {
    if (rate.take(ip("203.0.113.7"), kStart + i * 2ms)) ++count;
  }
  EXPECT_EQ(count, 16 + 11);  // the twelfth would come at the end of the minute
}

TEST(ConnectionRate, AConnectionThatIsGivenBackMayBeHadAgain) {
  ConnectionRate rate(ConnectionRateConfig{});
  const IpAddress host = ip("203.0.113.7");
  EXPECT_EQ(taken(rate, host, 100, kStart), 16);
  for (int i = 0; i < 3; ++i) rate.give_back(host, kStart);
  EXPECT_EQ(taken(rate, host, 100, kStart), 3);
  for (int i = 0; i < 100; ++i) rate.give_back(host, kStart);
  EXPECT_EQ(taken(rate, host, 100, kStart), 16) << "never more than the burst";
  rate.give_back(ip("203.0.113.8"), kStart);
  EXPECT_EQ(rate.hosts(), 1u) << "nothing is remembered of a host for it";
}

TEST(ConnectionRate, OneHostDoesNotPayForAnother) {
  ConnectionRate rate(ConnectionRateConfig{});
  EXPECT_EQ(taken(rate, ip("203.0.113.7"), 100, kStart), 16);
  EXPECT_EQ(taken(rate, ip("203.0.113.8"), 100, kStart), 16);
}

TEST(ConnectionRate, The64OfAnIpv6AddressIsOneHost) {
  ConnectionRate rate(ConnectionRateConfig{});
  EXPECT_EQ(taken(rate, ip("2001:db8::1"), 8, kStart), 8);
  EXPECT_EQ(taken(rate, ip("2001:db8::ffff:1"), 100, kStart), 8);
  EXPECT_EQ(taken(rate, ip("2001:db8:0:1::1"), 100, kStart), 16);
  EXPECT_EQ(rate.hosts(), 2u);
}

TEST(ConnectionRate, AnIntervalOfZeroIsUnlimitedAndRemembersNoHost) {
  ConnectionRate rate({0s, 16});
  EXPECT_EQ(taken(rate, ip("203.0.113.7"), 1'000, kStart), 1'000);
  EXPECT_EQ(rate.hosts(), 0u);
}

TEST(ConnectionRate, APartOfAMillisecondIsNotTakenForUnlimited) {
  ConnectionRate rate({1us, 2});
  EXPECT_EQ(taken(rate, ip("203.0.113.7"), 100, kStart), 2);
  EXPECT_EQ(taken(rate, ip("203.0.113.7"), 100, kStart + 1ms), 1);
}

TEST(ConnectionRate, ABurstOfZeroRefusesAll) {
  ConnectionRate rate({5s, 0});
  EXPECT_EQ(taken(rate, ip("203.0.113.7"), 10, kStart), 0);
  EXPECT_EQ(taken(rate, ip("203.0.113.7"), 10, kStart + 1h), 0);
}

// --- after a failed authentication ---

std::optional<Reason> refusal(ConnectionRate& rate, const IpAddress& host, TimePoint now) {
  const auto taken = rate.take(host, now);
  return taken ? std::nullopt : std::optional(taken.error().reason);
}

TEST(ConnectionRate, AHostThatFailedToAuthenticateHasNoConnectionForThirtySeconds) {
  ConnectionRate rate(ConnectionRateConfig{});
  const IpAddress host = ip("203.0.113.7");
  EXPECT_TRUE(rate.take(host, kStart));
  rate.on_failed_authentication(host, kStart);
  EXPECT_EQ(refusal(rate, host, kStart), PeerReason::authentication_failed_lately);
  EXPECT_EQ(refusal(rate, host, kStart + 30s - 1ns), PeerReason::authentication_failed_lately);
  EXPECT_TRUE(rate.take(host, kStart + 30s));
  EXPECT_TRUE(rate.take(ip("203.0.113.8"), kStart));
}

TEST(ConnectionRate, AHostThatComesDuringItsPausePaysNothingAndDoesNotMakeItLonger) {
  ConnectionRate rate({5s, 16, 30s});
  const IpAddress host = ip("203.0.113.7");
  EXPECT_EQ(taken(rate, host, 16, kStart), 16);
  rate.on_failed_authentication(host, kStart);
  for (int i = 0; i < 300; ++i) EXPECT_FALSE(rate.take(host, kStart + i * 100ms));
  EXPECT_EQ(taken(rate, host, 100, kStart + 30s), 6);
  EXPECT_EQ(refusal(rate, host, kStart + 30s), PeerReason::connection_rate_exceeded);
}

TEST(ConnectionRate, EachFailureBeginsThePauseAnew) {
  ConnectionRate rate(ConnectionRateConfig{});
  const IpAddress host = ip("203.0.113.7");
  rate.on_failed_authentication(host, kStart);
  rate.on_failed_authentication(host, kStart + 10s);  // of a handshake that was under way
  EXPECT_FALSE(rate.take(host, kStart + 40s - 1ns));
  EXPECT_TRUE(rate.take(host, kStart + 40s));
}

TEST(ConnectionRate, ThePauseIsForTheWhole64OfAnIpv6Address) {
  ConnectionRate rate(ConnectionRateConfig{});
  rate.on_failed_authentication(ip("2001:db8::1"), kStart);
  EXPECT_FALSE(rate.take(ip("2001:db8::ffff:1"), kStart));
  EXPECT_TRUE(rate.take(ip("2001:db8:0:1::1"), kStart));
}

TEST(ConnectionRate, APauseOfZeroIsNone) {
  ConnectionRate rate({5s, 16, 0s});
  rate.on_failed_authentication(ip("203.0.113.7"), kStart);
  EXPECT_EQ(rate.hosts(), 0u);
  EXPECT_TRUE(rate.take(ip("203.0.113.7"), kStart));
}

TEST(ConnectionRate, WithoutARateThereCanStillBeAPauseAndNoOtherHostIsRemembered) {
  ConnectionRate rate({0s, 16, 30s});
  const IpAddress host = ip("203.0.113.7");
  rate.on_failed_authentication(host, kStart);
  EXPECT_EQ(taken(rate, host, 100, kStart + 29s), 0);
  EXPECT_EQ(taken(rate, ip("203.0.113.8"), 1'000, kStart), 1'000);
  EXPECT_EQ(rate.hosts(), 1u);
  EXPECT_EQ(taken(rate, host, 1'000, kStart + 30s), 1'000);
}

// --- what is remembered ---

TEST(ConnectionRate, RemembersABoundedNumberOfHosts) {
  ConnectionRate rate(ConnectionRateConfig{});
  for (std::uint32_t i = 0; i < 3 * ConnectionRate::kMaxHosts; ++i) {
    EXPECT_TRUE(rate.take(v4(0x01000000 + i), kStart));
    EXPECT_LE(rate.hosts(), ConnectionRate::kMaxHosts);
  }
  EXPECT_EQ(rate.hosts(), ConnectionRate::kMaxHosts);
  for (std::uint32_t i = 0; i < 3 * ConnectionRate::kMaxHosts; ++i) {
    rate.on_failed_authentication(v4(0x02000000 + i), kStart);
    EXPECT_LE(rate.hosts(), ConnectionRate::kMaxHosts);
  }
}

TEST(ConnectionRate, TheHostSeenLongestAgoIsForgottenFirst) {
  ConnectionRate rate(ConnectionRateConfig{});
  const IpAddress insistent = ip("203.0.113.7"), silent = ip("203.0.113.8");
  EXPECT_EQ(taken(rate, silent, 16, kStart), 16);
  EXPECT_EQ(taken(rate, insistent, 16, kStart), 16);
  for (std::uint32_t i = 0; i < ConnectionRate::kMaxHosts - 1; ++i) {
    EXPECT_TRUE(rate.take(v4(0x01000000 + i), kStart));
    // A refused try is a sighting too: a host that goes on trying is not forgotten.
    if (i % 1'000 == 0) {
      EXPECT_FALSE(rate.take(insistent, kStart));
    }
  }
  EXPECT_FALSE(rate.take(insistent, kStart));
  EXPECT_TRUE(rate.take(silent, kStart));
}

TEST(ConnectionRate, AHostThatHasAFullBucketAgainIsForgotten) {
  ConnectionRate rate(ConnectionRateConfig{});
  for (std::uint32_t i = 0; i < 1'000; ++i) EXPECT_TRUE(rate.take(v4(0x01000000 + i), kStart));
  EXPECT_TRUE(rate.take(ip("203.0.113.7"), kStart + 80s - 1ns));
  EXPECT_EQ(rate.hosts(), 1'001u);
  EXPECT_TRUE(rate.take(ip("203.0.113.8"), kStart + 80s));
  EXPECT_EQ(rate.hosts(), 2u);
}

TEST(ConnectionRate, AHostThatHasAFullBucketIsRememberedUntilItsPauseIsOver) {
  ConnectionRate rate({1s, 1, 30s});
  rate.on_failed_authentication(ip("203.0.113.7"), kStart);
  EXPECT_TRUE(rate.take(ip("203.0.113.8"), kStart + 30s - 1ns));
  EXPECT_EQ(rate.hosts(), 2u);
  EXPECT_FALSE(rate.take(ip("203.0.113.7"), kStart + 30s - 1ns));
  EXPECT_TRUE(rate.take(ip("203.0.113.9"), kStart + 31s));
  EXPECT_EQ(rate.hosts(), 1u);
}

TEST(ConnectionRate, ForgettingNeverGivesAHostMoreThanItsRateWhileThereIsRoom) {
  std::mt19937 random(1);
  ConnectionRate rate(ConnectionRateConfig{});
  std::map<std::uint32_t, int> count;
  TimePoint now = kStart;
  while (now < kStart + 1h) {
    now += std::chrono::milliseconds(random() % 200);
    const auto host = static_cast<std::uint32_t>(0x01000000 + random() % 50);
    if (rate.take(v4(host), now)) ++count[host];
  }
  for (const auto& [host, connections] : count) EXPECT_LE(connections, 16 + 3600 / 5);
}

}  // namespace
}  // namespace peerage::p2p
