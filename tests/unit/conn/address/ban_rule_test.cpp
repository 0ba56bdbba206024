#include "conn/address/ban_rule.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::conn {
namespace {

TEST(BanRule, AnOriginHasAStableName) {
  EXPECT_EQ(name(BanOrigin::misbehaviour), "misbehaviour");
  EXPECT_EQ(name(BanOrigin::operator_), "operator");
}

TEST(BanRule, ATargetIsWrittenAsAnIdOrANetwork) {
  EXPECT_EQ(to_string(BanTarget(NodeId())), std::string(40, '0'));
  EXPECT_EQ(to_string(BanTarget(test::network("10.0.0.0/8"))), "10.0.0.0/8");
  EXPECT_EQ(to_string(BanTarget(test::network("10.0.0.1"))), "10.0.0.1");
}

}  // namespace
}  // namespace peerage::conn
