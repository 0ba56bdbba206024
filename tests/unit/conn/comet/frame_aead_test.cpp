#include "conn/comet/frame_aead.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sodium.h>

#include "tests/support/vectors.h"

namespace peerage::conn {
namespace {

Bytes some_plaintext(std::uint8_t from) {
  Bytes bytes(kFrameSealed);
  for (std::size_t i = 0; i < kFramePlain; ++i) bytes[i] = static_cast<std::uint8_t>(from + 7 * i);
  return bytes;
}

FrameAead::Frame frame_of(Bytes& bytes) {
  return FrameAead::Frame(bytes.data(), kFrameSealed);
}

FrameAead::Nonce nonce_of(std::uint8_t from) {
  FrameAead::Nonce nonce{};
  for (std::size_t i = 4; i < nonce.size(); ++i) nonce[i] = static_cast<std::uint8_t>(from + i);
  return nonce;
}

FrameKey key_of(std::uint8_t from) {
  ByteArray<32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(from * i);
  return FrameKey(bytes);
}

struct FrameAeadTest : testing::TestWithParam<const FrameAead*> {
  const FrameAead& aead = *GetParam();
};

INSTANTIATE_TEST_SUITE_P(OfThisProcessor, FrameAeadTest, testing::ValuesIn(frame_aeads()),
                         [](const auto& parameter) {
                           std::string name;
                           for (const char c : parameter.param->name()) {
                             if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
                           }
                           return name;
                         });

TEST_P(FrameAeadTest, SealsAndOpensEveryRecordedFrame) {
  const auto frames = test::load_vectors("secret_connection")["sealed_frames"];
  ASSERT_EQ(frames.size(), 6u);
  for (const auto& each : frames) {
    const Bytes chunk = test::bytes_of(each["chunk"]);
    SCOPED_TRACE(chunk.size());
    Bytes plain(kFrameSealed);
    plain[0] = static_cast<std::uint8_t>(chunk.size());
    plain[1] = static_cast<std::uint8_t>(chunk.size() >> 8);
    std::copy(chunk.begin(), chunk.end(), plain.begin() + kFrameHeader);
    const Bytes nonce_bytes = test::bytes_of(each["nonce"]);
    FrameAead::Nonce nonce{};
    std::copy(nonce_bytes.begin(), nonce_bytes.end(), nonce.begin());
    const FrameKey key = test::secret_of<32>(each["key"]);

    Bytes frame = plain;
    aead.seal(frame_of(frame), nonce, key);
    EXPECT_EQ(to_hex(frame), each["sealed_frame"]);
    ASSERT_TRUE(aead.open(frame_of(frame), nonce, key));
    EXPECT_EQ(to_hex(ByteView(frame).first(kFramePlain)),
              to_hex(ByteView(plain).first(kFramePlain)));
  }
}

TEST_P(FrameAeadTest, GivesWhatLibsodiumGives) {
  for (std::uint8_t i = 0; i < 200; ++i) {
    const Bytes plain = some_plaintext(i);
    const FrameAead::Nonce nonce = nonce_of(i);
    const FrameKey key = key_of(i);
    Bytes expected = plain;
    crypto_aead_chacha20poly1305_ietf_encrypt_detached(
        expected.data(), expected.data() + kFramePlain, nullptr, plain.data(), kFramePlain, nullptr,
        0, nullptr, nonce.data(), key.view().data());
    Bytes frame = plain;
    aead.seal(frame_of(frame), nonce, key);
    ASSERT_EQ(frame, expected) << int{i};
    ASSERT_TRUE(aead.open(frame_of(frame), nonce, key)) << int{i};
    ASSERT_TRUE(std::equal(plain.begin(), plain.begin() + kFramePlain, frame.begin())) << int{i};
  }
}

TEST_P(FrameAeadTest, ABitChangedAnywhereInCiphertextOrTagIsNoticed) {
  Bytes sealed = some_plaintext(3);
  aead.seal(frame_of(sealed), nonce_of(1), key_of(1));
  for (std::size_t bit = 0; bit < 8 * kFrameSealed; bit += bit < 8 * kFramePlain ? 37 : 1) {
    Bytes changed = sealed;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    ASSERT_FALSE(aead.open(frame_of(changed), nonce_of(1), key_of(1))) << bit;
  }
  EXPECT_TRUE(aead.open(frame_of(sealed), nonce_of(1), key_of(1))) << "and nothing else is";
}

TEST_P(FrameAeadTest, AnotherKeyOrAnotherNonceOpensNothing) {
  Bytes sealed = some_plaintext(3);
  aead.seal(frame_of(sealed), nonce_of(1), key_of(1));
  Bytes copy = sealed;
  EXPECT_FALSE(aead.open(frame_of(copy), nonce_of(2), key_of(1)));
  copy = sealed;
  EXPECT_FALSE(aead.open(frame_of(copy), nonce_of(1), key_of(2)));
}

TEST_P(FrameAeadTest, IsNoMatterOfThreads) {
  std::vector<std::thread> threads;
  std::vector<int> opened(4);
  for (std::size_t t = 0; t < opened.size(); ++t) {
    threads.emplace_back([this, &count = opened[t], from = static_cast<std::uint8_t>(50 * t)] {
      for (std::uint8_t i = 0; i < 50; ++i) {
        const auto own = static_cast<std::uint8_t>(from + i);
        Bytes frame = some_plaintext(own);
        aead.seal(frame_of(frame), nonce_of(own), key_of(own));
        count += aead.open(frame_of(frame), nonce_of(own), key_of(own)) ? 1 : 0;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(opened, std::vector<int>({50, 50, 50, 50}));
}

TEST(FrameAeads, TheOneInUseIsTheFirstAndHasAName) {
  ASSERT_FALSE(frame_aeads().empty());
  EXPECT_EQ(&frame_aead(), frame_aeads().front());
  for (const FrameAead* each : frame_aeads()) EXPECT_FALSE(each->name().empty());
}

}  // namespace
}  // namespace peerage::conn
