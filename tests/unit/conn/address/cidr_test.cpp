#include "conn/address/cidr.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::conn {
namespace {

using test::ip;
using test::network;

TEST(Cidr, IsWrittenAsItIsRead) {
  for (const char* text : {"203.0.113.0/24", "203.0.113.7", "0.0.0.0/0", "128.0.0.0/1",
                           "10.1.2.252/30", "2001:db8::/32", "2001:db8::1", "::/0", "fe80::/10"}) {
    EXPECT_EQ(network(text).to_string(), text);
  }
}

TEST(Cidr, ASingleAddressIsTheNetworkThatHoldsItAlone) {
  EXPECT_EQ(network("203.0.113.7/32"), Cidr(ip("203.0.113.7")));
  EXPECT_EQ(network("2001:db8::1/128"), Cidr(ip("2001:db8::1")));
  EXPECT_EQ(network("203.0.113.7/32").to_string(), "203.0.113.7");
  EXPECT_TRUE(Cidr(ip("203.0.113.7")).contains(ip("203.0.113.7")));
  EXPECT_FALSE(Cidr(ip("203.0.113.7")).contains(ip("203.0.113.6")));
}

TEST(Cidr, TheMappedFormOfAnIpv4AddressIsThatAddress) {
  EXPECT_EQ(network("::ffff:203.0.113.7"), network("203.0.113.7"));
  EXPECT_TRUE(network("203.0.113.0/24").contains(ip("::ffff:203.0.113.7")));
}

TEST(Cidr, RefusesWhatIsNoNetwork) {
  for (const char* text :
       {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/ 8",
        "10.0.0.0/8 ", "10.0.0.0/8/8", "10.0.0.0/0x8", "10.0.0.0/99999999999", "10.0.0/8",
        "010.0.0.0/8", "2001:db8::/129", "[2001:db8::]/32", "example.com/8", "example.com"}) {
    const auto parsed = Cidr::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().reason, Reason::invalid_argument) << text;
  }
}

