// Which addresses the internet routes, by IANA's registries of special-purpose addresses, and what
// those are that carry another within.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "conn/address/cidr.h"
#include "tests/support/addresses.h"

namespace peerage::conn {
namespace {

using test::ip;

// A block of the registry: its first and last address, and those beside it, which are in no block
// unless it says so.
struct Block {
  std::string_view first, last;
  std::string_view before, after;  // empty: none, or special itself
};

TEST(Routable, NoBlockThatTheIpv4RegistryCallsNotGloballyReachable) {
  const std::vector<Block> blocks = {
      {"0.0.0.0", "0.255.255.255", "", "1.0.0.0"},
      {"10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"},
      {"100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"},
      {"127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"},
      {"169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"},
      {"172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"},
      {"192.0.0.0", "192.0.0.8", "191.255.255.255", ""},
      {"192.0.0.11", "192.0.0.255", "", "192.0.1.0"},
      {"192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"},
      {"192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"},
      {"192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"},
      {"198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"},
      {"198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"},
      {"203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"},
      {"224.0.0.0", "239.255.255.255", "223.255.255.255", ""},
      {"240.0.0.0", "255.255.255.255", "", ""}};
  for (const Block& block : blocks) {
    EXPECT_FALSE(ip(block.first).routable()) << block.first;
    EXPECT_FALSE(ip(block.last).routable()) << block.last;
    for (const std::string_view beside : {block.before, block.after}) {
      if (beside.empty()) continue;
      EXPECT_TRUE(ip(beside).routable()) << beside;
    }
  }
}

TEST(Routable, WhatTheIpv4RegistryCallsGloballyReachableIsRouted) {
  for (const std::string_view text : {"192.0.0.9", "192.0.0.10", "192.31.196.1", "192.52.193.1",
                                      "192.175.48.1", "8.8.8.8", "1.1.1.1"}) {
    EXPECT_TRUE(ip(text).routable()) << text;
  }
}

TEST(Routable, NoBlockThatTheIpv6RegistryCallsNotGloballyReachable) {
  const std::vector<Block> blocks = {
      {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "", ""},
      {"100::", "100::ffff:ffff:ffff:ffff", "", ""},
      {"100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", "", ""},
      {"2001:1::", "2001:1::", "", ""},
      {"2001:1::4", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
      {"2001:2::", "2001:2::ffff:ffff:ffff:ffff:ffff", "", ""},
      {"2001:4::", "2001:4:111:ffff:ffff:ffff:ffff:ffff", "", ""},
      {"2001:4:113::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
      {"2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "", "2001:200::"},
      {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db7:ffff::1", "2001:db9::"},
      {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff::1", "3fff:1000::"},
      {"5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
      {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
      {"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
      {"fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
      {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""},
      {"::", "::1", "", ""}};
  for (const Block& block : blocks) {
    EXPECT_FALSE(ip(block.first).routable()) << block.first;
    EXPECT_FALSE(ip(block.last).routable()) << block.last;
    for (const std::string_view beside : {block.before, block.after}) {
      if (beside.empty()) continue;
      EXPECT_TRUE(ip(beside).routable()) << beside;
    }
  }
}

TEST(Routable, WhatTheIpv6RegistryCallsGloballyReachableIsRouted) {
  for (const std::string_view text :
       {"2001:1::1", "2001:1::2", "2001:1::3", "2001:3::", "2001:3:ffff::1", "2001:4:112::1",
        "2001:20::1", "2001:2f:ffff::1", "2001:30::1", "2001:3f:ffff::1", "2620:4f:8000::1"}) {
    EXPECT_TRUE(ip(text).routable()) << text;
  }
}

TEST(Routable, OfIpv6OnlyGlobalUnicastIsRouted) {
  for (const std::string_view text : {"2000::", "2000::1", "2600::9", "2a01:4f8::1", "3ffe::1",
                                      "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    EXPECT_TRUE(ip(text).routable()) << text;
  }
  for (const std::string_view text : {"1fff:ffff::1", "4000::1", "200::1", "400::1", "8000::1",
                                      "e000::1", "f800::1", "fe00::1", "::2", "0:1::1"}) {
    EXPECT_FALSE(ip(text).routable()) << text;
  }
}

// NAT64, 6to4, IPv4-translated, IPv4-compatible and mapped forms.
std::vector<std::string> forms_of(const IpAddress& v4) {
  const auto octets = v4.v4_bytes();
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex[2];
  for (std::size_t i = 0; i < 4; ++i) {
    hex[i / 2] += kDigits[octets[i] >> 4];
    hex[i / 2] += kDigits[octets[i] & 0xf];
  }
  const std::string tail = v4.to_string();
  return {"64:ff9b::" + tail,
          "2002:" + hex[0] + ":" + hex[1] + "::1",
          "2002:" + hex[0] + ":" + hex[1] + ":ffff:1:2:3:4",
          "::ffff:0:" + tail,
          "::" + tail,
          "::ffff:" + tail};
}

TEST(Routable, WhatCarriesAnIpv4AddressIsWhatThatOneIs) {
  for (const std::string_view text : {"8.8.8.8", "1.1.1.1", "192.0.0.9", "100.128.0.1"}) {
    for (const std::string& form : forms_of(ip(text))) {
      EXPECT_TRUE(ip(form).routable()) << form;
      EXPECT_EQ(ip(form).carried(), ip(text)) << form;
    }
  }
  for (const std::string_view text : {"10.0.0.5", "127.0.0.1", "192.168.1.1", "100.64.9.9",
                                      "198.18.0.9", "192.88.99.1", "224.0.0.1", "240.0.0.1"}) {
    for (const std::string& form : forms_of(ip(text))) {
      EXPECT_FALSE(ip(form).routable()) << form;
      EXPECT_EQ(ip(form).carried(), ip(text)) << form;
    }
  }
}

TEST(Routable, ATeredoClientIsRoutedWhenItAndItsServerAre) {
  // 65.54.227.120 is the server, and the client, inverted, is 5.6.7.8.
  EXPECT_EQ(ip("2001:0:4136:e378:8000:63bf:faf9:f8f7").carried(), ip("5.6.7.8"));
  EXPECT_TRUE(ip("2001:0:4136:e378:8000:63bf:faf9:f8f7").routable());
  EXPECT_FALSE(ip("2001:0:4136:e378:8000:63bf:f5ff:fffa").routable()) << "the client is 10.0.0.5";
  EXPECT_FALSE(ip("2001:0:a00:5:8000:63bf:faf9:f8f7").routable()) << "the server is 10.0.0.5";
  EXPECT_FALSE(ip("2001::1").routable());
}

TEST(Routable, WhatCarriesNothingIsItself) {
  for (const std::string_view text :
       {"8.8.8.8", "::", "::1", "::0.1.2.3", "2600::9", "2001:db8::1", "64:ff9b:1::a00:5",
        "64:ff9b:0:0:0:1:a00:5", "2003:a00:5::1", "::fffe:0:1.2.3.4", "fe80::5efe:1.2.3.4"}) {
    EXPECT_EQ(ip(text).carried(), ip(text)) << text;
  }
}

TEST(Routable, WhoHasAnAddressHasItsFormsSoLimitsCountThemAsOne) {
  const IpAddress host = ip("5.6.7.8");
  std::vector<std::string> forms = forms_of(host);
  forms.push_back("2001:0:4136:e378:8000:63bf:faf9:f8f7");
  forms.push_back("2001:0:808:808:1:2:faf9:f8f7");
  for (const std::string& form : forms) {
    const IpAddress each = ip(form);
    EXPECT_EQ(host_of(each), host) << form;
    EXPECT_EQ(neighbourhood_of(each), ip("5.6.7.0")) << form;
    EXPECT_EQ(host_network(each), test::network("5.6.7.8")) << form;
    EXPECT_EQ(each.group_key(IpAddress::Strict::yes), "5.6.0.0") << form;
    EXPECT_EQ(each.group_key(IpAddress::Strict::no), "5.6.0.0") << form;
    EXPECT_TRUE(test::network("5.6.0.0/16").contains(each)) << form;
    EXPECT_FALSE(test::network("5.7.0.0/16").contains(each)) << form;
  }
  EXPECT_EQ(host_of(ip("2600:1:2:3:4::9")), ip("2600:1:2:3::"));
  EXPECT_EQ(neighbourhood_of(ip("2600:1:2:3:4::9")), ip("2600:1:2::"));
}

TEST(Routable, ANetworkOfIpv6IsMeantLiterally) {
  EXPECT_TRUE(test::network("2002::/16").contains(ip("2002:506:708::1")));
  EXPECT_TRUE(test::network("64:ff9b::/96").contains(ip("64:ff9b::5.6.7.8")));
  EXPECT_FALSE(test::network("2002:506:708::/48").contains(ip("5.6.7.8")));
  EXPECT_FALSE(test::network("::/0").contains(ip("5.6.7.8")));
}

}  // namespace
}  // namespace peerage::conn
