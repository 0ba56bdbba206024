#include "conn/address/ip_address.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/sim/go/go_address.h"
#include "tests/support/addresses.h"
#include "tests/support/vectors.h"

namespace peerage::conn {
namespace {

using test::ip;

TEST(IpAddress, FallsInTheClassesThatTheGoNodePutsItIn) {
  const auto cases = test::load_vectors("netaddress").at("classification");
  ASSERT_EQ(cases.size(), 86u);
  for (const auto& recorded : cases) {
    const std::string text = recorded.at("ip");
    SCOPED_TRACE(text);
    const IpAddress address = ip(text);
    EXPECT_EQ(address.to_string(), recorded.at("ip_string"));
    EXPECT_EQ(address.local(), recorded.at("local"));
    EXPECT_EQ(address.onion_cat(), recorded.at("onioncat"));
    EXPECT_EQ(address.rfc1918(), recorded.at("rfc1918"));
    EXPECT_EQ(address.rfc3849(), recorded.at("rfc3849"));
    EXPECT_EQ(address.rfc3927(), recorded.at("rfc3927"));
    EXPECT_EQ(address.rfc3964(), recorded.at("rfc3964"));
    EXPECT_EQ(address.rfc4193(), recorded.at("rfc4193"));
    EXPECT_EQ(address.rfc4380(), recorded.at("rfc4380"));
    EXPECT_EQ(address.rfc4843(), recorded.at("rfc4843"));
    EXPECT_EQ(address.rfc4862(), recorded.at("rfc4862"));
    EXPECT_EQ(address.rfc6052(), recorded.at("rfc6052"));
    EXPECT_EQ(address.rfc6145(), recorded.at("rfc6145"));
    EXPECT_EQ(address.valid(), recorded.at("valid"));
    EXPECT_EQ(sim::go::routable(address), recorded.at("routable"));
    EXPECT_TRUE(recorded.at("routable") || !address.routable()) << "ours is stricter";
    // The Go node does not look into an IPv4-compatible address.
    const bool compatible = text == "::1.2.3.4";
    const std::string strict = compatible ? "1.2.0.0" : recorded.at("group_key_strict");
    const std::string lax = compatible ? "1.2.0.0" : recorded.at("group_key_nonstrict");
    if (address.routable() || !recorded.at("routable")) {
      EXPECT_EQ(address.group_key(IpAddress::Strict::yes), strict);
    }
    EXPECT_EQ(address.group_key(IpAddress::Strict::no), lax);
  }
}

TEST(IpAddress, ReachesAnotherAsWellAsTheGoNodeSays) {
  const auto cases = test::load_vectors("netaddress").at("reachability");
  ASSERT_EQ(cases.size(), 225u);
  for (const auto& recorded : cases) {
    const std::string from = recorded.at("from"), to = recorded.at("to");
    EXPECT_EQ(static_cast<int>(sim::go::reachability(ip(from), ip(to))),
              recorded.at("reachability"))
        << from << " to " << to;
  }
}

TEST(IpAddress, IsPrintedInTheFormOfRfc5952) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // the first of two equal runs
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // the longer run
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // a single zero group stays
      {"0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"},
      {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
      {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
      {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
      {"0001:0020:0300:4000::", "1:20:300:4000::"},
      {"0:0:0:0:0:0:0:0", "::"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(ip(text).to_string(), canonical);
}

// glibc's inet_ntop prints the first as "::1.2.3.4"; Go, and so the identity of an address, does
// not.
TEST(IpAddress, IsPrintedAsADottedQuadOnlyWhenItIsAnIpv4Address) {
  EXPECT_EQ(ip("::1.2.3.4").to_string(), "::102:304");
  EXPECT_EQ(ip("::ffff:0:1.2.3.4").to_string(), "::ffff:0:102:304");
  EXPECT_EQ(ip("64:ff9b::1.2.3.4").to_string(), "64:ff9b::102:304");
  EXPECT_EQ(ip("::ffff:102:304").to_string(), "1.2.3.4");
}

TEST(IpAddress, AnIpv4AddressAndItsMappedFormAreOneValue) {
  EXPECT_EQ(ip("1.2.3.4"), ip("::ffff:1.2.3.4"));
  EXPECT_EQ(ip("1.2.3.4"), IpAddress::v4(1, 2, 3, 4));
  EXPECT_EQ(IpAddress::v6(ip("1.2.3.4").bytes()), ip("1.2.3.4"));
  EXPECT_TRUE(ip("::ffff:1.2.3.4").is_v4());
  EXPECT_EQ(ip("1.2.3.4").v4_bytes(), (ByteArray<4>{1, 2, 3, 4}));
  EXPECT_FALSE(ip("::1.2.3.4").is_v4());
  EXPECT_NE(ip("::1.2.3.4"), ip("1.2.3.4"));
}

TEST(IpAddress, AcceptsEveryFormOfALiteral) {
  for (const std::string_view text :
       {"0.0.0.0", "255.255.255.255", "1:2:3:4:5:6:7:8", "::1:2:3:4:5:6:7", "1:2:3:4:5:6:7::",
        "1::8", "1:2:3:4:5:6:1.2.3.4", "::1:2:3:4:5:1.2.3.4", "1::1.2.3.4", "FFFF::AbCd"}) {
    EXPECT_TRUE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, RejectsWhatGoDoesNotTakeForALiteral) {
  for (const std::string_view text : {"",
                                      ".",
                                      ":",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.",
                                      "1.2.3.4.",
                                      ".1.2.3.4",
                                      "1.2.3.4.5",
                                      "1..3.4",
                                      "01.2.3.4",
                                      "1.2.3.04",
                                      "1.2.3.00",
                                      "256.1.1.1",
                                      "1.2.3.1000",
                                      "1.2.3.-4",
                                      "+1.2.3.4",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "0x1.2.3.4",
                                      "1.2.3.a",
                                      "1,2,3,4",
                                      ":::",
                                      "1:::2",
                                      "1::2::3",
                                      ":1",
                                      "1:",
                                      ":1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "1:2:3:4::5:6:7:8",
                                      "12345::",
                                      "00001::",
                                      "g::",
                                      "::-1",
                                      "::+1",
                                      "::0x1",
                                      "fe80::1%lo",
                                      "fe80::1%25lo",
                                      "[::1]",
                                      "::1/64",
                                      "::1.2.3",
                                      "::1.2.3.4.5",
                                      "::1.2.3.04",
                                      "::256.1.1.1",
                                      "::1.2.3.4:5",
                                      "1.2.3.4::",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "1:2:3:4:5:1.2.3.4",
                                      "::ffff:1.2.3.4 ",
                                      "::a.2.3.4"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(IpAddress::parse(std::string_view("::1\0", 4)));
}

TEST(IpAddress, LoopbackIs127SlashEightAndColonColonOne) {
  EXPECT_TRUE(ip("127.0.0.1").loopback());
  EXPECT_TRUE(ip("127.255.255.255").loopback());
  EXPECT_TRUE(ip("::1").loopback());
  EXPECT_FALSE(ip("128.0.0.1").loopback());
  EXPECT_FALSE(ip("0.0.0.1").loopback());
  EXPECT_TRUE(ip("0.0.0.1").local());
  EXPECT_FALSE(ip("::2").loopback());
}

TEST(IpAddress, UnspecifiedIsTheZeroOfEitherFamily) {
  EXPECT_TRUE(ip("0.0.0.0").unspecified());
  EXPECT_TRUE(ip("::").unspecified());
  EXPECT_TRUE(IpAddress{}.unspecified());
  EXPECT_FALSE(ip("0.0.0.1").unspecified());
}

TEST(IpAddress, MaskingKeepsTheFirstBitsOfItsFamily) {
  EXPECT_EQ(ip("1.2.255.4").masked(24), ip("1.2.255.0"));
  EXPECT_EQ(ip("1.2.255.4").masked(17), ip("1.2.128.0"));
  EXPECT_EQ(ip("1.2.3.4").masked(0), ip("0.0.0.0"));
  EXPECT_EQ(ip("1.2.3.4").masked(32), ip("1.2.3.4"));
  EXPECT_EQ(ip("2001:db8:ffff::1").masked(36), ip("2001:db8:f000::"));
  EXPECT_EQ(ip("2001:db8::1").masked(0), ip("::"));
  EXPECT_EQ(ip("2001:db8::1").masked(128), ip("2001:db8::1"));
}

TEST(IpAddress, MaskingWithMoreBitsThanThereAreKeepsThemAll) {
  EXPECT_EQ(ip("1.2.3.4").masked(33), ip("1.2.3.4"));
  EXPECT_EQ(ip("1.2.3.4").masked(~0u), ip("1.2.3.4"));
  EXPECT_EQ(ip("2001:db8::1").masked(~0u), ip("2001:db8::1"));
}

TEST(Endpoint, IsPrintedWithBracketsAroundIpv6Alone) {
  EXPECT_EQ((Endpoint{ip("1.2.3.4"), 26656}.to_string()), "1.2.3.4:26656");
  EXPECT_EQ((Endpoint{ip("::ffff:1.2.3.4"), 1}.to_string()), "1.2.3.4:1");
  EXPECT_EQ((Endpoint{ip("2001:db8::1"), 0}.to_string()), "[2001:db8::1]:0");
}

TEST(Endpoint, IsReadBackFromItsText) {
  for (const std::string_view text :
       {"1.2.3.4:26656", "1.2.3.4:0", "0.0.0.0:65535", "[2001:db8::1]:26656", "[::]:1"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->to_string(), text);
  }
}

TEST(Endpoint, NeedsALiteralAndAPortAndNothingElse) {
  for (const std::string_view text : {"",
                                      ":",
                                      "1.2.3.4",
                                      "1.2.3.4:",
                                      ":80",
                                      "1.2.3.4:65536",
                                      "1.2.3.4:-1",
                                      "1.2.3.4:+1",
                                      "1.2.3.4: 1",
                                      "1.2.3.4:1 ",
                                      "1.2.3.4:0x1",
                                      "::1:80",
                                      "[::1]",
                                      "[::1]80",
                                      "[::1",
                                      "::1]:80",
                                      "[1.2.3.4]:80",
                                      "[[::1]]:80",
                                      "[]:80",
                                      "localhost:80",
                                      "tcp://1.2.3.4:80"}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
}

TEST(IpAddress, GroupsAreEqualAsNumbersExactlyWhenTheirKeysAre) {
  std::vector<IpAddress> all;
  for (const char* text : {"5.6.7.8",
                           "5.6.1.1",
                           "5.7.7.8",
                           "::ffff:5.6.9.9",
                           "2002:506:708::1",
                           "2002:507::",
                           "2001:0:1:2::faf9:f8f7",
                           "64:ff9b::506:708",
                           "::ffff:0:506:708",
                           "2a01:4f8::1",
                           "2a01:4f8:ffff::",
                           "2a01:4f9::1",
                           "2001:470:1000::1",
                           "2001:470:1fff::1",
                           "2001:470:2000::",
                           "fd87:d87e:eb43:1000::",
                           "fd87:d87e:eb43:2100::",
                           "127.0.0.1",
                           "::1",
                           "10.0.0.1",
                           "192.168.1.1",
                           "0.0.0.0",
                           "::",
                           "fe80::1",
                           "::506:0"}) {
    all.push_back(ip(text));
  }
  for (const auto strict : {IpAddress::Strict::no, IpAddress::Strict::yes}) {
    for (const IpAddress& a : all) {
      for (const IpAddress& b : all) {
        EXPECT_EQ(a.group(strict) == b.group(strict), a.group_key(strict) == b.group_key(strict))
            << a.to_string() << " " << b.to_string();
      }
    }
  }
}

TEST(IpAddress, RangesThatNoPeerCanHaveAreNamedByTheirRfc) {
  EXPECT_TRUE(ip("192.0.2.1").rfc5737() && ip("198.51.100.9").rfc5737() &&
              ip("203.0.113.255").rfc5737());
  EXPECT_FALSE(ip("192.0.3.1").rfc5737() || ip("203.0.114.0").rfc5737());
  EXPECT_TRUE(ip("3fff::").rfc9637() && ip("3fff:fff:ffff::1").rfc9637());
  EXPECT_FALSE(ip("3ffe:ffff::1").rfc9637() || ip("3fff:1000::").rfc9637());
  EXPECT_TRUE(ip("224.0.0.1").multicast() && ip("239.255.255.255").multicast());
  EXPECT_TRUE(ip("ff02::1").multicast());
  EXPECT_FALSE(ip("223.255.255.255").multicast() || ip("fe80::1").multicast());
  EXPECT_TRUE(ip("240.0.0.1").reserved() && ip("255.255.255.255").reserved());
  EXPECT_FALSE(ip("239.255.255.255").reserved());
}

}  // namespace
}  // namespace peerage::conn
