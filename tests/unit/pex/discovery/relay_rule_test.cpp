#include "pex/discovery/relay_rule.h"

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::pex {
namespace {

Relay judge(const char* peer, const char* told) {
  return judge_relay(test::ip(peer), test::ip(told));
}

TEST(RelayRule, APublicAddressMayBeToldToAnybodyByAnybody) {
  for (const char* peer : {"5.6.7.8", "10.0.0.1", "127.0.0.1", "2a00::1"}) {
    EXPECT_EQ(judge(peer, "8.8.8.8"), Relay::fine) << peer;
    EXPECT_EQ(judge(peer, "2a00::2"), Relay::fine) << peer;
  }
}

TEST(RelayRule, LoopbackIsToldOnlyFromAndToLoopback) {
  EXPECT_EQ(judge("127.0.0.1", "127.0.0.2"), Relay::fine);
  EXPECT_EQ(judge("127.0.0.1", "::1"), Relay::fine);
  for (const char* peer : {"5.6.7.8", "10.0.0.1", "169.254.1.1", "fe80::1"}) {
    EXPECT_EQ(judge(peer, "127.0.0.1"), Relay::loopback) << peer;
    EXPECT_EQ(judge(peer, "::1"), Relay::loopback) << peer;
  }
}

TEST(RelayRule, PrivateAndLinkLocalAddressesAreToldOnlyFromAndToSuch) {
  for (const char* told : {"10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1",
                           "fd00::1", "fe80::1"}) {
    EXPECT_EQ(judge("5.6.7.8", told), Relay::private_network) << told;
    EXPECT_EQ(judge("2a00::1", told), Relay::private_network) << told;
    EXPECT_EQ(judge("10.0.0.2", told), Relay::fine) << told;
    EXPECT_EQ(judge("127.0.0.1", told), Relay::fine) << told;
  }
}

TEST(RelayRule, SpecialNetworksAreNeverTold) {
  for (const char* told :
       {"0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1",
        "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.0.0.1", "192.88.99.1",
        "2001:db8::1", "3fff::1", "100::1", "2002:a00:1::1", "64:ff9b::a00:1"}) {
    EXPECT_EQ(judge("5.6.7.8", told), Relay::special) << told;
    EXPECT_EQ(judge("10.0.0.2", told), Relay::special) << told;
    EXPECT_EQ(judge("127.0.0.1", told), Relay::special) << told;
  }
}

TEST(RelayRule, PrivateIsWhatNobodyOutsideCanSendFrom) {
  for (const char* ip : {"127.0.0.1", "10.1.2.3", "192.168.0.1", "172.31.255.255", "169.254.1.1",
                         "::1", "fd12::1", "fe80::1"}) {
    EXPECT_TRUE(is_private(test::ip(ip))) << ip;
  }
  for (const char* ip : {"5.6.7.8", "172.32.0.1", "100.64.0.1", "192.0.2.1", "2a00::1", "::"}) {
    EXPECT_FALSE(is_private(test::ip(ip))) << ip;
  }
}

}  // namespace
}  // namespace peerage::pex
