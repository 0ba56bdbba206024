#include "conn/address/own_address.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

const std::string kId(40, 'a');

TEST(OwnAddress, IsHostAndPortPerhapsBehindTcp) {
  for (const auto& [text, host, port] : std::vector<std::tuple<std::string, std::string, int>>{
           {"203.0.113.9:26656", "203.0.113.9", 26656},
           {"tcp://203.0.113.9:1", "203.0.113.9", 1},
           {"tcp://[2001:db8::1]:7", "2001:db8::1", 7},
           {"seed.example.com:26656", "seed.example.com", 26656},
           {"0.0.0.0:0", "0.0.0.0", 0}}) {
    const auto parsed = parse_own_address(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().text();
    EXPECT_EQ(parsed->host, host);
    EXPECT_EQ(parsed->port, port);
  }
}

TEST(OwnAddress, WhatStandsAroundOneIsRefusedAndTheAddressNamed) {
  for (const auto& [text, wanted] : std::vector<std::pair<std::string, std::string>>{
           {kId + "@203.0.113.9:26656", "203.0.113.9:26656"},
           {"tcp://" + kId + "@203.0.113.9:26656", "203.0.113.9:26656"},
           {kId + "@[2001:db8::1]:1", "[2001:db8::1]:1"},
           {"user:word@203.0.113.9:1", "203.0.113.9:1"},
           {"https://seed.example.com:26656", "seed.example.com:26656"},
           {"https://seed.example.com", "seed.example.com:26656"},
           {"http://user@seed.example.com:1/path?x#y", "seed.example.com:1"},
           {"udp://203.0.113.9:1", "203.0.113.9:1"},
           {"tcp://203.0.113.9:26656/", "203.0.113.9:26656"},
           {" 203.0.113.9:26656", "203.0.113.9:26656"},
           {"203.0.113.9:26656\n", "203.0.113.9:26656"},
           {"203.0.113.9", "203.0.113.9:26656"},
           {"2001:db8::1", "[2001:db8::1]:26656"}}) {
    const auto refused = parse_own_address(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_TRUE(refused.error().detail.ends_with("; here the address alone is wanted: " + wanted))
        << refused.error().detail;
  }
}

TEST(OwnAddress, WhatHasNoAddressInsideIsRefusedWithoutAHint) {
  for (const std::string text :
       {"", "nonsense:port", "@", "https://", "a b:1", "1.2.3.4.5:1", "-a:1", ":26656",
        "203.0.113.9:70000", "unix:///run/x.sock", "a,b:1", "fe80::1%eth0"}) {
    const auto refused = parse_own_address(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().detail.find("wanted"), std::string::npos) << refused.error().detail;
  }
}

}  // namespace
}  // namespace peerage::conn