TEST(Cidr, BitsBeyondTheNetworkAreASlip) {
  for (const char* text : {"10.0.0.1/8", "203.0.113.128/24", "1.0.0.0/0", "2001:db8:0:1::/48"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
  // Made from an address they are cleared.
  EXPECT_EQ(Cidr(ip("10.1.2.3"), 8), network("10.0.0.0/8"));
  EXPECT_EQ(Cidr(ip("2001:db8:0:1::5"), 48), network("2001:db8::/48"));
}

TEST(Cidr, MoreBitsThanAnAddressHasAreTakenForAll) {
  EXPECT_EQ(Cidr(ip("10.1.2.3"), 33), Cidr(ip("10.1.2.3")));
  EXPECT_EQ(Cidr(ip("2001:db8::1"), 1000), Cidr(ip("2001:db8::1")));
}

TEST(Cidr, WhatItSaysOfABadTextIsPrintable) {
  const auto parsed = Cidr::parse("10.0.0.0\n\x1b[31m/8");
  ASSERT_FALSE(parsed);
  for (const char c : parsed.error().detail) EXPECT_TRUE(c >= ' ' && c <= '~');
}

TEST(Cidr, HoldsTheAddressesThatShareItsBitsAndNoOthers) {
  std::mt19937 random(1);
  for (unsigned bits = 0; bits <= 128; ++bits) {
    ByteArray<16> bytes;
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    bytes[0] = 0x20;
    const Cidr v6(IpAddress::v6(bytes), bits);
    EXPECT_TRUE(v6.contains(v6.base()));
    for (unsigned flipped = 0; flipped < 128; ++flipped) {
      auto other = bytes;
      other[flipped / 8] = static_cast<std::uint8_t>(other[flipped / 8] ^ (0x80 >> flipped % 8));
      EXPECT_EQ(v6.contains(IpAddress::v6(other)), flipped >= bits) << bits << " " << flipped;
    }
  }
  for (unsigned bits = 0; bits <= 32; ++bits) {
    const auto value = static_cast<std::uint32_t>(random());
    const auto address = [](std::uint32_t v) {
      return IpAddress::v4(static_cast<std::uint8_t>(v >> 24), static_cast<std::uint8_t>(v >> 16),
                           static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v));
    };
    const Cidr v4(address(value), bits);
    for (unsigned flipped = 0; flipped < 32; ++flipped) {
      EXPECT_EQ(v4.contains(address(value ^ (0x80000000u >> flipped))), flipped >= bits);
    }
  }
}

TEST(Cidr, ANetworkOfOneFamilyHoldsNoneOfTheOther) {
  EXPECT_FALSE(network("0.0.0.0/0").contains(ip("::1")));
  EXPECT_FALSE(network("0.0.0.0/0").contains(ip("2001:db8::1")));
  EXPECT_FALSE(network("::/0").contains(ip("10.0.0.1")));
  EXPECT_TRUE(network("::/0").contains(ip("2001:db8::1")));
}

TEST(Cidr, PrivateNetworksAreThePrivateLinkLocalAndLoopbackRanges) {
  for (const char* text : {"127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255",
                           "172.16.0.0", "172.31.255.255", "192.168.0.1", "169.254.1.1", "::1",
                           "fc00::1", "fdff::1", "fe80::1", "febf::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(any_contains(private_networks(), ip(text))) << text;
  }
  for (const char* text :
       {"126.255.255.255", "128.0.0.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0",
        "192.167.255.255", "192.169.0.0", "169.253.1.1", "8.8.8.8", "::", "::2", "fbff::1",
        "fe00::1", "fec0::1", "2001:db8::1"}) {
    EXPECT_FALSE(any_contains(private_networks(), ip(text))) << text;
  }
}

TEST(Cidr, NoNetworksHoldNoAddress) {
  EXPECT_FALSE(any_contains({}, ip("10.0.0.1")));
}

TEST(Cidr, AHostIsAnAddressOrThe64OfAnIpv6One) {
  EXPECT_EQ(host_of(ip("203.0.113.7")), ip("203.0.113.7"));
  EXPECT_EQ(host_of(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
}

TEST(Cidr, ANeighbourhoodIsThe24OrThe48OfAnIpv6Address) {
  EXPECT_EQ(neighbourhood_of(ip("203.0.113.7")), ip("203.0.113.0"));
  EXPECT_EQ(neighbourhood_of(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1::"));
}

TEST(Cidr, NetworksOverlapWhenOneHoldsTheOther) {
  const auto overlap = [](const char* a, const char* b) {
    const Cidr one = *Cidr::parse(a), other = *Cidr::parse(b);
    EXPECT_EQ(one.overlaps(other), other.overlaps(one)) << a << " " << b;
    return one.overlaps(other);
  };
  EXPECT_TRUE(overlap("10.0.0.0/8", "10.1.1.1"));
  EXPECT_TRUE(overlap("10.0.0.0/8", "10.0.0.0/8"));
  EXPECT_TRUE(overlap("2001:db8::/32", "2001:db8:7::/48"));
  EXPECT_FALSE(overlap("10.0.0.0/8", "11.0.0.0/8"));
  EXPECT_FALSE(overlap("10.1.0.0/24", "10.1.1.0/24"));
  EXPECT_FALSE(overlap("0.0.0.0/0", "2001:db8::/32"));
}

TEST(Cidr, AHostIsAnAddressOrA64AndItsNeighbourhoodA24OrA48) {
  const auto v4 = *IpAddress::parse("203.0.113.7"), v6 = *IpAddress::parse("2001:db8:1:2:3::4");
  EXPECT_EQ(host_network(v4).to_string(), "203.0.113.7");
  EXPECT_EQ(neighbourhood_network(v4).to_string(), "203.0.113.0/24");
  EXPECT_EQ(host_network(v6).to_string(), "2001:db8:1:2::/64");
  EXPECT_EQ(neighbourhood_network(v6).to_string(), "2001:db8:1::/48");
  for (const IpAddress& each : {v4, v6}) {
    EXPECT_EQ(host_of(each), host_network(each).base());
    EXPECT_EQ(neighbourhood_of(each), neighbourhood_network(each).base());
  }
}

}  // namespace
}  // namespace peerage::conn
