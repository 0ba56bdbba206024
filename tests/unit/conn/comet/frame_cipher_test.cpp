#include "conn/comet/frame_cipher.h"

#include <algorithm>
#include <limits>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/vectors.h"

namespace peerage::conn {
namespace {

using test::load_vectors;

constexpr std::uint64_t kLastButOne = std::numeric_limits<std::uint64_t>::max() - 1;

FrameKey test_key(std::uint8_t fill = 7) {
  ByteArray<32> bytes;
  bytes.fill(fill);
  return FrameKey(bytes);
}

// `text` laid into frames and sealed.
Bytes sealed(FrameSealer& sealer, ByteView text) {
  Bytes slots((text.size() / kFrameData + 1) * kFrameSealed, 0xee);
  FrameWriter writer(slots);
  writer.append(text);
  const MutableBytes frames = writer.finish();
  EXPECT_TRUE(sealer.seal(frames));
  return {frames.begin(), frames.end()};
}

std::uint64_t counter_of(const std::string& nonce_hex) {
  const Bytes nonce = *from_hex(nonce_hex);
  std::uint64_t counter = 0;
  for (std::size_t i = 0; i < 8; ++i) counter |= static_cast<std::uint64_t>(nonce[4 + i]) << 8 * i;
  return counter;
}

TEST(FrameCipher, SealsAndOpensEveryRecordedFrame) {
  const auto frames = load_vectors("secret_connection")["sealed_frames"];
  ASSERT_EQ(frames.size(), 6u);
  for (const auto& each : frames) {
    const Bytes chunk = test::bytes_of(each["chunk"]);
    SCOPED_TRACE(chunk.size());
    const std::uint64_t counter = counter_of(each["nonce"]);
    Bytes slot(kFrameSealed, 0xee);
    FrameWriter writer(slot);
    writer.append(chunk);
    MutableBytes frame = writer.finish();
    if (chunk.empty()) {
      // The writer never makes this frame; lay it by hand.
      std::fill(slot.begin(), slot.end(), std::uint8_t{0});
      frame = slot;
    }
    FrameSealer sealer(test::secret_of<32>(each["key"]), counter);
    ASSERT_TRUE(sealer.seal(frame));
    EXPECT_EQ(to_hex(frame), each["sealed_frame"]);

    FrameOpener opener(test::secret_of<32>(each["key"]), counter);
    const auto opened = opener.open(frame);
    ASSERT_TRUE(opened);
    EXPECT_EQ(Bytes(opened->begin(), opened->end()), chunk);
  }
}

TEST(FrameCipher, ANonceIsFourZeroBytesAndALittleEndianCounter) {
  FrameNonce nonce(0x0102030405060708);
  EXPECT_EQ(to_hex(*nonce.take()), "000000000807060504030201");
  EXPECT_EQ(to_hex(*nonce.take()), "000000000907060504030201");
}

TEST(FrameCipher, TheStreamIsCutIntoFullFramesAndAShorterLastOne) {
  Bytes slots(4 * kFrameSealed, 0xee);
  FrameWriter writer(slots);
  EXPECT_EQ(writer.room(), 4 * kFrameData);
  writer.append(Bytes(1000, 1));
  writer.append(Bytes(1500, 2));
  EXPECT_EQ(writer.room(), 4 * kFrameData - 2500);
  const MutableBytes frames = writer.finish();
  ASSERT_EQ(frames.size(), 3 * kFrameSealed);
  EXPECT_EQ(to_hex(frames.first(4)), "00040000");
  EXPECT_EQ(to_hex(frames.subspan(2 * kFrameSealed, 4)), "c4010000");  // 452
}

TEST(FrameCipher, FillerIsZeroWhenSent) {
  Bytes slots(kFrameSealed, 0xee);
  FrameWriter writer(slots);
  writer.append(Bytes{1, 2, 3});
  const MutableBytes frame = writer.finish();
  EXPECT_TRUE(std::all_of(frame.begin() + 7, frame.begin() + kFramePlain,
                          [](std::uint8_t byte) { return byte == 0; }));
}

TEST(FrameCipher, FillerIsIgnoredWhenReceived) {
  Bytes frame(kFrameSealed, 0xee);
  frame[0] = 2;
  frame[1] = frame[2] = frame[3] = 0;
  FrameSealer sealer(test_key());
  ASSERT_TRUE(sealer.seal(frame));
  FrameOpener opener(test_key());
  const auto opened = opener.open(frame);
  ASSERT_TRUE(opened);
  EXPECT_EQ(to_hex(*opened), "eeee");
}

TEST(FrameCipher, NothingToSendMakesNoFrame) {
  Bytes slots(kFrameSealed);
  FrameWriter writer(slots);
  writer.append({});
  EXPECT_TRUE(writer.finish().empty());
}

TEST(FrameCipher, AChangedByteAnywhereIsAForgery) {
  FrameSealer sealer(test_key());
  const Bytes frame = sealed(sealer, as_bytes("hello"));
  for (std::size_t i = 0; i < frame.size(); i += 13) {
    Bytes changed = frame;
    changed[i] ^= 0x10;
    FrameOpener opener(test_key());
    const auto opened = opener.open(changed);
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().reason, Reason::frame_forged);
  }
}

TEST(FrameCipher, FramesOutOfOrderOrRepeatedAreForgeries) {
  FrameSealer sealer(test_key());
  Bytes first = sealed(sealer, as_bytes("first"));
  Bytes second = sealed(sealer, as_bytes("second"));
  FrameOpener opener(test_key());
  EXPECT_FALSE(opener.open(second));
  FrameOpener fresh(test_key());
  Bytes again = first;
  EXPECT_TRUE(fresh.open(first));
  EXPECT_FALSE(fresh.open(again));
}

TEST(FrameCipher, ALengthOver1024IsRefusedAndExactly1024IsNot) {
  for (const auto& [length, accepted] : {std::pair{1024u, true}, {1025u, false}, {~0u, false}}) {
    Bytes frame(kFrameSealed);
    for (std::size_t i = 0; i < 4; ++i) frame[i] = static_cast<std::uint8_t>(length >> 8 * i);
    FrameSealer sealer(test_key());
    ASSERT_TRUE(sealer.seal(frame));
    FrameOpener opener(test_key());
    const auto opened = opener.open(frame);
    EXPECT_EQ(opened.has_value(), accepted) << length;
    if (!accepted) {
      EXPECT_EQ(opened.error().reason, Reason::frame_malformed);
    }
  }
}

TEST(FrameCipher, NoNonceIsEverUsedTwice) {
  FrameNonce nonce(kLastButOne);
  std::set<std::string> seen;
  while (const auto next = nonce.take()) {
    ASSERT_TRUE(seen.insert(to_hex(*next)).second);
    ASSERT_LE(seen.size(), 2u);
  }
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_FALSE(nonce.take());
}

TEST(FrameCipher, TheSessionEndsAfterTheLastNonceInBothDirections) {
  FrameSealer sealer(test_key(), kLastButOne);
  FrameOpener opener(test_key(), kLastButOne);
  for (int i = 0; i < 2; ++i) {
    Bytes frame = sealed(sealer, as_bytes("one of the last"));
    EXPECT_TRUE(opener.open(frame));
  }
  Bytes frame(kFrameSealed, 3);
  const auto third = sealer.seal(frame);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().reason, Reason::nonces_exhausted);
  EXPECT_EQ(frame, Bytes(kFrameSealed, 0)) << "plaintext that cannot be sealed must not be sent";
  Bytes incoming(kFrameSealed);
  const auto opened = opener.open(incoming);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, Reason::nonces_exhausted);
}

}  // namespace
}  // namespace peerage::conn
