#include "pex/discovery/record/enode_id.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/secp256k1_keys.h"

namespace peerage::pex {
namespace {

EnodeId id_with(std::size_t at, std::uint8_t byte) {
  EnodeId id;
  id.bytes.at(at) = byte;
  return id;
}

TEST(EnodeId, IsTheHashOfThePublicKey) {
  // ethereum/devp2p enr.md.
  const auto key =
      test::secp256k1_key("b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291");
  EXPECT_EQ(EnodeId::of(key.public_key()).to_string(),
            "a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7");
}

TEST(EnodeId, IsReadInEitherCaseAndWholeOnly) {
  const std::string text = "a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7";
  const auto id = EnodeId::parse(text);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), text);
  EXPECT_EQ(id->brief(), "a448f24c6d18e575");
  std::string upper = text;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  EXPECT_EQ(EnodeId::parse(upper), id);
  for (const std::string& wrong :
       {std::string(), text.substr(1), text.substr(2), text + "00", "0x" + text.substr(2)}) {
    EXPECT_FALSE(EnodeId::parse(wrong)) << wrong;
  }
}

TEST(LogDistance, IsThePositionOfTheHighestBitFrom1To256) {
  const EnodeId zero;
  EXPECT_EQ(log_distance(zero, zero), 0u);
  EXPECT_EQ(log_distance(zero, id_with(31, 0x01)), 1u);
  EXPECT_EQ(log_distance(zero, id_with(31, 0xff)), 8u);
  EXPECT_EQ(log_distance(zero, id_with(30, 0x01)), 9u);
  EXPECT_EQ(log_distance(zero, id_with(0, 0x7f)), 255u);
  EXPECT_EQ(log_distance(zero, id_with(0, 0x80)), 256u);
  EXPECT_EQ(log_distance(id_with(0, 0x81), id_with(0, 0x80)), 249u);
  EXPECT_EQ(log_distance(id_with(0, 0x80), zero), 256u);
}

TEST(CompareDistance, OrdersByXorAsABigEndianNumber) {
  const EnodeId target = id_with(0, 0x10);
  const EnodeId near = id_with(0, 0x11), far = id_with(0, 0x90), next = id_with(31, 0xff);
  EXPECT_LT(compare_distance(target, near, far), 0);
  EXPECT_GT(compare_distance(target, far, near), 0);
  EXPECT_LT(compare_distance(target, near, next), 0);
  EXPECT_LT(compare_distance(target, target, near), 0);
  EXPECT_EQ(compare_distance(target, far, far), 0);
  // The last byte decides when all others are equal.
  EnodeId one = target, two = target;
  one.bytes[31] = 1;
  two.bytes[31] = 2;
  EXPECT_LT(compare_distance(target, one, two), 0);
}

}  // namespace
}  // namespace peerage::pex
