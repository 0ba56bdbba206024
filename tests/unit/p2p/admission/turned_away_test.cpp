#include "p2p/admission/turned_away.h"

#include <random>

#include <gtest/gtest.h>

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using conn::TimePoint;
using namespace std::chrono_literals;
const TimePoint kStart{1h};

IpAddress stranger(std::size_t number) {
  return IpAddress::v4(static_cast<std::uint8_t>(1 + (number >> 16)),
                       static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number),
                       1);
}

TurnedAway new_memory() {
  return TurnedAway(
      [random = std::mt19937(1)](std::size_t below) mutable { return random() % below; });
}

TEST(TurnedAway, KnowsHowOftenAHostWasTurnedAwayUntilItIsForgotten) {
  TurnedAway memory = new_memory();
  EXPECT_EQ(memory.times(stranger(1), kStart), 0u);
  memory.forget(stranger(1));
  memory.remember(stranger(1), 1, kStart);
  memory.remember(stranger(2), 7, kStart);
  memory.remember(stranger(1), 2, kStart);
  EXPECT_EQ(memory.times(stranger(1), kStart), 2u);
  EXPECT_EQ(memory.times(stranger(2), kStart), 7u);
  EXPECT_EQ(memory.size(kStart), 2u);
  memory.forget(stranger(1));
  EXPECT_EQ(memory.times(stranger(1), kStart), 0u);
  EXPECT_EQ(memory.size(kStart), 1u);
}

TEST(TurnedAway, AHostIsForgottenAMinuteAfterItWasTurnedAwayLast) {
  TurnedAway memory = new_memory();
  memory.remember(stranger(1), 1, kStart);
  memory.remember(stranger(1), 2, kStart + 30s);
  EXPECT_EQ(memory.times(stranger(1), kStart + 90s), 2u);
  EXPECT_EQ(memory.times(stranger(1), kStart + 92s), 0u);
  EXPECT_EQ(memory.size(kStart + 92s), 0u);
}

TEST(TurnedAway, RemembersABoundedNumberOfHosts) {
  TurnedAway memory = new_memory();
  for (std::size_t i = 0; i < 3 * TurnedAway::kHosts; ++i) memory.remember(stranger(i), 1, kStart);
  EXPECT_LE(memory.size(kStart), TurnedAway::kHosts);
  EXPECT_GE(memory.size(kStart), TurnedAway::kHosts * 9 / 10);
}

TEST(TurnedAway, AFloodOfSevenThousandNewHostsASecondPushesFewOutBeforeAGoNodeComesAgain) {
  TurnedAway memory = new_memory();
  for (std::size_t i = 0; i < 1'000; ++i) memory.remember(stranger(i), 1, kStart);
  for (std::size_t i = 0; i < 56'000; ++i) {
    memory.remember(stranger(1'000'000 + i), 1, kStart + i * 142us);
  }
  std::size_t known = 0;
  for (std::size_t i = 0; i < 1'000; ++i) known += memory.times(stranger(i), kStart + 8s);
  EXPECT_GE(known, 980u);
}

}  // namespace
}  // namespace peerage::p2p
