#include "conn/crypto/secp256k1.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sodium.h>

#include "tests/support/secp256k1_keys.h"

namespace peerage::conn {
namespace {

using test::hex_array;
using test::secp256k1_key;

constexpr std::string_view kOrder =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
constexpr std::string_view kFieldPrime =
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
const std::string kZero(64, '0');

ByteArray<32> sha256(std::string_view text) {
  ByteArray<32> digest;
  crypto_hash_sha256(digest.data(), as_bytes(text).data(), text.size());
  return digest;
}

std::optional<Secp256k1Key> key_of(std::string_view secret) {
  return Secp256k1Key::from_secret(Secret<32>(hex_array<32>(secret)));
}

// order - s, which signs as well as s.
void negate_s(std::span<std::uint8_t, 32> s) {
  const auto order = hex_array<32>(kOrder);
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    const int difference = order[i] - s[i] - borrow;
    borrow = difference < 0 ? 1 : 0;
    s[i] = static_cast<std::uint8_t>(difference + 256 * borrow);
  }
}

// --- keys ---

TEST(Secp256k1Key, HasThePublicKeyThatEthereumDerives) {
  // ethereum/devp2p enr.md and go-ethereum p2p/discover/v4wire.
  const auto key =
      secp256k1_key("b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291");
  EXPECT_EQ(to_hex(key.public_key().compressed()),
            "03ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138");
  EXPECT_EQ(to_hex(key.public_key().xy()),
            "ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138"
            "7574077f301b421bc84df7266c44e9e6d569fc56be00812904767bf5ccd1fc7f");
}

TEST(Secp256k1Key, IsANumberFrom1ToTheOrderMinus1) {
  EXPECT_FALSE(key_of(kZero));
  EXPECT_TRUE(key_of(kZero.substr(2) + "01"));
  EXPECT_TRUE(key_of("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"));
  EXPECT_FALSE(key_of(kOrder));
  EXPECT_FALSE(key_of(std::string(64, 'f')));
}

TEST(Secp256k1Key, IsDrawnAgainUntilItIsOne) {
  int draws = 0;
  const auto key = Secp256k1Key::generate([&draws](MutableBytes bytes) {
    const std::uint8_t filler = ++draws == 1 ? 0xff : draws == 2 ? 0 : 7;
    std::fill(bytes.begin(), bytes.end(), filler);
  });
  EXPECT_EQ(draws, 3);
  EXPECT_EQ(key.secret().view()[0], 7);
}

TEST(Secp256k1Key, ThatWasMovedAwayIsWipedAndSignsNothing) {
  auto key = secp256k1_key(1);
  const auto moved = std::move(key);
  EXPECT_EQ(to_hex(key.secret().view()), kZero);  // NOLINT(bugprone-use-after-move)
  EXPECT_THROW((void)key.sign(sha256("")), std::logic_error);
  EXPECT_THROW((void)key.sign_recoverable(sha256("")), std::logic_error);
  EXPECT_THROW((void)key.agree(moved.public_key()), std::logic_error);
}

TEST(Secp256k1PublicKey, IsReadInEitherForm) {
  for (std::uint32_t number = 1; number < 20; ++number) {  // both parities of y
    const auto key = secp256k1_key(number).public_key();
    EXPECT_EQ(Secp256k1PublicKey::from_xy(key.xy()), key);
    EXPECT_EQ(Secp256k1PublicKey::from_compressed(key.compressed()), key);
  }
}

TEST(Secp256k1PublicKey, IsNeverWhatIsNoPoint) {
  const auto xy = secp256k1_key(1).public_key().xy();
  auto off_curve = xy;
  off_curve[63] ^= 1;
  EXPECT_FALSE(Secp256k1PublicKey::from_xy(off_curve));
  EXPECT_FALSE(Secp256k1PublicKey::from_xy(ByteArray<64>{}));
  // x and y beyond the field: 1 + p is 1 to those who do not look.
  auto beyond = xy;
  std::fill_n(beyond.begin(), 32, 0xff);
  EXPECT_FALSE(Secp256k1PublicKey::from_xy(beyond));
  const auto prime = hex_array<32>(kFieldPrime);
  std::copy(prime.begin(), prime.end(), beyond.begin());
  EXPECT_FALSE(Secp256k1PublicKey::from_xy(beyond));

  const auto compressed = secp256k1_key(1).public_key().compressed();
  for (const int prefix : {0, 1, 4, 5, 6, 7, 0xff}) {
    auto wrong = compressed;
    wrong[0] = static_cast<std::uint8_t>(prefix);
    EXPECT_FALSE(Secp256k1PublicKey::from_compressed(wrong)) << prefix;
  }
  auto x = compressed;
  std::copy(prime.begin(), prime.end(), x.begin() + 1);
  EXPECT_FALSE(Secp256k1PublicKey::from_compressed(x));
  // 5 is the x of no point.
  x = {2};
  x[32] = 5;
  EXPECT_FALSE(Secp256k1PublicKey::from_compressed(x));
  EXPECT_FALSE(Secp256k1PublicKey::from_compressed(ByteArray<33>{}));
}

TEST(Secp256k1PublicKey, HasExactly33BytesWhenCompressed) {
  const auto key = secp256k1_key(1).public_key();
  Bytes bytes = {4};  // the form of 65 bytes, which the library would take
  bytes.insert(bytes.end(), key.xy().begin(), key.xy().end());
  EXPECT_FALSE(Secp256k1PublicKey::from_compressed(bytes));
  const auto compressed = key.compressed();
  EXPECT_FALSE(Secp256k1PublicKey::from_compressed({}));
  EXPECT_FALSE(Secp256k1PublicKey::from_compressed(ByteView(compressed).first(32)));
  Bytes longer(compressed.begin(), compressed.end());
  longer.push_back(0);
  EXPECT_FALSE(Secp256k1PublicKey::from_compressed(longer));
}

// --- signatures ---

TEST(Secp256k1Signature, IsTheOneOfRfc6979) {
  // The vector that libraries of this curve share: key 1, SHA-256 of the text.
  const auto key = secp256k1_key(1);
  const auto hash = sha256("Satoshi Nakamoto");
  const auto signature = key.sign(hash);
  EXPECT_EQ(to_hex(signature),
            "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
            "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5");
  EXPECT_EQ(key.sign(hash), signature);
  const auto recoverable = key.sign_recoverable(hash);
  EXPECT_TRUE(std::equal(signature.begin(), signature.end(), recoverable.begin()));
}

TEST(Secp256k1Signature, IsOfOneHashAndOneKeyAlone) {
  const auto key = secp256k1_key(1), other = secp256k1_key(2);
  const auto hash = sha256("hash");
  const auto signature = key.sign(hash);
  EXPECT_TRUE(key.public_key().verify(hash, signature));
  EXPECT_FALSE(other.public_key().verify(hash, signature));
  EXPECT_FALSE(key.public_key().verify(sha256("other"), signature));
  for (std::size_t at = 0; at < signature.size(); ++at) {
    auto wrong = signature;
    wrong[at] ^= 1;
    EXPECT_FALSE(key.public_key().verify(hash, wrong)) << at;
  }
}

TEST(Secp256k1Signature, Of64BytesHasALowS) {
  const auto key = secp256k1_key(3);
  // The half of the order, rounded down: an s above it is high.
  const auto half =
      hex_array<32>("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
  for (int i = 0; i < 50; ++i) {
    const auto hash = sha256(std::to_string(i));
    auto signature = key.sign(hash);
    const auto s = std::span(signature).last<32>();
    EXPECT_LE(to_hex(s), to_hex(half));
    negate_s(s);
    EXPECT_FALSE(key.public_key().verify(hash, signature)) << i;
  }
}

TEST(Secp256k1Signature, Of65BytesYieldsItsSignerWhateverItsS) {
  for (std::uint32_t number = 1; number < 20; ++number) {
    const auto key = secp256k1_key(number);
    const auto hash = sha256(std::to_string(number));
    auto signature = key.sign_recoverable(hash);
    EXPECT_LE(signature[64], 3);
    EXPECT_EQ(Secp256k1PublicKey::recover(hash, signature), key.public_key());
    negate_s(std::span(signature).subspan<32, 32>());
    signature[64] ^= 1;
    EXPECT_EQ(Secp256k1PublicKey::recover(hash, signature), key.public_key());
  }
}

TEST(Secp256k1Signature, WithAnotherSaltIsAnotherOfTheSameSigner) {
  const auto key = secp256k1_key(1);
  const auto hash = sha256("hash");
  const ByteArray<32> salt{1}, other_salt{2};
  const auto signature = key.sign_recoverable(hash, salt);
  EXPECT_EQ(key.sign_recoverable(hash, salt), signature);
  EXPECT_NE(key.sign_recoverable(hash, other_salt), signature);
  EXPECT_NE(key.sign_recoverable(hash), signature);
  EXPECT_EQ(Secp256k1PublicKey::recover(hash, signature), key.public_key());
}

TEST(Secp256k1Signature, OfAnotherHashYieldsAnotherKeyOrNone) {
  const auto key = secp256k1_key(1);
  const auto signature = key.sign_recoverable(sha256("hash"));
  EXPECT_NE(Secp256k1PublicKey::recover(sha256("other"), signature), key.public_key());
}

TEST(Secp256k1Signature, ThatIsNoneYieldsNobodyAndTheProcessLives) {
  const auto key = secp256k1_key(1);
  const auto hash = sha256("hash");
  const auto good = key.sign_recoverable(hash);
  ASSERT_TRUE(Secp256k1PublicKey::recover(hash, good));
  for (int number = 4; number < 256; ++number) {  // 27 and 28 are those of other formats
    auto wrong = good;
    wrong[64] = static_cast<std::uint8_t>(number);
    EXPECT_FALSE(Secp256k1PublicKey::recover(hash, wrong)) << number;
  }
  for (const std::string& half : {kZero, std::string(kOrder), std::string(64, 'f')}) {
    const auto bytes = hex_array<32>(half);
    for (const std::ptrdiff_t at : {0, 32}) {
      auto wrong = good;
      std::copy(bytes.begin(), bytes.end(), wrong.begin() + at);
      for (std::uint8_t number = 0; number < 4; ++number) {
        wrong[64] = number;
        EXPECT_FALSE(Secp256k1PublicKey::recover(hash, wrong)) << half << at;
      }
      EXPECT_FALSE(key.public_key().verify(hash, std::span(wrong).first<64>())) << half << at;
    }
  }
  // No point has 5 as its x, which r would be.
  auto no_point = good;
  std::fill_n(no_point.begin(), 32, 0);
  no_point[31] = 5;
  EXPECT_FALSE(Secp256k1PublicKey::recover(hash, no_point));
  EXPECT_EQ(secp256k1_illegal_uses(), 0u);
}

// --- agreement ---

TEST(Secp256k1Agreement, IsTheSharedPointCompressedAndNotHashed) {
  // ethereum/devp2p discv5-wire-test-vectors.md, "ECDH".
  const auto key =
      secp256k1_key("fb757dc581730490a1d7a00deea65e9b1936924caaea8f44d476014856b68736");
  const auto other = Secp256k1PublicKey::from_compressed(
      test::hex("039961e4c2356d61bedb83052c115d311acb3a96f5777296dcf297351130266231"));
  ASSERT_TRUE(other);
  EXPECT_EQ(to_hex(key.agree(*other).view()),
            "033b11a2a1f214567e1537ce5e509ffd9b21373247f2a3ff6841f4976f53165e7e");
  // 1 times a point is that point.
  EXPECT_EQ(to_hex(secp256k1_key(1).agree(*other).view()), to_hex(other->compressed()));
}

TEST(Secp256k1Agreement, IsReachedFromBothSidesAndBySuchAlone) {
  const auto ann = secp256k1_key(7), bob = secp256k1_key(8), eve = secp256k1_key(9);
  const std::string shared = to_hex(ann.agree(bob.public_key()).view());
  EXPECT_EQ(to_hex(bob.agree(ann.public_key()).view()), shared);
  EXPECT_NE(to_hex(eve.agree(ann.public_key()).view()), shared);
  EXPECT_NE(to_hex(eve.agree(bob.public_key()).view()), shared);
}

TEST(Secp256k1, ServesManyThreadsAtOnce) {
  const auto hash = sha256("hash");
  std::vector<std::thread> threads;
  for (std::uint32_t number = 1; number <= 4; ++number) {
    threads.emplace_back([number, &hash] {
      const auto key = secp256k1_key(number);
      for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(Secp256k1PublicKey::recover(hash, key.sign_recoverable(hash)), key.public_key());
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace peerage::conn
