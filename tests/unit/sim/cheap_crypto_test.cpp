#include "tests/sim/cheap_crypto.h"

#include <gtest/gtest.h>

#include "conn/address/node_key.h"
#include "conn/comet/secret_handshake.h"
#include "tests/support/secp256k1_keys.h"

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

// --- the curve ---

using conn::Secp256k1PublicKey;
using test::secp256k1_key;

conn::ByteArray<32> hash_of(std::uint8_t number) {
  return {number, 7};
}

TEST(Cryptography, OfTheCurveIsRealUnlessSetOtherwise) {
  const auto real = secp256k1_key(1).public_key();
  use_cryptography(Cryptography::cheap);
  EXPECT_NE(secp256k1_key(1).public_key(), real);
  EXPECT_FALSE(Secp256k1PublicKey::from_xy(real.xy()));
  use_cryptography(Cryptography::real);
  EXPECT_EQ(secp256k1_key(1).public_key(), real);
}

TEST_P(CheapCryptoTest, ACurveKeyIsReadInEitherFormAndWhatIsNoneIsRefused) {
  for (std::uint32_t number = 1; number < 30; ++number) {
    const auto key = secp256k1_key(number).public_key();
    EXPECT_EQ(Secp256k1PublicKey::from_xy(key.xy()), key);
    EXPECT_EQ(Secp256k1PublicKey::from_compressed(key.compressed()), key);
    auto wrong = key.xy();
    wrong[40] ^= 1;
    EXPECT_FALSE(Secp256k1PublicKey::from_xy(wrong));
    auto other_half = key.compressed();
    other_half[0] ^= 1;
    EXPECT_NE(Secp256k1PublicKey::from_compressed(other_half), key);
    EXPECT_NE(secp256k1_key(number + 1).public_key(), key);
  }
  EXPECT_FALSE(Secp256k1PublicKey::from_xy(conn::ByteArray<64>{}));
  EXPECT_FALSE(Secp256k1PublicKey::from_compressed(conn::ByteArray<33>{2}));
  EXPECT_FALSE(conn::Secp256k1Key::from_secret(conn::Secret<32>()));
}

TEST_P(CheapCryptoTest, ACurveSignatureIsOfOneHashAndOneKeyAlone) {
  const auto key = secp256k1_key(1), other = secp256k1_key(2);
  const auto signature = key.sign(hash_of(1));
  EXPECT_EQ(key.sign(hash_of(1)), signature);
  EXPECT_TRUE(key.public_key().verify(hash_of(1), signature));
  EXPECT_FALSE(other.public_key().verify(hash_of(1), signature));
  EXPECT_FALSE(key.public_key().verify(hash_of(2), signature));
  for (std::size_t at = 0; at < signature.size(); ++at) {
    auto wrong = signature;
    wrong[at] ^= 1;
    EXPECT_FALSE(key.public_key().verify(hash_of(1), wrong)) << at;
  }
}

TEST_P(CheapCryptoTest, ARecoverableSignatureYieldsItsSignerAndAChangedOneDoesNot) {
  for (std::uint32_t number = 1; number < 30; ++number) {
    const auto key = secp256k1_key(number);
    const auto signature = key.sign_recoverable(hash_of(1));
    EXPECT_LE(signature[64], 3);
    EXPECT_EQ(Secp256k1PublicKey::recover(hash_of(1), signature), key.public_key());
    EXPECT_NE(Secp256k1PublicKey::recover(hash_of(2), signature), key.public_key());
    for (const std::size_t at : {0, 8, 20, 32, 63, 64}) {
      auto wrong = signature;
      wrong[at] ^= 1;
      EXPECT_NE(Secp256k1PublicKey::recover(hash_of(1), wrong), key.public_key()) << at;
    }
    // Those of 64 bytes are the same without the recovery number.
    const auto plain = key.sign(hash_of(1));
    EXPECT_TRUE(std::equal(plain.begin(), plain.end(), signature.begin()));
  }
  EXPECT_FALSE(Secp256k1PublicKey::recover(hash_of(1), conn::Secp256k1RecoverableSignature{}));
}

TEST_P(CheapCryptoTest, ASaltMakesAnotherSignatureOfTheSameSigner) {
  const auto key = secp256k1_key(1);
  const conn::ByteArray<32> salt{1}, other_salt{2};
  const auto signature = key.sign_recoverable(hash_of(1), salt);
  EXPECT_EQ(key.sign_recoverable(hash_of(1), salt), signature);
  EXPECT_NE(key.sign_recoverable(hash_of(1), other_salt), signature);
  EXPECT_NE(key.sign_recoverable(hash_of(1)), signature);
  EXPECT_EQ(Secp256k1PublicKey::recover(hash_of(1), signature), key.public_key());
}

TEST_P(CheapCryptoTest, ThreeStrangersOnTheCurveHaveThreeSecrets) {
  const auto shared = [](std::uint32_t ours, std::uint32_t theirs) {
    const auto other = secp256k1_key(theirs).public_key();
    return conn::to_hex(secp256k1_key(ours).agree(other).view());
  };
  EXPECT_EQ(shared(1, 2), shared(2, 1));
  EXPECT_NE(shared(1, 2), shared(1, 3));
  EXPECT_NE(shared(1, 2), shared(2, 3));
}

}  // namespace
}  // namespace peerage::sim
