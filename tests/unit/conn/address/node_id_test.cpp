#include "conn/address/node_id.h"

#include <string>
#include <unordered_set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/hex.h"
#include "tests/support/vectors.h"

namespace peerage::conn {
namespace {

TEST(NodeId, IsTheOneThatTheGoNodeDerivesFromTheKey) {
  const auto cases = test::load_vectors("node_id").at("keys");
  ASSERT_EQ(cases.size(), 10u);
  for (const auto& recorded : cases) {
    const PublicKey key{test::hex_array<32>(recorded.at("pub_key").get<std::string>())};
    EXPECT_EQ(NodeId::of(key).to_string(), recorded.at("id"));
    EXPECT_EQ(NodeId::parse(recorded.at("id").get<std::string>()), NodeId::of(key));
  }
}

TEST(NodeId, IsReadInEitherCaseAndKeptInLowerCase) {
  const auto lower = NodeId::parse("deadbeefdeadbeefdeadbeefdeadbeefdeadbeef");
  const auto upper = NodeId::parse("DEADBEEFDEADBEEFdeadbeefDEADBEEFDEADBEEF");
  ASSERT_TRUE(lower);
  ASSERT_TRUE(upper);
  EXPECT_EQ(*lower, *upper);
  EXPECT_EQ(upper->to_string(), "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef");
}

TEST(NodeId, ThatIsEmptyIsMissing) {
  const auto id = NodeId::parse("");
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().reason, Reason::address_without_id);
}

TEST(NodeId, IsFortyHexDigitsAndNothingElse) {
  const std::string good(40, 'a');
  for (const std::string& text :
       {good.substr(1), good.substr(2), good + "a", good + "aa", good.substr(1) + "g",
        " " + good.substr(1), "0x" + good, good.substr(1) + "\n", std::string("\x1b[31m")}) {
    const auto id = NodeId::parse(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().stage, Stage::configuration);
    EXPECT_EQ(id.error().reason, Reason::address_malformed) << text;
    EXPECT_EQ(id.error().detail.find_first_of("\n\x1b"), std::string::npos);
  }
}

TEST(NodeId, OfNoNodeIsZero) {
  EXPECT_EQ(NodeId{}.to_string(), std::string(40, '0'));
  EXPECT_EQ(NodeId::parse(std::string(40, '0')), NodeId{});
}

TEST(NodeId, IsOrderedAsItsText) {
  const auto low = *NodeId::parse("00ff" + std::string(36, 'f'));
  const auto high = *NodeId::parse("0100" + std::string(36, '0'));
  EXPECT_LT(low, high);
  EXPECT_LT(low.to_string(), high.to_string());
}

TEST(NodeId, ServesAsAKeyOfAHashTable) {
  std::unordered_set<NodeId> set;
  set.insert(*NodeId::parse(std::string(40, 'a')));
  set.insert(*NodeId::parse(std::string(40, 'A')));
  set.insert(*NodeId::parse(std::string(40, 'b')));
  EXPECT_EQ(set.size(), 2u);
}

TEST(PublicKey, VerifiesWhatTheGoNodeSigned) {
  const auto cases = test::load_vectors("node_id").at("keys");
  ASSERT_EQ(cases.size(), 10u);
  for (const auto& recorded : cases) {
    const PublicKey key{test::hex_array<32>(recorded.at("pub_key").get<std::string>())};
    const auto signature = test::hex_array<64>(recorded.at("signature").get<std::string>());
    const std::string message = recorded.at("sign_msg_ascii");
    EXPECT_TRUE(key.verify(as_bytes(message), signature));
  }
}

TEST(PublicKey, RefusesEveryOtherMessageSignatureAndKey) {
  const auto recorded = test::load_vectors("node_id").at("keys").at(2);
  const auto key_bytes = test::hex_array<32>(recorded.at("pub_key").get<std::string>());
  const auto signature = test::hex_array<64>(recorded.at("signature").get<std::string>());
  const std::string message = recorded.at("sign_msg_ascii");
  const PublicKey key{key_bytes};
  EXPECT_FALSE(key.verify(as_bytes(message + "!"), signature));
  EXPECT_FALSE(key.verify({}, signature));
  for (std::size_t bit = 0; bit < 64 * 8; ++bit) {
    auto changed = signature;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(key.verify(as_bytes(message), changed)) << bit;
  }
  for (std::size_t bit = 0; bit < 32 * 8; ++bit) {
    PublicKey changed{key_bytes};
    changed.bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(changed.verify(as_bytes(message), signature)) << bit;
  }
}

// With A of order 1, R = identity and S = 0 satisfy the equation for every message.
TEST(PublicKey, OfSmallOrderVerifiesNothing) {
  PublicKey identity;
  identity.bytes[0] = 1;
  Signature signature{};
  signature[0] = 1;
  EXPECT_FALSE(identity.verify(as_bytes("anything"), signature));
}

// S + L satisfies the equation that S does: accepting it would give one message two signatures.
TEST(PublicKey, RefusesASignatureThatIsNotCanonical) {
  const ByteArray<32> order =
      test::hex_array<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  const auto recorded = test::load_vectors("node_id").at("keys").at(2);
  const PublicKey key{test::hex_array<32>(recorded.at("pub_key").get<std::string>())};
  const std::string message = recorded.at("sign_msg_ascii");
  auto signature = test::hex_array<64>(recorded.at("signature").get<std::string>());
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += signature[32 + i] + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(key.verify(as_bytes(message), signature));
}

}  // namespace
}  // namespace peerage::conn
