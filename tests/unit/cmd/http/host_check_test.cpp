#include "cmd/http/host_check.h"

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

const conn::Endpoint kLocal{conn::IpAddress::v4(192, 0, 2, 7), 26657};

bool allows(const HostCheck& check, std::string_view text,
            const std::optional<conn::Endpoint>& local = kLocal) {
  const auto host = HttpHost::parse(text);
  return host && check.allows(*host, local);
}

TEST(HostCheck, LoopbackNamesWithOurPortAreOurs) {
  const HostCheck check({}, 80);
  for (const char* host : {"localhost:26657", "LOCALHOST:26657", "localhost.:26657",
                           "127.0.0.1:26657", "127.9.9.9:26657", "[::1]:26657"}) {
    EXPECT_TRUE(allows(check, host)) << host;
  }
  for (const char* host : {"localhost", "localhost:80", "localhost.evil.example:26657",
                           "127.0.0.1.evil.example:26657", "[::2]:26657"}) {
    EXPECT_FALSE(allows(check, host)) << host;
  }
}

TEST(HostCheck, TheAddressThatItCameToIsOurs) {
  const HostCheck check({}, 80);
  EXPECT_TRUE(allows(check, "192.0.2.7:26657"));
  EXPECT_FALSE(allows(check, "192.0.2.8:26657"));
  EXPECT_FALSE(allows(check, "192.0.2.7"));
  EXPECT_TRUE(allows(check, "192.0.2.7", conn::Endpoint{kLocal.ip, 80}));
}

TEST(HostCheck, NamesOfTheOperatorsAreOursAtTheirPortOrAtAny) {
  const HostCheck check({"Seed.Example.org", "other.example:8080", "[2001:db8::1]"}, 443);
  EXPECT_TRUE(allows(check, "seed.example.org"));
  EXPECT_TRUE(allows(check, "seed.example.org:1"));
  EXPECT_TRUE(allows(check, "other.example:8080"));
  EXPECT_FALSE(allows(check, "other.example"));
  EXPECT_TRUE(allows(check, "[2001:db8:0::1]:7"));
  EXPECT_FALSE(allows(check, "xseed.example.org"));
}

TEST(HostCheck, AtAUnixSocketAnyHostWillDo) {
  EXPECT_TRUE(allows(HostCheck({}, 80), "whatever", std::nullopt));
}

TEST(HostCheck, WhatIsNoHostIsNone) {
  for (const char* text : {"", ":80", "a b", "a/b", "a@b", "[::1", "::1", "[1.2.3.4]", "a:", "a:1",
                           "a:65536", "a:-1", "a:1x", "a..", "<script>"}) {
    const bool fine = std::string_view(text) == "a:" || std::string_view(text) == "a:1" ||
                      std::string_view(text) == "a..";
    EXPECT_EQ(HttpHost::parse(text).has_value(), fine) << text;
  }
}

}  // namespace
}  // namespace peerage::cmd
