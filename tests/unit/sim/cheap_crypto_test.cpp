#include "tests/sim/cheap_crypto.h"

#include <gtest/gtest.h>

#include "conn/address/node_key.h"
#include "conn/comet/secret_handshake.h"

namespace peerage::sim {
namespace {

using conn::NodeKey;
using conn::Secret;
using conn::SecretHandshake;

Secret<32> secret(std::uint8_t number) {
  conn::ByteArray<32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(number + i);
  return Secret<32>(bytes);
}

class CheapCryptoTest : public testing::TestWithParam<Cryptography> {
 protected:
  CheapCryptoTest() { use_cryptography(GetParam()); }
  ~CheapCryptoTest() override { use_cryptography(Cryptography::real); }
};

INSTANTIATE_TEST_SUITE_P(Both, CheapCryptoTest,
                         testing::Values(Cryptography::real, Cryptography::cheap),
                         [](const auto& each) {
                           return each.param == Cryptography::real ? "real" : "cheap";
                         });

TEST(Cryptography, IsRealUnlessSetOtherwise) {
  EXPECT_EQ(cryptography(), Cryptography::real);
  const NodeKey real = NodeKey::from_seed(secret(1));
  use_cryptography(Cryptography::cheap);
  EXPECT_NE(NodeKey::from_seed(secret(1)).id(), real.id());
  use_cryptography(Cryptography::real);
  EXPECT_EQ(NodeKey::from_seed(secret(1)).id(), real.id());
}

TEST_P(CheapCryptoTest, BothEndsOfAHandshakeAgreeAndKnowEachOther) {
  const NodeKey ann = NodeKey::from_seed(secret(1)), bob = NodeKey::from_seed(secret(2));
  SecretHandshake here(ann, secret(3), bob.id()), there(bob, secret(4), std::nullopt);
  while (!here.done() || !there.done()) {
    ASSERT_TRUE(there.receive(here.take_output()));
    ASSERT_TRUE(here.receive(there.take_output()));
  }
  EXPECT_EQ(*here.proven_id(), bob.id());
  EXPECT_EQ(*there.proven_id(), ann.id());
  conn::Bytes frame(conn::kFrameSealed);
  conn::FrameWriter writer(frame);
  writer.append(conn::as_bytes("hello"));
  auto session = here.take_session();
  ASSERT_TRUE(session.sealer.seal(writer.finish()));
  auto other = there.take_session();
  const auto opened = other.opener.open(frame);
  ASSERT_TRUE(opened);
  EXPECT_EQ(conn::as_text(*opened), "hello");
}

TEST_P(CheapCryptoTest, ThreeStrangersHaveThreeSecrets) {
  const auto shared = [](std::uint8_t ours, std::uint8_t theirs) {
    const NodeKey key = NodeKey::from_seed(secret(9));
    SecretHandshake remote(key, secret(theirs), std::nullopt);
    const conn::Bytes message = remote.take_output();
    return conn::to_hex(conn::x25519(secret(ours), conn::ByteView(message).last<32>())->view());
  };
  EXPECT_EQ(shared(1, 2), shared(2, 1));
  EXPECT_NE(shared(1, 2), shared(1, 3));
  EXPECT_NE(shared(1, 2), shared(2, 3));
}

TEST_P(CheapCryptoTest, ASignatureIsOfOneMessageAndOneKeyAlone) {
  const NodeKey key = NodeKey::from_seed(secret(1)), other = NodeKey::from_seed(secret(2));
  const conn::ByteView message = conn::as_bytes("thirty-two bytes or so to be signed");
  const conn::Signature signature = key.sign(message);
  EXPECT_TRUE(key.public_key().verify(message, signature));
  EXPECT_FALSE(other.public_key().verify(message, signature));
  EXPECT_FALSE(key.public_key().verify(message.first(message.size() - 1), signature));
  for (const std::size_t at : {0, 31, 40, 63}) {
    conn::Signature wrong = signature;
    wrong[at] ^= 1;
    EXPECT_FALSE(key.public_key().verify(message, wrong)) << at;
  }
}

TEST_P(CheapCryptoTest, AKeyOfLowOrderGivesNoSecret) {
  conn::ByteArray<32> low{};
  EXPECT_EQ(conn::x25519(secret(1), low), std::nullopt);
  low[0] = 1;
  EXPECT_EQ(conn::x25519(secret(1), low), std::nullopt);
}

TEST_P(CheapCryptoTest, AnAuthenticationSignedByAnotherKeyFails) {
  // Ann's handshake, but the other end proves the ID of a third key.
  const NodeKey ann = NodeKey::from_seed(secret(1)), bob = NodeKey::from_seed(secret(2));
  SecretHandshake here(ann, secret(3), std::nullopt), there(bob, secret(4), std::nullopt),
      elsewhere(bob, secret(5), std::nullopt);
  const conn::Bytes hello = here.take_output();
  ASSERT_TRUE(here.receive(there.take_output()));
  (void)elsewhere.take_output();
  ASSERT_TRUE(elsewhere.receive(hello));
  EXPECT_FALSE(here.receive(elsewhere.take_output()));
}

}  // namespace
}  // namespace peerage::sim
