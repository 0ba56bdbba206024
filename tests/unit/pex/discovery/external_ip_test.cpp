#include "pex/discovery/external_ip.h"

#include <gtest/gtest.h>

namespace peerage::pex {
namespace {

TEST(ExternalIp, EachWordIsReadAndWrittenAlike) {
  for (const char* text : {"vote", "none", "fixed:1.2.3.4", "fixed:2001:470::1", "name:me.example",
                           "interface", "interface:eth0"}) {
    const auto source = ExternalIpSource::parse(text);
    ASSERT_TRUE(source) << text;
    EXPECT_EQ(source->to_string(), text);
    EXPECT_TRUE(source->notice.empty());
  }
}

TEST(ExternalIp, TheWordsOfOthersAreAVoteWithANotice) {
  for (const char* text : {"any", "upnp", "publicip"}) {
    const auto source = ExternalIpSource::parse(text);
    ASSERT_TRUE(source) << text;
    EXPECT_EQ(source->kind, ExternalIpSource::Kind::vote);
    EXPECT_FALSE(source->notice.empty());
  }
}

TEST(ExternalIp, WhatIsFixedOrTheOneAddressWhereItListensIsKnownFromTheStart) {
  const auto known = [](const char* source, const char* listen) {
    const auto ip = ExternalIpSource::parse(source)->known(conn::IpAddress::parse(listen).value());
    return ip ? ip->to_string() : std::string();
  };
  EXPECT_EQ(known("fixed:1.2.3.4", "0.0.0.0"), "1.2.3.4");
  EXPECT_EQ(known("fixed:1.2.3.4", "10.0.0.1"), "1.2.3.4");
  EXPECT_EQ(known("vote", "10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(known("vote", "2001:470::1"), "2001:470::1");
  EXPECT_EQ(known("vote", "0.0.0.0"), "");
  EXPECT_EQ(known("vote", "::"), "");
  for (const char* source : {"none", "name:me.example", "interface"}) {
    EXPECT_EQ(known(source, "10.0.0.1"), "") << source;
  }
}

TEST(ExternalIp, AnythingElseIsRefused) {
  for (const char* text : {"", "votes", "vote:", "fixed", "fixed:", "fixed:0.0.0.0", "fixed:host",
                           "name", "name:", "name:a b", "interface:", "none:1", "1.2.3.4"}) {
    EXPECT_FALSE(ExternalIpSource::parse(text)) << text;
  }
}

}  // namespace
}  // namespace peerage::pex
