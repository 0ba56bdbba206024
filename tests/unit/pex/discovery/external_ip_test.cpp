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

TEST(ExternalIp, AnythingElseIsRefused) {
  for (const char* text : {"", "votes", "vote:", "fixed", "fixed:", "fixed:0.0.0.0", "fixed:host",
                           "name", "name:", "name:a b", "interface:", "none:1", "1.2.3.4"}) {
    EXPECT_FALSE(ExternalIpSource::parse(text)) << text;
  }
}

}  // namespace
}  // namespace peerage::pex
