#include "p2p/admission/proven_addresses.h"

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using conn::IpAddress;
using conn::NodeId;
using test::ip;
using test::network;
using test::numbered_id;

TEST(ProvenAddresses, AreThoseAtWhichEachNodeWasProvenLast) {
  ProvenAddresses addresses;
  addresses.add(numbered_id(1), ip("203.0.113.7"));
  EXPECT_TRUE(addresses.contains(ip("203.0.113.7")));
  addresses.add(numbered_id(1), ip("198.51.100.1"));
  EXPECT_FALSE(addresses.contains(ip("203.0.113.7")));
  EXPECT_TRUE(addresses.contains(ip("198.51.100.1")));
  EXPECT_EQ(addresses.size(), 1u);
}

TEST(ProvenAddresses, ANodeMayBeExpectedAtSeveralUntilItIsProvenAtOne) {
  ProvenAddresses addresses;
  for (const char* each : {"203.0.113.7", "198.51.100.1", "203.0.113.7"}) {
    addresses.expect(numbered_id(1), ip(each));
  }
  EXPECT_EQ(addresses.size(), 2u);
  EXPECT_TRUE(addresses.contains(ip("203.0.113.7")));
  EXPECT_TRUE(addresses.contains(ip("198.51.100.1")));
  addresses.add(numbered_id(1), ip("192.0.2.1"));
  EXPECT_EQ(addresses.size(), 1u);
  EXPECT_FALSE(addresses.contains(ip("203.0.113.7")));
  addresses.expect(numbered_id(1), ip("203.0.113.7"));
  addresses.remove(numbered_id(1));
  EXPECT_EQ(addresses.size(), 0u);
  EXPECT_FALSE(addresses.contains(ip("203.0.113.7")));
  EXPECT_FALSE(addresses.contains(ip("192.0.2.1")));
}

TEST(ProvenAddresses, AnAddressOfTwoNodesStaysUntilBothHaveLeftIt) {
  ProvenAddresses addresses;
  addresses.add(numbered_id(1), ip("2001:db8::1"));
  addresses.add(numbered_id(2), ip("2001:db8::2"));
  addresses.remove(numbered_id(1));
  addresses.remove(numbered_id(1));
  EXPECT_TRUE(addresses.contains(ip("2001:db8::1")));
  addresses.add(numbered_id(2), ip("203.0.113.7"));
  EXPECT_FALSE(addresses.contains(ip("2001:db8::1")));
}

TEST(ProvenAddresses, AreFoundInEveryNetworkThatHoldsThemAndNoOther) {
  ProvenAddresses addresses;
  addresses.add(numbered_id(1), ip("203.0.113.7"));
  addresses.add(numbered_id(2), ip("2001:db8:7:1::9"));
  for (const char* holds : {"203.0.113.7", "203.0.113.0/24", "203.0.0.0/16", "0.0.0.0/0",
                            "2001:db8:7:1::9", "2001:db8:7:1::/64", "2001:db8:7::/48"}) {
    EXPECT_TRUE(addresses.any_in(network(holds))) << holds;
  }
  for (const char* other : {"203.0.113.8", "203.0.112.0/24", "203.0.114.0/24", "2001:db8:8::/48",
                            "2001:db8:7:2::/64"}) {
    EXPECT_FALSE(addresses.any_in(network(other))) << other;
  }
}

TEST(ProvenAddresses, TheNodeThatWasProvenLongestAgoMakesRoom) {
  ProvenAddresses addresses;
  const auto at = [](unsigned i) {
    return IpAddress::v4(10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i));
  };
  const unsigned most = ProvenAddresses::kMaxNodes;
  for (unsigned i = 0; i < most; ++i) addresses.add(numbered_id(i), at(i));
  addresses.add(numbered_id(0), at(0));
  addresses.add(numbered_id(most), at(most));
  EXPECT_EQ(addresses.size(), ProvenAddresses::kMaxNodes);
  EXPECT_TRUE(addresses.contains(at(0)));
  EXPECT_FALSE(addresses.contains(at(1)));
}

}  // namespace
}  // namespace peerage::p2p
