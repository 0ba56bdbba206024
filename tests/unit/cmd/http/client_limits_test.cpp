#include "cmd/http/client_limits.h"

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::IpAddress;

const ClientLimits::Most kMost{
    .connections = 4, .connections_per_ip = 2, .requests_per_second = 10, .burst = 3};

TEST(ClientLimits, ConnectionsAreLimitedInAllAndForAnAddress) {
  ClientLimits limits(kMost);
  const auto a = *IpAddress::parse("192.0.2.1");
  EXPECT_TRUE(limits.connect(a));
  EXPECT_TRUE(limits.connect(a));
  EXPECT_FALSE(limits.connect(a));
  EXPECT_TRUE(limits.connect(std::nullopt));
  EXPECT_TRUE(limits.connect(std::nullopt));
  EXPECT_FALSE(limits.connect(IpAddress::v4(192, 0, 2, 2)));
  limits.disconnect(a);
  EXPECT_TRUE(limits.connect(a));
}

TEST(ClientLimits, AnAddressIsASlash64) {
  ClientLimits limits(kMost);
  EXPECT_TRUE(limits.connect(IpAddress::parse("2001:db8::1")));
  EXPECT_TRUE(limits.connect(IpAddress::parse("2001:db8::2")));
  EXPECT_FALSE(limits.connect(IpAddress::parse("2001:db8::3")));
  EXPECT_TRUE(limits.connect(IpAddress::parse("2001:db8:0:1::3")));
}

TEST(ClientLimits, RequestsHaveARateAndABurst) {
  ClientLimits limits(kMost);
  const auto a = IpAddress::parse("192.0.2.1");
  conn::TimePoint now{};
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limits.request(a, now));
  EXPECT_EQ(limits.request(a, now), conn::Duration(100ms));
  EXPECT_FALSE(limits.request(std::nullopt, now));
  EXPECT_FALSE(limits.request(a, now + 100ms));
}

TEST(ClientLimits, WhatIsRememberedIsBoundedAndTheLongestUnseenGoes) {
  ClientLimits limits(kMost);
  const auto first = IpAddress::v4(10, 0, 0, 0);
  const conn::TimePoint now{};
  while (!limits.request(first, now)) {
  }
  for (std::size_t i = 1; i < ClientLimits::kRemembered; ++i) {
    limits.request(
        IpAddress::v4(10, 1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)), now);
  }
  EXPECT_TRUE(limits.request(first, now));  // still known, and seen now
  for (std::size_t i = 0; i < ClientLimits::kRemembered; ++i) {
    limits.request(
        IpAddress::v4(10, 2, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)), now);
  }
  EXPECT_EQ(limits.remembered(), ClientLimits::kRemembered);
  EXPECT_FALSE(limits.request(first, now));
}

}  // namespace
}  // namespace peerage::cmd
