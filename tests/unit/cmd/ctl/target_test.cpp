#include "cmd/ctl/target.h"

#include <string>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

using conn::NodeId;

NodeId id(const std::string& digits) {
  return *NodeId::parse(digits + std::string(40 - digits.size(), '0'));
}

TEST(CtlTarget, AWholeIdIsOneWhetherItIsKnownOrNot) {
  EXPECT_EQ(find_id(std::string(40, 'a'), {}), *NodeId::parse(std::string(40, 'a')));
  EXPECT_EQ(find_id(std::string(40, 'A'), {}), *NodeId::parse(std::string(40, 'a')));
  EXPECT_FALSE(find_id(std::string(40, '0'), {})) << "nobody has it";
}

TEST(CtlTarget, TheFirstDigitsAreEnoughIfOneAloneBeginsSo) {
  const std::set<NodeId> known = {id("abcd1"), id("abcd2"), id("1234")};
  EXPECT_EQ(find_id("1234", known), id("1234"));
  EXPECT_EQ(find_id("ABCD1", known), id("abcd1"));
  EXPECT_EQ(find_id("abcd", known).error().reason, "ambiguous");
  EXPECT_EQ(find_id("abcd3", known).error().reason, "not_found");
  EXPECT_EQ(find_id("123", known).error().code, -2);
  EXPECT_EQ(find_id("", known).error().code, -2);
}

TEST(CtlTarget, OfManyCandidatesEightAreNamed) {
  std::set<NodeId> known;
  for (int i = 10; i < 30; ++i) known.insert(id("abcd" + std::to_string(i)));
  const CtlError error = find_id("abcd", known).error();
  EXPECT_NE(error.message.find("20 IDs"), std::string::npos);
  EXPECT_NE(error.hint.find("abcd17"), std::string::npos);
  EXPECT_EQ(error.hint.find("abcd18"), std::string::npos);
  EXPECT_LT(error.hint.size(), 400u);
}

TEST(CtlTarget, AnAddressANetworkOrAnIdCanBeKeptOut) {
  EXPECT_EQ(to_string(*find_target("203.0.113.7", {})), "203.0.113.7");
  EXPECT_EQ(to_string(*find_target("203.0.113.0/24", {})), "203.0.113.0/24");
  EXPECT_EQ(to_string(*find_target("2001:db8::/32", {})), "2001:db8::/32");
  EXPECT_EQ(to_string(*find_target(std::string(40, 'a'), {})), std::string(40, 'a'));
  EXPECT_EQ(to_string(*find_target("abcd", {id("abcd")})), id("abcd").to_string());
}

TEST(CtlTarget, AnAddressToDialHasAnIdAHostAndAPort) {
  const std::string whole = std::string(40, 'a') + "@example.org:26656";
  EXPECT_EQ(find_address(whole)->to_string(), whole);
  for (const std::string& text :
       {std::string(40, 'a'), std::string("a@203.0.113.7:26656"), std::string("203.0.113.7:26656"),
        std::string(), std::string(40, 'a') + "@203.0.113.7:0"}) {
    ASSERT_FALSE(find_address(text)) << text;
    EXPECT_EQ(find_address(text).error().code, -2) << text;
  }
}

TEST(CtlTarget, WhatIsNoTargetIsNamedPrintably) {
  for (const std::string text :
       {"example.org", "203.0.113.7:26656", "10.0.0.1/33", "\x1b[31m", ""}) {
    const auto found = find_target(text, {});
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().code, -2) << text;
    for (const char c : found.error().message) EXPECT_GE(c, ' ');
    EXPECT_NE(found.error().hint, "");
  }
  EXPECT_LT(find_target(std::string(60'000, 'x'), {}).error().message.size(), 200u);
}

}  // namespace
}  // namespace peerage::cmd
